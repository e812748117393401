import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Parser from '@actions/workflow-parser'
import { build } from 'esbuild'
import type { Test } from 'tap'
import { newFolder } from './process.ts'

/** GitHub's own parser of workflows: answers what is wrong with one. */
export async function workflowParser (t: Test): Promise<(content: string) => Promise<string[]>> {
  // The package imports JSON in a way that Node refuses, and a bundler takes.
  const outfile = join(newFolder(t), 'workflow-parser.cjs')
  const contents = 'export * from \'@actions/workflow-parser\''
  await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, platform: 'node', format: 'cjs', outfile })
  const parser: typeof Parser = createRequire(import.meta.url)(outfile)

  return async content => {
    const { context, value } = parser.parseWorkflow({ name: 'workflow.yml', content }, new parser.NoOperationTraceWriter())
    if (value !== undefined) await parser.convertWorkflowTemplate(context, value)
    return context.errors.getErrors().map(({ message }) => message)
  }
}
