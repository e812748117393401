import { html, type Html } from './html.ts'

/** A time of a sandbox clock, in epoch milliseconds; the script shows it in the browser's zone. */
export function time (ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`
}
