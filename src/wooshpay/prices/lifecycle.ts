import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import type { IdPrefix } from '../../core/ids.ts'
import { put, type Operation } from '../../store/commit.ts'
import { create as createProduct } from '../products/lifecycle.ts'
import { productDefinition, type Product } from '../products/schema.ts'
import { found, inSchemaOrder, mergeMetadata, toAmount, toCurrency, toFlag, toMetadata } from '../wire.ts'
import { Price, priceDefinition, type PriceParameters, type PriceRecord, type UpdateParameters } from './schema.ts'

export interface Surroundings {
  /** Epoch milliseconds. */
  readonly now: number
  readonly newId: (prefix: IdPrefix) => string
  readonly product: (id: string) => Product | undefined
}

/** A price with its product; `isNewProduct` when that was made with it. */
export interface PriceDecision {
  readonly record: PriceRecord
  readonly product: Product
  readonly isNewProduct: boolean
}

/**
 * `POST /v1/prices`, and an inline price of a session.
 * @param at what a parameter is called in the caller's request, such as `line_items[0][price_data][currency]`
 */
export function create (parameters: PriceParameters, around: Surroundings, at: (name: string) => string): PriceDecision {
  const { product: productId, product_data: productData, recurring, active = true } = parameters
  if (parameters.billing_scheme === 'tiered') {
    throw errors.parameter_invalid(at('billing_scheme'), 'tiered', 'is not possible here; the sandbox has per_unit only')
  }
  if (productId !== undefined && productData !== undefined) {
    throw errors.parameter_invalid(at('product'), productId, `cannot be combined with ${at('product_data')}`)
  }
  const currency = toCurrency(parameters.currency, at('currency'))
  const unitAmount = toAmount(parameters.unit_amount, at('unit_amount'), 0)
  const id = around.newId('price')
  const product = productId === undefined
    ? newProduct(productData, around, at)
    : found(around.product(productId), 'product', productId, at('product'))
  const { product: _product, ...price } = inSchemaOrder(Price, {
    id,
    object: 'price',
    created: toWireTime(around.now),
    livemode: false,
    active: toFlag(active),
    currency,
    metadata: toMetadata(parameters.metadata),
    nickname: parameters.nickname,
    product,
    type: recurring === undefined ? 'one_time' : 'recurring',
    recurring,
    unit_amount: unitAmount,
    billing_scheme: 'per_unit',
    lookup_key: parameters.lookup_key
  })
  return { record: { id, price, product: product.id }, product, isNewProduct: productId === undefined }
}

function newProduct (data: PriceParameters['product_data'], { newId, now }: Surroundings, at: (name: string) => string): Product {
  if (data === undefined) throw errors.parameter_missing(at('product_data'), `Or name a product by its id in ${at('product')}.`)
  return createProduct(data, newId('prod'), now)
}

/** What a decision puts into the store. */
export function operationsOf ({ record, product, isNewProduct }: PriceDecision): Operation[] {
  return isNewProduct ? [put(priceDefinition, record), put(productDefinition, product)] : [put(priceDefinition, record)]
}

/** Changes what is given and leaves the rest; what a price costs never changes. */
export function update (record: PriceRecord, { active = record.price.active, metadata, ...parameters }: UpdateParameters): PriceRecord {
  const { price } = record
  return {
    ...record,
    price: {
      ...price, ...parameters, active: toFlag(active), ...(metadata && { metadata: mergeMetadata(price.metadata, metadata) ?? {} })
    }
  }
}

/** A price as it is answered, with its product inside. */
export function withProduct ({ price }: PriceRecord, product: Product): Price {
  return inSchemaOrder(Price, { ...price, product })
}
