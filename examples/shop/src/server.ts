import { createShop } from './shop.ts'

const { WOOSHPAY_BASE_URL, WOOSHPAY_SECRET_KEY, WOOSHPAY_WEBHOOK_SECRET, PORT = '3000' } = process.env
if (!WOOSHPAY_BASE_URL || !WOOSHPAY_SECRET_KEY || !WOOSHPAY_WEBHOOK_SECRET) {
  console.error('Set WOOSHPAY_BASE_URL, WOOSHPAY_SECRET_KEY and WOOSHPAY_WEBHOOK_SECRET.')
  process.exit(2)
}

createShop({
  baseUrl: WOOSHPAY_BASE_URL,
  secretKey: WOOSHPAY_SECRET_KEY,
  webhookSecret: WOOSHPAY_WEBHOOK_SECRET,
  fulfil: order => { console.log(`Order ${order} is paid; the apple goes out.`) }
}).listen(Number(PORT), () => { console.log(`The shop is open at http://127.0.0.1:${PORT}`) })
