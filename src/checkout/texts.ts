import type { Language } from '../html/language.ts'

/** Everything that the hosted checkout page says. */
export interface Texts {
  readonly title: string
  readonly payTo: string
  readonly total: string
  readonly chooseMethod: string
  readonly pay: string
  readonly cancel: string
  readonly back: string
  readonly lastAttempt: string
  readonly results: Readonly<Record<'complete' | 'processing' | 'expired', string>>
}

export const TEXTS: Readonly<Record<Language, Texts>> = {
  id: {
    title: 'Pembayaran',
    payTo: 'Bayar ke',
    total: 'Total',
    chooseMethod: 'Pilih metode pembayaran',
    pay: 'Bayar',
    cancel: 'Batalkan dan kembali ke penjual',
    back: 'Kembali ke penjual',
    lastAttempt: 'Pembayaran terakhir tidak berhasil. Anda boleh mencoba lagi.',
    results: {
      complete: 'Pembayaran berhasil',
      processing: 'Pembayaran sedang diproses',
      expired: 'Waktu pembayaran habis'
    }
  },
  en: {
    title: 'Checkout',
    payTo: 'Pay to',
    total: 'Total',
    chooseMethod: 'Choose how to pay',
    pay: 'Pay',
    cancel: 'Cancel and return to the merchant',
    back: 'Back to merchant',
    lastAttempt: 'The last payment did not succeed. You may try again.',
    results: {
      complete: 'Payment successful',
      processing: 'Payment is being processed',
      expired: 'This checkout has expired'
    }
  }
}
