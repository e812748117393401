export const LANGUAGES = ['id', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

/** Everything that the wallet's pages say. */
export interface Texts {
  readonly title: string
  readonly payTo: string
  readonly order: string
  readonly phoneLabel: string
  readonly phoneHint: string
  readonly pinLabel: string
  readonly pinHint: string
  readonly otpLabel: string
  readonly otpHint: string
  readonly balance: string
  readonly total: string
  readonly merchant: string
  readonly wallet: string
  readonly continue: string
  readonly pay: string
  readonly cancel: string
  readonly back: string
  readonly backSoon: (seconds: number) => string
  readonly closeWindow: string
  readonly wrongPhone: string
  readonly wrongPin: (left: number) => string
  readonly wrongOtp: string
  readonly results: Readonly<Record<ResultName, string>>
  readonly webhooks: string
  readonly noWebhooks: string
  readonly nextAttempt: string
  readonly underWay: string
  readonly strip: string
  readonly stripOutcomes: string
  readonly stripNumbers: string
  readonly otherLanguage: string
  readonly missing: string
  readonly fault: string
}

/** What a result page can say. */
export type ResultName =
  | 'paid' | 'processing' | 'declined' | 'cancelled' | 'lapsed' | 'wallet-down' | 'withdrawn' | 'waiting'
  | 'insufficient_funds' | 'account_blocked' | 'transaction_limit_exceeded' | 'pin_attempts_exceeded'

export const TEXTS: Readonly<Record<Language, Texts>> = {
  id: {
    title: 'Pembayaran',
    payTo: 'Bayar ke',
    order: 'Pesanan',
    phoneLabel: 'Nomor ponsel',
    phoneHint: 'Contoh: 081200000001 atau +6281200000001',
    pinLabel: 'PIN',
    pinHint: '6 angka; semua akun uji memakai 123456',
    otpLabel: 'Kode SMS',
    otpHint: '6 angka; kodenya 888888',
    balance: 'Saldo',
    total: 'Total',
    merchant: 'Penjual',
    wallet: 'Dompet',
    continue: 'Lanjut',
    pay: 'Bayar',
    cancel: 'Batalkan',
    back: 'Kembali ke penjual',
    backSoon: seconds => `Anda akan kembali ke penjual dalam ${seconds} detik.`,
    closeWindow: 'Anda boleh menutup halaman ini.',
    wrongPhone: 'Nomor ini bukan nomor ponsel Indonesia. Mulai dengan 08 atau +62.',
    wrongPin: left => `PIN salah. Sisa percobaan: ${left}.`,
    wrongOtp: 'Kode SMS salah. Coba lagi.',
    results: {
      paid: 'Pembayaran berhasil',
      processing: 'Pembayaran sedang diproses',
      declined: 'Pembayaran ditolak',
      cancelled: 'Pembayaran dibatalkan',
      lapsed: 'Waktu pembayaran habis',
      'wallet-down': 'Dompet sedang mengalami gangguan',
      withdrawn: 'Penjual membatalkan pembayaran ini',
      waiting: 'Tidak ada pembayaran yang menunggu',
      insufficient_funds: 'Saldo tidak cukup',
      account_blocked: 'Akun diblokir',
      transaction_limit_exceeded: 'Jumlah melebihi batas transaksi',
      pin_attempts_exceeded: 'PIN salah tiga kali'
    },
    webhooks: 'Webhook',
    noWebhooks: 'Belum ada alamat webhook yang terdaftar untuk pembayaran ini.',
    nextAttempt: 'percobaan berikutnya',
    underWay: 'Sedang dikirim; muat ulang halaman untuk melihat hasilnya.',
    strip: 'Sandbox: tidak ada uang yang berpindah',
    stripOutcomes: 'Pilih hasil pembayaran',
    stripNumbers: 'Nomor uji',
    otherLanguage: 'English',
    missing: 'Pembayaran tidak ditemukan',
    fault: 'Permintaan ini tidak dapat diproses'
  },
  en: {
    title: 'Payment',
    payTo: 'Pay to',
    order: 'Order',
    phoneLabel: 'Mobile number',
    phoneHint: 'For example 081200000001 or +6281200000001',
    pinLabel: 'PIN',
    pinHint: '6 digits; every test account has 123456',
    otpLabel: 'SMS code',
    otpHint: '6 digits; the code is 888888',
    balance: 'Balance',
    total: 'Total',
    merchant: 'Merchant',
    wallet: 'Wallet',
    continue: 'Continue',
    pay: 'Pay',
    cancel: 'Cancel',
    back: 'Back to merchant',
    backSoon: seconds => `You will be taken back to the merchant in ${seconds} seconds.`,
    closeWindow: 'You may close this page.',
    wrongPhone: 'This is not an Indonesian mobile number. It starts with 08 or +62.',
    wrongPin: left => `Wrong PIN. Attempts left: ${left}.`,
    wrongOtp: 'Wrong SMS code. Try again.',
    results: {
      paid: 'Payment successful',
      processing: 'Payment is being processed',
      declined: 'Payment declined',
      cancelled: 'Payment cancelled',
      lapsed: 'The time to pay is over',
      'wallet-down': 'The wallet is out of order',
      withdrawn: 'The merchant cancelled this payment',
      waiting: 'No payment is waiting here',
      insufficient_funds: 'The balance is too low',
      account_blocked: 'The account is blocked',
      transaction_limit_exceeded: 'The amount is above the limit',
      pin_attempts_exceeded: 'Wrong PIN three times'
    },
    webhooks: 'Webhooks',
    noWebhooks: 'No webhook endpoint was registered for this payment.',
    nextAttempt: 'next attempt',
    underWay: 'On its way; reload the page to see the answer.',
    strip: 'Sandbox: no money moves',
    stripOutcomes: 'Choose how the payment ends',
    stripNumbers: 'Test numbers',
    otherLanguage: 'Bahasa Indonesia',
    missing: 'No such payment',
    fault: 'This cannot be done'
  }
}

/**
 * The language that a person wants: the one asked for, else the browser's first that there is, else English.
 * @example languageOf(undefined, 'id-ID,id;q=0.9,en;q=0.8') // 'id'
 */
export function languageOf (asked: unknown, acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').split(',').map(part => {
    const [tag = '', quality] = part.trim().split(/;\s*q=/)
    return { tag: tag.toLowerCase().split('-', 1)[0], quality: quality === undefined ? 1 : Number(quality) }
  // A quality of 0 says that the language is not wanted.
  }).filter(({ quality }) => quality > 0).toSorted((a, b) => b.quality - a.quality).map(({ tag }) => tag)
  return [asked, ...wanted].map(tag => LANGUAGES.find(language => language === tag)).find(language => language !== undefined) ?? 'en'
}
