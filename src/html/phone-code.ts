import { isLoopback } from '../core/addresses.ts'
import { html, trusted, type Html } from './html.ts'
import type { Language } from './language.ts'

const TEXTS = {
  id: {
    title: 'Buka di ponsel',
    onlyHere: 'Alamat ini hanya berlaku di komputer ini. Jalankan dengan HOST=0.0.0.0 dan buka lewat alamat jaringan komputer ini.'
  },
  en: {
    title: 'Open on a phone',
    onlyHere: 'This address leads to this computer only. Start with HOST=0.0.0.0 and open the page by this computer\'s network address.'
  }
} as const satisfies Readonly<Record<Language, unknown>>

/**
 * A code for a phone's camera that opens an address there; shown on wide screens only. Its library is loaded when the
 * first is drawn.
 */
export async function phoneCode (address: string, language: Language): Promise<Html> {
  const { default: encode } = await import('qr')
  const texts = TEXTS[language]
  return html`
<div class="phone-code" data-testid="qr">
<h2>${texts.title}</h2>
${trusted(encode(address, 'svg', { ecc: 'low', border: 1 }))}
${isLoopback(new URL(address).hostname) && html`<p>${texts.onlyHere}</p>`}
</div>`
}
