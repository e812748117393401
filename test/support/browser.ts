import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium, type BrowserContextOptions, type Browser as Chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** A name that leads to this machine in the browser alone, which does not trust it as it does `localhost`: as a name of a network. */
export const NETWORK_NAME = 'sandbox.test'

const FLAGS = [
  `--host-resolver-rules=MAP ${NETWORK_NAME} 127.0.0.1`,
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
]
/** How long an element or an address may take to appear, on a busy machine; milliseconds. */
const PATIENCE_MS = 15_000
const LOCALES = { id: 'id-ID', en: 'en-US' } as const

/** Of axe-core, the smaller of its files: it goes into every page that is checked. */
let rules: string | undefined

/** Whose eyes a page is seen with. */
export interface Look {
  /** Of the window, in CSS pixels: a phone or a desk. */
  readonly width?: 390 | 1280
  readonly language?: 'id' | 'en'
  readonly dark?: boolean
  readonly script?: boolean
}

export interface VisitOptions extends Look {
  /** Errors that belong to what is tested, such as a page that is answered with 404. */
  readonly expected?: RegExp
}

export interface Browser {
  /** Why nothing can be tested, for the option `skip` of every test; false when it can. */
  readonly skip: string | false
  /**
   * Opens a page without a past, in a context of its own, for the steps of one case; fails the test on errors in the
   * console, uncaught exceptions and violations of a content security policy, in whatever page of the context.
   */
  readonly visit: (t: Test, options: VisitOptions, steps: (page: Page) => Promise<void>) => Promise<void>
}

/** One Chromium for a test file: that of `CHROMIUM_PATH`, else the one that an npm package brings along; closed when the test ends. */
export async function openBrowser (t: Test): Promise<Browser> {
  let browser: Chromium
  try {
    browser = await launch()
  } catch (error) {
    const [reason] = String(error).split('\n')
    const skip = `NO BROWSER, so nothing was tested here: set CHROMIUM_PATH to the executable of a Chromium or Chrome (${reason})`
    process.stderr.write(`\n*** ${skip} ***\n\n`)
    return { skip, visit: () => { throw new Error(skip) } }
  }
  t.teardown(() => browser.close())
  return { skip: false, visit: (t, options, steps) => visit(browser, t, options, steps) }
}

/** The looks of every width, language and colour scheme. */
export const LOOKS: ReadonlyArray<Required<Look>> = ([390, 1280] as const).flatMap(width => (['id', 'en'] as const).flatMap(language =>
  [false, true].map(dark => ({ width, language, dark, script: true }))))

/** Each width, language and colour scheme in two of them, without a script. */
export const LOOKS_WITHOUT_SCRIPT: ReadonlyArray<Required<Look>> = [
  { width: 390, language: 'id', dark: false, script: false },
  { width: 390, language: 'en', dark: true, script: false },
  { width: 1280, language: 'id', dark: true, script: false },
  { width: 1280, language: 'en', dark: false, script: false }
]

export function nameOf ({ width, language, dark, script }: Required<Look>): string {
  return `${width} pixels, ${language}, ${dark ? 'dark' : 'light'}, ${script ? 'with' : 'without'} script`
}

async function visit (browser: Chromium, t: Test, { expected, ...look }: VisitOptions, steps: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(contextOf(look))
  context.setDefaultTimeout(PATIENCE_MS)
  const problems: string[] = []
  const note = (problem: string): void => {
    if (expected?.test(problem) !== true) problems.push(problem)
  }
  // The console tells of violations of a policy and of what could not be loaded, also without a script.
  context.on('console', message => {
    if (message.type() === 'error') note(`${message.text()} (${message.location().url})`)
  })
  context.on('weberror', error => { note(String(error.error())) })
  try {
    await steps(await context.newPage())
  } catch (error) {
    for (const page of context.pages()) t.comment(`${page.url()}\n${await page.locator('body').innerText({ timeout: 1000 }).catch(String)}`)
    t.same(problems, [], 'no page had a problem')
    throw error
  } finally {
    await context.close()
  }
  t.same(problems, [], 'no page had a problem')
}

function contextOf ({ width = 390, language = 'en', dark = false, script = true }: Look): BrowserContextOptions {
  return {
    viewport: { width, height: 844 },
    locale: LOCALES[language],
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: script
  }
}

/** Expects no violation of axe-core's rules in the page as it is now, which needs a script. */
export async function checkAccessibility (t: Test, page: Page, what: string): Promise<void> {
  // The inspector's evaluation is not bound by the page's content security policy.
  if (await page.evaluate('typeof axe') !== 'object') await page.evaluate(rules ??= readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'))
  const violations = await page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => id + ' (' + help + '): ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`)
  t.same(violations, [], `${what} is accessible`)
}

/** Expects a page without horizontal scrolling, of which nothing reaches beyond the edges but what has a scroll bar of its own. */
export async function checkWidth (t: Test, page: Page, what: string): Promise<void> {
  t.same(await page.evaluate(`(({ scrollWidth, clientWidth }) => {
    const scrolls = element => element !== null && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement))
    const beyond = [...document.querySelectorAll('main, main *')].filter(element => {
      const { left, right } = element.getBoundingClientRect()
      return (left < -1 || right > clientWidth + 1) && !scrolls(element.parentElement)
    })
    return [Math.max(0, scrollWidth - clientWidth), beyond.map(({ outerHTML }) => outerHTML.slice(0, 100))]
  })(document.documentElement)`), [0, []], `${what} is as wide as the window`)
}

/** Both of it, in both colour schemes and at both widths. */
export async function checkEverywhere (t: Test, page: Page, what: string): Promise<void> {
  for (const [colorScheme, width] of [['light', 390], ['dark', 1280]] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 844 })
    await checkWidth(t, page, `${what}, ${width} pixels`)
    await checkAccessibility(t, page, `${what}, ${colorScheme}`)
  }
}

/** A Chromium that has started, and how. */
export interface Launched {
  readonly browser: Chromium
  readonly executablePath: string
  readonly env: NodeJS.ProcessEnv
}

/** Starts that Chromium. */
export async function launch (): Promise<Chromium> {
  return (await launchFound()).browser
}

/** Starts that Chromium, and tells where it is and what environment it needs. */
export async function launchFound (): Promise<Launched> {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH !== undefined && CHROMIUM_PATH !== '') return await start(CHROMIUM_PATH)
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`@sparticuz/chromium has none for ${process.platform} ${process.arch}`)
  const folder = await unpack()
  const env = { ...process.env, ...(!existsSync('/etc/fonts/fonts.conf') && { FONTCONFIG_FILE: join(folder, 'fonts.conf') }) }
  const executable = join(folder, 'chromium')
  // The machine's own libraries where it has them; those that the package brings, made for Amazon Linux, where it lacks some.
  return await start(executable, env).catch(async () => await start(executable, { ...env, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }))
}

async function start (executablePath: string, env: NodeJS.ProcessEnv = process.env): Promise<Launched> {
  return { browser: await chromium.launch({ executablePath, args: FLAGS, env }), executablePath, env }
}

/**
 * Unpacks the Chromium of @sparticuz/chromium with its libraries and fonts, unless that was done before; answers the folder.
 * The package itself takes whatever /tmp/chromium there is, half written, of another version or another user's too, and
 * unpacks its libraries only where it believes to be on Amazon Linux; hence a process with a folder and an environment of its own.
 */
async function unpack (): Promise<string> {
  const entry = import.meta.resolve('@sparticuz/chromium')
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', entry), 'utf8')) as { version: string }
  const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(`${folder}-`)
  try {
    await promisify(execFile)('env', [
      '-i', `TMPDIR=${unfinished}`, 'AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x',
      process.execPath, '--input-type=module', '--eval', 'const { default: chromium } = await import(process.argv[1]); await chromium.executablePath()', entry
    ])
    writeFileSync(join(unfinished, 'fonts.conf'), `<?xml version="1.0"?><fontconfig><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'fonts-cache')}</cachedir></fontconfig>`)
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another test file was first.
    if (!existsSync(folder)) throw error
  }
  return folder
}
