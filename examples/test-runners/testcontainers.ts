/*
 * A sandbox in a container, for tests that shall not share a process with it. Build the image first, at the root of the
 * repository: docker build -t wooshpay-sandbox .
 */
import { GenericContainer, TestContainers, Wait } from 'testcontainers'
import { connectSandbox } from 'wooshpay-sandbox'

const PORT = 6262

/** Starts it. Its webhooks go to a port of this machine, on which the shop listens already. */
export async function startContainer (shopPort: number) {
  const secretKey = 'sk_test_sandbox'
  const webhookSecret = 'whsec_testcontainers'
  await TestContainers.exposeHostPorts(shopPort)
  const container = await new GenericContainer('wooshpay-sandbox')
    .withExposedPorts(PORT)
    .withEnvironment({
      DATA_FILE: ':memory:',
      WEBHOOK_URL: `http://host.testcontainers.internal:${shopPort}/webhooks`,
      WEBHOOK_SECRET: webhookSecret
    })
    .withWaitStrategy(Wait.forHttp('/_sandbox/health', PORT))
    .start()
  const url = `http://${container.getHost()}:${container.getMappedPort(PORT)}`
  return { ...connectSandbox({ url, secretKey }), url, secretKey, webhookSecret, stop: async () => { await container.stop() } }
}
