import { cpus } from 'node:os'
import type { Row } from './row.ts'

/** Whether a row reaches what it is to reach; undefined where it only informs. */
export function isMet ({ figure: { median }, atLeast, atMost }: Row): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined
  return median >= (atLeast ?? -Infinity) && median <= (atMost ?? Infinity)
}

/** The rows as a table of Markdown. */
export function table (rows: readonly Row[]): string {
  const lines = rows.map(row => {
    const { what, unit, figure, atLeast, atMost, behind = '' } = row
    const target = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''
    const met = isMet(row)
    const spread = figure.least === figure.most ? '' : `${digits(figure.least)} to ${digits(figure.most)}`
    return `| ${[what, `${digits(figure.median)} ${unit}`, spread, target, met === undefined ? '' : met ? 'yes' : '**no**', behind].join(' | ')} |`
  })
  return ['| what | median | from, to | target | met | behind it |', '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n')
}

/** What the figures were taken on. */
export function machine (): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`
}

function digits (value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}
