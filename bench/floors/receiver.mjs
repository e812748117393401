import { createServer } from 'node:http'

// Takes webhooks, and tells its parent how many it has taken.
let taken = 0
createServer((request, response) => {
  request.resume().on('end', () => {
    taken++
    response.end('ok')
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
process.on('message', () => { process.send(taken) })
