import type { Description } from '../http/openapi.ts'

export const sandboxDescription: Description = {
  decorator: 'sandboxSwagger',
  prefix: '/_sandbox',
  title: 'The sandbox\'s own API',
  description: 'What a test may do and a customer can\'t: play the customer, move time, wait, look and reset. ' +
    'A call with a secret key concerns that account, one without concerns all of them, or the one whose id stands in the header Sandbox-Account. Not part of WooshPay.',
  securitySchemes: {
    api_key: { type: 'http', scheme: 'basic', description: 'The secret key of the account that a call concerns, as user name.' },
    sandbox_token: { type: 'apiKey', in: 'header', name: 'X-Sandbox-Token', description: 'Where the sandbox was started with a SANDBOX_TOKEN.' }
  },
  security: [{}, { api_key: [] }, { sandbox_token: [] }, { api_key: [], sandbox_token: [] }]
}
