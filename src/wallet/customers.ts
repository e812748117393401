import { readFileSync } from 'node:fs'
import { packageFile } from '../core/package-files.ts'
import type { PhoneNumbers } from '../wooshpay/payment-methods/rules.ts'
import type { OutcomeName } from './outcomes.ts'

/** A test customer, known by the end of the phone number. */
export interface WalletCustomer {
  readonly ends_with: string
  readonly name: string
  /** What the wallet holds at first; smallest units. */
  readonly balance: number
  readonly outcome: OutcomeName
}

export const PIN = '123456'
export const SMS_CODE = '888888'
export const PIN_ATTEMPTS = 3

export const testCustomers = JSON.parse(readFileSync(packageFile('fixtures/wallets.json'), 'utf8')) as readonly WalletCustomer[]

/**
 * A mobile number in its international form, or undefined when it is none of this wallet's.
 * @example normalizePhone('0812-0000-0001', dana.phone) // '+6281200000001'
 */
export function normalizePhone (text: string, { country_code: code, mobile }: PhoneNumbers): string | undefined {
  const match = new RegExp(`^(?:\\+?${code}|0)(${mobile})$`).exec(text.replace(/[\s().-]/g, ''))
  return match === null ? undefined : `+${code}${match[1]}`
}

/** The number of a test customer at a wallet, as it is typed in. */
export function testNumber ({ ends_with: end }: WalletCustomer, { test_numbers: start }: PhoneNumbers): string {
  return `${start}${end}`
}

/** Who has a number; any that is in no table is a customer who pays. */
export function customerOf (phone: string): WalletCustomer {
  const known = testCustomers.find(customer => phone.endsWith(customer.ends_with))
  const usual = testCustomers.find(customer => customer.outcome === 'pay') as WalletCustomer
  return known ?? usual
}
