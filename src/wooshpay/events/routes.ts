import { errors } from '../../core/errors.ts'
import type { Api } from '../../http/api.ts'
import { eventDefinition } from '../../store/events.ts'
import type { Database } from '../../store/database.ts'
import { answers, IdParams, isCreatedIn, listAnswer, pageRequest, ref } from '../wire.ts'
import { Event, EventList, ListParameters } from './schema.ts'

const tags = ['Events']

/** Events are made by `commit`; here they are only read. */
export function eventRoutes (api: Api, database: Database): void {
  const events = database.collection(eventDefinition)
  api.addSchema(Event)

  api.get('/events', {
    schema: { operationId: 'listEvents', summary: 'List events', tags, querystring: ListParameters, response: answers(EventList) }
  }, async ({ caller: { account }, query }) => {
    const page = pageRequest(query, 'event', id => events.get(account.id, id) !== undefined)
    const key = query.type === undefined ? undefined : `type:${query.type}`
    return listAnswer('/v1/events', events.page(account.id, page, key, event => isCreatedIn(event.created, query)))
  })

  api.get('/events/:id', {
    schema: { operationId: 'retrieveEvent', summary: 'Retrieve an event', tags, params: IdParams, response: answers(ref(Event)) }
  }, async ({ caller: { account }, params }) => {
    const event = events.get(account.id, params.id)
    if (event === undefined) throw errors.resource_missing('event', params.id, 'id')
    return event
  })
}
