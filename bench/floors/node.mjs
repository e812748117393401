import { createServer } from 'node:http'

// The least that a start can cost.
createServer((_request, response) => { response.setHeader('content-type', 'application/json').end('{}') }).listen(Number(process.argv[2]), '127.0.0.1')
