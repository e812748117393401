/**
 * What a client would read of a value: JSON there and back, without the keys that are undefined.
 * @example asJson({ id: 'pi_1', customer: undefined }) // { id: 'pi_1' }
 */
export function asJson<T> (value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
