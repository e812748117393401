import Type from 'typebox'
import { errors } from '../../core/errors.ts'
import { preferredType } from '../../core/preferences.ts'
import { sendPage } from '../../html/assets.ts'
import type { Api } from '../../http/api.ts'
import { answers } from '../../wooshpay/wire.ts'
import type { Concern } from '../concern.ts'
import { GROUPS, type Point } from './points.ts'
import { coveragePage, junit, table, type Report } from './report.ts'
import type { Coverage } from './service.ts'

const FORMATS = ['json', 'html', 'junit', 'text'] as const
type Format = (typeof FORMATS)[number]
/** The first is for whoever takes anything. */
const MEDIA_TYPES = {
  'application/json': 'json', 'text/html': 'html', 'application/xml': 'junit', 'text/xml': 'junit', 'text/plain': 'text'
} as const satisfies Readonly<Record<string, Format>>

const CoverageParameters = Type.Object({
  format: Type.Optional(Type.Enum([...FORMATS], { description: 'As `Accept` says when left out: text/html, application/xml, text/plain, else JSON.' })),
  require: Type.Optional(Type.String({
    description: 'What has to be reached, or the answer is 412: a share in percent, or groups and situations with commas between.', examples: ['80', 'outcomes,events/charge.refund.updated']
  }))
})

/** Its other formats are text. */
const ReportAnswer = Type.Unsafe<unknown>(Type.Object({
  reached: Type.Integer(),
  total: Type.Integer(),
  percent: Type.Integer(),
  groups: Type.Array(Type.Object({ name: Type.Enum([...GROUPS]), reached: Type.Array(Type.String()), missing: Type.Array(Type.String()) }))
}))

export interface CoverageRoutesOptions {
  readonly coverage: Coverage
  readonly concern: Concern
}

/** What the merchant's tests have reached, out of all that can be reached; without a key, by any account. */
export function coverageRoutes (api: Api, { coverage, concern }: CoverageRoutesOptions): void {
  api.get('/coverage', {
    schema: { operationId: 'retrieveCoverage', summary: 'Tell which situations the tests have reached', tags: ['Coverage'], querystring: CoverageParameters, response: answers(ReportAnswer) }
  }, async (request, reply) => {
    const accounts = concern.all(request)
    const report = coverage.report(accounts)
    if (request.query.require !== undefined) checkRequired(request.query.require, report, coverage.points(accounts), new Set(accounts.flatMap(account => [...coverage.reached(account)])))
    switch (request.query.format ?? formatOf(request.headers.accept)) {
      case 'html': return sendPage(reply, coveragePage(report))
      case 'junit': return reply.type('application/xml; charset=utf-8').send(junit(report))
      case 'text': return reply.type('text/plain; charset=utf-8').send(table(report))
      case 'json': return report
    }
  })
}

/** @throws ApiError that lists what is missing, or what could be required */
function checkRequired (text: string, { percent }: Report, points: readonly Point[], reached: ReadonlySet<Point>): void {
  if (/^\d+$/.test(text) && Number(text) <= 100) {
    if (percent < Number(text)) throw errors.coverage_missing(`${percent} % were reached, ${text} % are required`)
    return
  }
  const wanted = text.split(',').flatMap(part => {
    const name = part.trim()
    const named = points.filter(point => point === name || (point.startsWith(`${name}/`) && GROUPS.some(group => group === name)))
    if (named.length === 0) {
      throw errors.parameter_invalid('require', name, `is neither a share from 0 to 100 in percent, nor a group (${GROUPS.join(', ')}), nor a situation such as ${points[0] ?? 'outcomes/pay'}`)
    }
    return named
  })
  const missing = wanted.filter(point => !reached.has(point))
  if (missing.length > 0) throw errors.coverage_missing(`not reached: ${missing.join(', ')}`)
}

function formatOf (accept: string | undefined): Format {
  return MEDIA_TYPES[preferredType(accept, Object.keys(MEDIA_TYPES) as Array<keyof typeof MEDIA_TYPES>) ?? 'application/json']
}
