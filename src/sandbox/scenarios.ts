import { readdirSync, readFileSync } from 'node:fs'
import Type, { type Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import { unescaped } from '../core/addresses.ts'
import { errors } from '../core/errors.ts'
import { packageFile } from '../core/package-files.ts'
import type { Api } from '../http/api.ts'
import { messageIn, type CallItself } from '../http/own-calls.ts'
import { isObject } from '../http/validation.ts'
import { answers } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { NameParams } from './names.ts'
import { STREAM_PATH } from './stream.ts'

const FOLDER = packageFile('fixtures/scenarios/')

/** A scenario answers when it has been played. */
const MOST_CALLS = 10_000
/** Real time for the webhooks of a call. */
const PATIENCE_MS = 1000

const Call = {
  call: Type.String({ description: 'Method and path, `/v1` or `/_sandbox`.', pattern: '^(GET|POST|DELETE) /(v1|_sandbox)/', examples: ['POST /v1/payment_intents'] }),
  body: Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  as: Type.Optional(Type.String({ pattern: '^(?!n$)[a-z_]+$', description: 'What later steps call the answer: `{payment.id}`, `{n}` for the round.' }))
}
const Step = Type.Object({
  ...Call,
  call: Type.Optional(Call.call),
  times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'How many rounds of `steps`.' })),
  steps: Type.Optional(Type.Array(Type.Object(Call), { minItems: 1, maxItems: 100 }))
})
const Scenario = Type.Object({
  description: Type.Optional(Type.String()),
  steps: Type.Array(Step, { minItems: 1, maxItems: 1000 })
})
type Scenario = Static<typeof Scenario>
type Step = Static<typeof Step>

const BodyScenario = Type.Partial(Scenario)

const Played = Type.Object({
  scenario: Type.String(),
  calls: Type.Integer({ description: 'How many calls were made.' }),
  results: Type.Record(Type.String(), Type.Unsafe<unknown>({}), { description: 'The last answers by their names.' })
})

export interface ScenarioOptions {
  readonly concern: Concern
  readonly callItself: CallItself
}

/** Plays calls that are kept as data, through the same doors as any client's. */
export function scenarioRoutes (api: Api, { concern, callItself }: ScenarioOptions): void {
  api.post('/scenarios/:name', {
    schema: {
      operationId: 'playScenario', summary: 'Play a scenario that ships with the sandbox, or the one in the body', tags: ['Scenarios'], params: NameParams, body: BodyScenario, response: answers(Played)
    }
  }, async request => {
    const { params: { name }, body } = request
    // Its calls of the API need the key itself, which no header can stand for.
    if (concern.one(request) === undefined || request.headers.authorization === undefined) throw errors.api_key_missing()
    const { steps } = body.steps === undefined ? scenarioNamed(name) : { steps: body.steps }
    steps.forEach(checkStep)
    const results: Record<string, unknown> = {}
    const calls = steps.reduce((sum, { times = 1, steps: inner = [undefined] }) => sum + times * inner.length, 0)
    if (calls > MOST_CALLS) throw errors.parameter_invalid('steps', calls, `are too many calls; the most is ${MOST_CALLS}`)
    for (const step of steps) {
      for (let round = 1; round <= (step.times ?? 1); round++) {
        for (const { call, body: sent, as } of step.steps ?? [step]) {
          const answer = await play(request, fill(call, { ...results, n: round }), fill(sent, { ...results, n: round }))
          await settle(request)
          if (as !== undefined) results[as] = answer
        }
      }
    }
    return { scenario: name, calls, results }
  })

  /** Lets a call's webhooks arrive before the next call, so that they come in the same order in every run; a receiver that is slow is left behind. */
  async function settle (request: FastifyRequest): Promise<void> {
    await send(request, 'POST', '/_sandbox/settle', { timeout_ms: PATIENCE_MS })
  }

  async function send ({ headers }: FastifyRequest, method: string, url: string, body: unknown) {
    const { authorization = '', host = '', 'x-sandbox-token': token = '' } = headers
    return await callItself({ method, url, headers: { authorization, host, 'x-sandbox-token': String(token) }, body })
  }

  /** @throws ApiError with the refusal of a step */
  async function play (request: FastifyRequest, call: unknown, body: unknown): Promise<unknown> {
    const text = String(call)
    const [method, url] = [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)]
    if (unescaped(new URL(url, 'http://sandbox').pathname) === STREAM_PATH) throw errors.scenario_failed(text, 'has an answer that never ends.')
    const answer = await send(request, method, url, body).catch((error: Error) => { throw errors.scenario_failed(String(call), `got no answer: ${error.message}`) })
    if (answer.status !== 200) throw errors.scenario_failed(String(call), `was refused: ${messageIn(answer.text)}`)
    return answer.type.includes('json') ? JSON.parse(answer.text) : answer.text
  }
}

/** @throws ApiError unless a step is one call, or rounds of several */
function checkStep (step: Step, index: number): void {
  if ((step.call === undefined) === (step.steps === undefined)) throw errors.parameter_invalid(`steps[${index}]`, step, 'needs either call or steps')
}

/** @throws ApiError that lists the scenarios that there are */
function scenarioNamed (name: string): Scenario {
  const names = readdirSync(FOLDER).filter(file => file.endsWith('.json')).map(file => file.slice(0, -'.json'.length)).toSorted()
  if (!names.includes(name)) throw errors.parameter_invalid('name', name, `is not one of: ${names.join(', ')}`)
  return JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as Scenario
}

/** Puts earlier answers into the places that name them; a text that is nothing but a name becomes what it names. */
function fill (value: unknown, known: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map(item => fill(item, known))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, known)]))
  if (typeof value !== 'string') return value
  const whole = /^\{([a-z_]+(?:\.\w+)*)\}$/.exec(value)?.[1]
  if (whole !== undefined) return named(whole, known)
  return value.replace(/\{([a-z_]+(?:\.\w+)*)\}/g, (_, path: string) => String(named(path, known)))
}

function named (path: string, known: Readonly<Record<string, unknown>>): unknown {
  const found = path.split('.').reduce<unknown>((value, name) => typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined, known)
  if (found === undefined) throw errors.parameter_invalid('steps', `{${path}}`, `names nothing; known are ${Object.keys(known).join(', ')}`)
  return found
}
