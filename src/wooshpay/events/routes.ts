import type { Api } from '../../http/api.ts'
import { eventDefinition } from '../../store/events.ts'
import type { Database } from '../../store/database.ts'
import { listOf } from '../lists.ts'
import { answers, found, IdParams, ref } from '../wire.ts'
import { Event, EventList, ListParameters } from './schema.ts'

const tags = ['Events']

/** Events are made by `commit`; here they are only read. */
export function eventRoutes (api: Api, database: Database): void {
  const events = database.collection(eventDefinition)
  api.addSchema(Event)

  api.get('/events', {
    schema: { operationId: 'listEvents', summary: 'List events', tags, querystring: ListParameters, response: answers(EventList) }
  }, async ({ caller, query }) => listOf(events, caller.account, query, {
    url: '/v1/events', what: 'event', key: query.type === undefined ? undefined : `type:${query.type}`, show: event => event
  }))

  api.get('/events/:id', {
    schema: { operationId: 'retrieveEvent', summary: 'Retrieve an event', tags, params: IdParams, response: answers(ref(Event)) }
  }, async ({ caller, params }) => found(events.get(caller.account.id, params.id), 'event', params.id))
}
