import { once } from 'node:events'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import type { Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { readConfig } from '../../../src/config.ts'
import { start } from '../process.ts'
import type { Received, Receiver } from '../receiver.ts'
import type { AccountNumber } from './model.ts'

export interface Sent {
  readonly method: string
  readonly path: string
  readonly body?: object | undefined
  /** Whose key is sent; none stands for the sandbox as a whole. */
  readonly account?: AccountNumber | undefined
  readonly idempotencyKey?: string | undefined
  /** Sent as the form of a page. */
  readonly isForm?: boolean
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly isReplayed: boolean
  // Answers are looked into by literal expectations; a wrong shape fails those.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any
}

/** A sandbox on a data file of its own, with an address for the webhooks of each of its two accounts. */
export interface System {
  /** Where browsers find it. */
  readonly url: () => string
  readonly call: (sent: Sent) => Promise<Answer>
  /** Ends it and starts it again on the same file. */
  readonly restart: () => Promise<void>
  /** Kills it while a call is being made, then starts it again; answers what the call was answered, if it was. */
  readonly killDuring: (sent: Sent, afterMs: number) => Promise<Answer | undefined>
  readonly inbox: (account: AccountNumber) => { readonly url: string, readonly arrived: () => Received[] }
  readonly stop: () => Promise<void>
}

const ENVIRONMENT = { CLOCK: '2026-01-01T00:00:00Z', LOG_LEVEL: 'silent' }
const JSON_TYPE = 'application/json'
let systems = 0

/** What is sent in the headers of a call. */
function headersOf ({ body, account, idempotencyKey, isForm }: Sent, system: number): Record<string, string> {
  return {
    ...(account !== undefined && { authorization: `Basic ${Buffer.from(`sk_test_model${system}x${account}:`).toString('base64')}` }),
    ...(body !== undefined && { 'content-type': isForm === true ? 'application/x-www-form-urlencoded' : JSON_TYPE }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey })
  }
}

function payloadOf ({ body, isForm }: Sent): string | undefined {
  if (body === undefined) return undefined
  return isForm === true ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body)
}

function answerOf (status: number, headers: Readonly<Record<string, unknown>>, text: string): Answer {
  const isJson = String(headers['content-type']).includes(JSON_TYPE)
  return { status, text, isReplayed: headers['idempotent-replayed'] === 'true', body: isJson ? JSON.parse(text) : undefined }
}

/** @param receiver of the webhooks of every system of a test */
function inboxes (receiver: Receiver, system: number): System['inbox'] {
  const first = receiver.received.length
  return account => {
    const path = `/webhooks/${system}/${account}`
    return {
      url: new URL(path, receiver.url).href,
      arrived: () => receiver.received.slice(first).filter(webhook => webhook.path === path)
    }
  }
}

function newFolder (): string {
  return mkdtempSync(join(tmpdir(), 'sandbox-model-'))
}

/** A sandbox in this process: calls reach it without a network, restarts close and build it. */
export async function openInProcess (receiver: Receiver): Promise<System> {
  const number = ++systems
  const folder = newFolder()
  const config = readConfig({ ...ENVIRONMENT, DATA_FILE: join(folder, 'sandbox.json') }, {})
  let { app } = await buildApp(config)
  let address = ''
  const listen = async (): Promise<void> => { address = await app.listen({ port: 0, host: '127.0.0.1' }) }
  await listen()
  return {
    url: () => address,
    call: async sent => {
      const payload = payloadOf(sent)
      const { statusCode, headers, body } = await app.inject({
        method: sent.method as 'GET', url: sent.path, headers: headersOf(sent, number), ...(payload !== undefined && { payload })
      })
      return answerOf(statusCode, headers, body)
    },
    restart: async () => {
      await app.close()
      app = (await buildApp(config)).app
      await listen()
    },
    killDuring: () => { throw new Error('A sandbox in the process of the test cannot be killed.') },
    inbox: inboxes(receiver, number),
    stop: async () => {
      await app.close()
      rmSync(folder, { recursive: true })
    }
  }
}

/** A sandbox in a process of its own: every restart follows upon a kill. */
export async function openProcess (t: Test, receiver: Receiver): Promise<System> {
  const number = ++systems
  const folder = newFolder()
  const agent = new Agent({ keepAlive: true })
  const begin = async () => await start(t, folder, { environment: ENVIRONMENT })
  let child = await begin()
  const call = async (sent: Sent): Promise<Answer> => {
    const outgoing = request(new URL(sent.path, child.url), { method: sent.method, headers: headersOf(sent, number), agent })
    outgoing.end(payloadOf(sent))
    const [incoming] = await once(outgoing, 'response')
    let text = ''
    for await (const part of incoming.setEncoding('utf8')) text += part
    return answerOf(incoming.statusCode, incoming.headers, text)
  }
  const kill = async (): Promise<void> => {
    await child.end('SIGKILL')
    child = await begin()
  }
  return {
    url: () => child.url,
    call,
    restart: kill,
    killDuring: async (sent, afterMs) => {
      const answered = call(sent).catch(() => undefined)
      // Not a wait for anything: whenever it is killed, whatever it has answered has to be there.
      await new Promise(resolve => { setTimeout(resolve, afterMs) })
      await kill()
      return await answered
    },
    inbox: inboxes(receiver, number),
    stop: async () => {
      agent.destroy()
      await child.end('SIGKILL')
      rmSync(folder, { recursive: true })
    }
  }
}
