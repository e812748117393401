import { browserAddress, withParameters, withSessionId } from '../core/addresses.ts'
import type { Language } from '../html/language.ts'
import type { Account } from '../store/accounts.ts'
import type { PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'

/** The usual words of this family of APIs; every other status means that the customer did not pay. */
const REDIRECT_STATUSES: Readonly<Partial<Record<PaymentIntentRecord['intent']['status'], string>>> = {
  succeeded: 'succeeded', requires_capture: 'succeeded', processing: 'pending'
}

/**
 * Where the browser goes after the visit: to the shop, or to the checkout page where the customer may try again.
 * @param language what the wallet's page was asked for, for that of the checkout
 */
export function wayBack (account: Account, record: PaymentIntentRecord, language?: Language): string | undefined {
  const { intent, checkout } = record
  if (checkout !== undefined && REDIRECT_STATUSES[intent.status] === undefined) {
    return language === undefined ? checkout.url : withParameters(checkout.url, { lang: language })
  }
  return intent.return_url === undefined ? undefined : shopAddress(account, record, intent.return_url)
}

/** An address of the merchant as the browser is sent to it, with what the account wants to be added. */
export function shopAddress ({ switches }: Account, { intent, checkout }: PaymentIntentRecord, address: string): string {
  const complete = browserAddress(checkout === undefined ? address : withSessionId(address, checkout.session))
  if (!switches.RETURN_PARAMETERS) return complete
  return withParameters(complete, {
    payment_intent: intent.id,
    payment_intent_client_secret: intent.client_secret,
    redirect_status: REDIRECT_STATUSES[intent.status] ?? 'failed'
  })
}
