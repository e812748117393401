import { Idiomorph } from 'idiomorph'

/*
 * What pages do beyond HTML, where there is a script: each part looks for its own attribute, and does nothing without.
 * No page needs it.
 */

/** Changes come in bursts: one look at the end of each. */
const BURST_MS = 250
/** How often a page looks whether its webhooks have arrived, and how many times. */
const LOOK_MS = 500
const LOOKS = 8

function each<T extends Element> (selector: string, act: (element: T) => void): void {
  document.querySelectorAll<T>(selector).forEach(act)
}

/** `<time datetime>`: in the browser's zone and language. */
function showLocalTimes (): void {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'medium' })
  each<HTMLTimeElement>('time[datetime]', time => {
    time.title = time.dateTime
    time.textContent = format.format(new Date(time.dateTime))
  })
}

/** `data-left-ms`: what is left of it, second by second, and the page anew when it is over. */
function countDown (): void {
  each<HTMLElement>('[data-left-ms]', element => {
    const end = performance.now() + Number(element.dataset.leftMs)
    const tick = setInterval(() => {
      const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000))
      element.textContent = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
      if (seconds > 0) return
      clearInterval(tick)
      location.reload()
    }, 1000)
  })
}

/** `data-next`: the page leads there by itself. */
function goOn (): void {
  const { next, nextMs } = document.body.dataset
  if (next !== undefined) setTimeout(() => { location.assign(next) }, Number(nextMs))
}

/** `data-keypad`: a pad of digits for the input of that id; keys of a keyboard go on working. */
function openKeypads (): void {
  each<HTMLElement>('[data-keypad]', pad => {
    const input = document.getElementById(pad.dataset.keypad ?? '')
    if (!(input instanceof HTMLInputElement)) return
    // The pad is in the place of a phone's own keyboard.
    input.inputMode = 'none'
    pad.hidden = false
    pad.addEventListener('click', ({ target }) => {
      const key = target instanceof HTMLElement ? target.closest('button')?.value : undefined
      if (key === undefined) return
      input.value = key === 'back' ? input.value.slice(0, -1) : `${input.value}${key}`.slice(0, input.maxLength)
    })
  })
}

/** Whether somebody has typed something in, or chosen, that was not sent yet. */
function isFilledIn (node: Node): boolean {
  if (node instanceof HTMLInputElement) return node.value !== node.defaultValue
  return node instanceof HTMLSelectElement && node.selectedOptions[0] !== ([...node.options].find(option => option.defaultSelected) ?? node.options[0])
}

/** Puts the page's present state into its place; what is typed in, focused or opened stays. */
async function refresh (): Promise<void> {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => undefined)
  if (answer?.ok !== true) return
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html')
  for (const name of ['main', '[data-fresh]']) {
    const [before, after] = [document.querySelector(name), next.querySelector(name)]
    if (before === null || after === null) continue
    void Idiomorph.morph(before, after, {
      ignoreActiveValue: true,
      callbacks: { beforeNodeMorphed: (node: Node) => !isFilledIn(node), beforeAttributeUpdated: (attribute: string) => attribute !== 'open' }
    })
  }
  showLocalTimes()
}

/** `data-stream`: the page follows what happens, in the account of `data-account` or in all. */
function follow (): void {
  const { stream, account } = document.body.dataset
  if (stream === undefined) return
  let waiting: ReturnType<typeof setTimeout> | undefined
  const soon = (): void => {
    waiting ??= setTimeout(() => {
      waiting = undefined
      void refresh()
    }, BURST_MS)
  }
  const change = ({ data }: MessageEvent<string>): void => {
    const { account: whose } = JSON.parse(data) as { account?: string }
    if (account === undefined || whose === undefined || whose === account) soon()
  }
  let source: EventSource | undefined
  // A browser opens six connections to a server and no more, so that a tab which nobody sees has to leave its own to others.
  const listenWhileSeen = (): void => {
    if (document.hidden) {
      source?.close()
      source = undefined
    } else if (source === undefined) {
      source = new EventSource(stream)
      for (const name of ['payment_intent', 'checkout_session', 'refund', 'event', 'delivery', 'request', 'fault', 'account', 'wallet_visit']) source.addEventListener(name, change)
      // What happened while there was no connection, or not yet.
      source.addEventListener('open', soon)
    }
  }
  document.addEventListener('visibilitychange', listenWhileSeen)
  listenWhileSeen()
}

/** `data-pending`: something is on its way that the page will tell of. */
async function lookAgain (): Promise<void> {
  for (let look = 0; look < LOOKS && document.querySelector('[data-pending]') !== null; look++) {
    await new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
    await refresh()
  }
}

/** `data-submit-on-change`: choosing is enough. */
function submitOnChange (): void {
  each<HTMLSelectElement>('select[data-submit-on-change]', select => {
    select.addEventListener('change', () => { select.form?.requestSubmit() })
  })
}

showLocalTimes()
countDown()
goOn()
openKeypads()
follow()
submitOnChange()
void lookAgain()
