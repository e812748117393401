/** The route of the wallets' pages: WooshPay's own pages in test mode have addresses of this form. */
export const WALLET_ROUTE = '/v1/receives/:method/pay/:id'

/** @example walletPath('dana', 'pi_1646356544343769088') // '/v1/receives/dana/pay/pi_1646356544343769088' */
export function walletPath (method: string, intent: string): string {
  return WALLET_ROUTE.replace(':method', encodeURIComponent(method)).replace(':id', encodeURIComponent(intent))
}
