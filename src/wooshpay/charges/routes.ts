import type { Api } from '../../http/api.ts'
import type { Database } from '../../store/database.ts'
import { listOf } from '../lists.ts'
import { answers, found, IdParams, ref } from '../wire.ts'
import { Charge, chargeDefinition, ChargeList, ListParameters } from './schema.ts'

const tags = ['Charges']

/** Charges follow from payments and refunds; here they are only read. */
export function chargeRoutes (api: Api, database: Database): void {
  const charges = database.collection(chargeDefinition)
  api.addSchema(Charge)

  api.get('/charges', {
    schema: { operationId: 'listCharges', summary: 'List charges', tags, querystring: ListParameters, response: answers(ChargeList) }
  }, async ({ caller, query }) => {
    const { payment_intent: intent, customer } = query
    return listOf(charges, caller.account, query, {
      url: '/v1/charges',
      what: 'charge',
      key: intent !== undefined ? `payment_intent:${intent}` : customer !== undefined ? `customer:${customer}` : undefined,
      matches: charge => customer === undefined || charge.customer === customer,
      show: charge => charge
    })
  })

  api.get('/charges/:id', {
    schema: { operationId: 'retrieveCharge', summary: 'Retrieve a charge', tags, params: IdParams, response: answers(ref(Charge)) }
  }, async ({ caller, params }) => found(charges.get(caller.account.id, params.id), 'charge', params.id))
}
