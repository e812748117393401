import type { Language } from '../html/language.ts'

/** Everything that the wallet's pages say. */
export interface Texts {
  readonly title: string
  readonly payTo: string
  readonly order: string
  readonly phoneLabel: string
  readonly phoneHint: (national: string, international: string) => string
  readonly pinLabel: string
  readonly pinHint: string
  readonly otpLabel: string
  readonly otpHint: string
  readonly summary: string
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
  readonly wrongPhone: (wallet: string) => string
  readonly wrongPin: (left: number) => string
  readonly wrongOtp: string
  readonly results: Readonly<Record<ResultName, string>>
  readonly webhooks: string
  readonly noWebhooks: string
  readonly nextAttempt: string
  readonly underWay: string
  readonly stripOutcomes: string
  readonly stripNumbers: string
  readonly timeLeft: string
  readonly keypad: string
  readonly erase: string
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
    phoneHint: (national, international) => `Contoh: ${national} atau ${international}`,
    pinLabel: 'PIN',
    pinHint: '6 angka; semua akun uji memakai 123456',
    otpLabel: 'Kode SMS',
    otpHint: '6 angka; kodenya 888888',
    summary: 'Periksa dan bayar',
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
    wrongPhone: wallet => `Ini bukan nomor ponsel untuk ${wallet}.`,
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
    underWay: 'Sedang dikirim.',
    stripOutcomes: 'Pilih hasil pembayaran',
    stripNumbers: 'Nomor uji',
    timeLeft: 'Sisa waktu untuk membayar',
    keypad: 'Papan angka',
    erase: 'Hapus'
  },
  en: {
    title: 'Payment',
    payTo: 'Pay to',
    order: 'Order',
    phoneLabel: 'Mobile number',
    phoneHint: (national, international) => `For example ${national} or ${international}`,
    pinLabel: 'PIN',
    pinHint: '6 digits; every test account has 123456',
    otpLabel: 'SMS code',
    otpHint: '6 digits; the code is 888888',
    summary: 'Check and pay',
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
    wrongPhone: wallet => `This is not a mobile number for ${wallet}.`,
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
    underWay: 'On its way.',
    stripOutcomes: 'Choose how the payment ends',
    stripNumbers: 'Test numbers',
    timeLeft: 'Time left to pay',
    keypad: 'Keypad',
    erase: 'Erase'
  }
}
