import type { Description } from '../http/openapi.ts'

export const wooshpayDescription: Description = {
  decorator: 'swagger',
  prefix: '/v1/',
  title: 'WooshPay API, as the sandbox imitates it',
  description: 'The part of the WooshPay API that wooshpay-sandbox reproduces. This document describes the sandbox; it is not by WooshPay.',
  securitySchemes: {
    api_key: { type: 'http', scheme: 'basic', description: 'The API key as user name, an empty password.' }
  },
  security: [{ api_key: [] }]
}
