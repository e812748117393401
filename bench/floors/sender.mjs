import { Agent, request } from 'undici'

// A plain loop: posts one body so many times to a receiver, and says how many milliseconds that took.
const [url, count, connections, body] = process.argv.slice(2)
const dispatcher = new Agent({ connections: Number(connections) })
const headers = { 'content-type': 'application/json' }
let left = Number(count)
const begin = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, async () => {
  while (left-- > 0) {
    const { statusCode, body: answer } = await request(url, { method: 'POST', headers, body, dispatcher })
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
    await answer.text()
  }
}))
process.stdout.write(String(performance.now() - begin))
await dispatcher.close()
