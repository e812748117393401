import Fastify from 'fastify'

// What a start of Fastify costs.
const app = Fastify()
app.get('/', async () => ({}))
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
