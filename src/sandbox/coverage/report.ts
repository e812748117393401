import { html, type Html } from '../../html/html.ts'
import { page } from '../../html/page.ts'
import { GROUPS, type Group, type Point } from './points.ts'

/** What was reached, out of all that can be. */
export interface Report {
  readonly reached: number
  readonly total: number
  /** 0 to 100, rounded down. */
  readonly percent: number
  readonly groups: ReadonlyArray<{ readonly name: Group, readonly reached: readonly string[], readonly missing: readonly string[] }>
}

/**
 * @param points all that can be reached
 * @example reportOf(['outcomes/pay', 'outcomes/otp'], new Set(['outcomes/pay'])).percent // 50
 */
export function reportOf (points: readonly Point[], reached: ReadonlySet<Point>): Report {
  const count = points.filter(point => reached.has(point)).length
  return {
    reached: count,
    total: points.length,
    percent: points.length === 0 ? 100 : Math.floor(count / points.length * 100),
    groups: GROUPS.map(name => {
      const own = points.filter(point => point.startsWith(`${name}/`))
      const named = (isReached: boolean): string[] => own.filter(point => reached.has(point) === isReached).map(point => point.slice(name.length + 1))
      return { name, reached: named(true), missing: named(false) }
    })
  }
}

/** The page of a report. */
export function coveragePage ({ reached, total, percent, groups }: Report): Html {
  return page({
    kind: 'dashboard',
    language: 'en',
    title: 'Payment coverage',
    body: html`
<main>
<h1>Payment coverage</h1>
<p class="amount" data-testid="percent">${percent} %</p>
<p class="quiet">${reached} of ${total} situations</p>
${groups.map(({ name, reached, missing }) => html`
<div class="card" data-testid="group-${name}">
<h2>${name} <span class="quiet">${reached.length} of ${reached.length + missing.length}</span></h2>
<ul>${missing.map(point => html`<li class="bad">${point}: not reached</li>`)}${reached.map(point => html`<li class="good">${point}</li>`)}</ul>
</div>`)}
</main>`
  })
}

/** A test suite for each group and a test for each situation, as CI servers show them. */
export function junit ({ reached, total, groups }: Report): string {
  const suites = groups.map(({ name, reached, missing }) => `<testsuite name="${name}" tests="${reached.length + missing.length}" failures="${missing.length}">
${reached.map(point => `<testcase classname="${name}" name="${escaped(point)}"/>\n`).join('')}${missing.map(point =>
`<testcase classname="${name}" name="${escaped(point)}"><failure message="not reached"/></testcase>\n`).join('')}</testsuite>
`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="payment coverage" tests="${total}" failures="${total - reached}">\n${suites.join('')}</testsuites>\n`
}

/** A line for each group, for a terminal. */
export function table ({ reached, total, percent, groups }: Report): string {
  const rows = [...groups.map(({ name, reached, missing }) => [name, `${reached.length}/${reached.length + missing.length}`]), ['all', `${reached}/${total}`, `${percent} %`]]
  return rows.map(([name = '', count = '', share = '']) => `${name.padEnd(12)} ${count.padStart(8)} ${share}`.trimEnd()).join('\n') + '\n'
}

/** The HTML tag escapes what XML needs escaped. */
function escaped (text: string): string {
  return html`${text}`.toString()
}
