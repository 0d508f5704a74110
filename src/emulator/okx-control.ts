import type { Talk } from './front.ts'
import { isObject, readJson, splitPath } from './json.ts'
import type { Refusal } from './model.ts'
import type { Outlet } from './outlet.ts'
import type { Source } from './source.ts'

/** Limits and timers of OKX (sheet okx, section 2). */
export interface OkxHabits {
  /** Books begin with a snapshot in the stream; else with an update (doubt D1). */
  readonly sendsSnapshots: boolean
  /** Handshakes before one is refused with 429. */
  readonly connectsPerSecond: number
  readonly requestsPerHour: number
  readonly argsLimitBytes: number
  readonly idleMs: number
  /** An empty update of a book without changes comes after this. */
  readonly quietMs: number
  /** From the notice 64008 to the close. */
  readonly closingMs: number
  /** A client whose fee tier allows the tick-by-tick books. */
  readonly tickByTick: boolean
}

export const OKX_HABITS: OkxHabits = {
  sendsSnapshots: true,
  connectsPerSecond: 3,
  requestsPerHour: 480,
  argsLimitBytes: 64 * 1024,
  idleMs: 30_000,
  quietMs: 60_000,
  closingMs: 60_000,
  tickByTick: false,
}

const ID = /^[a-zA-Z0-9]{1,32}$/
const HOUR_US = 3_600_000_000
/** Channels that live on `/business`, and those that need a login. */
const BUSINESS: ReadonlySet<string> = new Set(['trades-all'])
const LOGIN: ReadonlySet<string> = new Set(['books-l2-tbt', 'books50-l2-tbt'])

type Endpoint = 'public' | 'business'

/** Opens an OKX socket at `/ws/v5/public` or `/ws/v5/business`. */
export function openOkx(path: string, outlet: Outlet, source: Source, habits: OkxHabits): Talk | Refusal {
  const { route } = splitPath(path)
  if (route !== '/ws/v5/public' && route !== '/ws/v5/business') return { refused: 404, headers: {}, body: '' }
  return new OkxTalk(outlet, source, {
    ...habits,
    endpoint: route.endsWith('public') ? 'public' : 'business',
  })
}

/** Control frames of an OKX socket: one acknowledgement per arg, errors that name no arg but in their text. */
export class OkxTalk implements Talk {
  readonly #outlet: Outlet
  readonly #source: Source
  readonly #habits: OkxHabits & { readonly endpoint: Endpoint }
  readonly #connId: string
  #requestsUs: number[] = []
  #aliveUs: number
  #dataFrames = 0

  constructor(outlet: Outlet, source: Source, habits: OkxHabits & { readonly endpoint: Endpoint }) {
    this.#outlet = outlet
    this.#source = source
    this.#habits = habits
    const { clock, random } = outlet.runtime
    this.#connId = Math.floor(random.next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0')
    this.#aliveUs = clock.steadyUs()
  }

  receive(text: string): void {
    // A ping keeps a socket alive that has subscriptions; one without is closed all the same.
    if (this.#outlet.keys.size > 0) this.#aliveUs = this.#outlet.runtime.clock.steadyUs()
    if (text === 'ping') {
      this.#outlet.control('pong')
      return
    }
    const request = readJson(text)
    const args: unknown = isObject(request) ? request['args'] : undefined
    if (!isObject(request) || typeof request['op'] !== 'string' || !Array.isArray(args)) {
      this.#refuse('60012', `Invalid request: ${text}`, undefined)
      return
    }
    this.#request(request['op'], request['id'], args)
  }

  #request(op: string, id: unknown, args: readonly unknown[]): void {
    if (id !== undefined && (typeof id !== 'string' || !ID.test(id))) {
      this.#refuse('60033', 'Parameter id error.', undefined)
    } else if (op !== 'subscribe' && op !== 'unsubscribe') {
      this.#refuse('60019', `Invalid op: ${op}`, id)
    } else if (JSON.stringify(args).length > this.#habits.argsLimitBytes) {
      this.#outlet.close(1009, 'Request too large')
    } else if (this.#isTooFrequent()) {
      this.#refuse('60014', 'Requests too frequent', id)
    } else for (const arg of args) this.#perform(op, arg, id)
  }

  tick(steadyUs: number): void {
    const { dataFrames, keys } = this.#outlet
    if (keys.size > 0 && dataFrames !== this.#dataFrames) this.#aliveUs = steadyUs
    this.#dataFrames = dataFrames
    if (steadyUs - this.#aliveUs > this.#habits.idleMs * 1_000)
      this.#outlet.close(4004, 'No data received in 30s.')
  }

  /** Told 60 s before an upgrade (sheet okx, section 3). */
  announceUpgrade(): void {
    const msg = 'The connection will soon be closed for a service upgrade. Please reconnect.'
    this.#outlet.control(`{"event":"notice","code":"64008","msg":"${msg}","connId":"${this.#connId}"}`)
  }

  #perform(op: 'subscribe' | 'unsubscribe', arg: unknown, id: string | undefined): void {
    const channel = isObject(arg) ? arg['channel'] : undefined
    const instId = isObject(arg) ? arg['instId'] : undefined
    if (typeof channel !== 'string' || typeof instId !== 'string') {
      this.#refuse('60013', 'Invalid args', id)
      return
    }
    const key = `${channel}:${instId}`
    const refused = this.#whyNot(channel, instId)
    if (refused !== undefined) {
      this.#refuse(refused.code, refused.text, id)
      return
    }
    const { keys } = this.#outlet
    this.#outlet.control(
      `{${idPart(id)}"event":"${op}","arg":{"channel":"${channel}","instId":"${instId}"},"connId":"${this.#connId}"}`,
    )
    if (op === 'unsubscribe') {
      if (keys.delete(key)) this.#source.leave(key, this.#outlet)
    } else if (!keys.has(key)) {
      keys.add(key)
      this.#aliveUs = this.#outlet.runtime.clock.steadyUs()
      this.#source.join(key, this.#outlet)
    }
  }

  #whyNot(channel: string, instId: string): { readonly code: string; readonly text: string } | undefined {
    const { endpoint } = this.#habits
    const wrong = `wrong URL or channel:${channel},instId:${instId} doesn't exist.`
    if (LOGIN.has(channel) && !this.#habits.tickByTick)
      return { code: '64003', text: 'Your trading fee tier does not allow this channel.' }
    const isBusiness = BUSINESS.has(channel)
    if (isBusiness && endpoint === 'public')
      return { code: '64001', text: `This channel has been migrated to the '/business' URL.` }
    if (!isBusiness && endpoint === 'business')
      return { code: '64002', text: `This channel is not supported by "/business" URL.` }
    const spec = this.#source.find(`${channel}:${instId}`)
    const isRefused = spec === undefined || this.#outlet.faults.strikes('refuse', spec) !== undefined
    return isRefused ? { code: '60018', text: `Subscribe failed, ${wrong}` } : undefined
  }

  #refuse(code: string, text: string, id: string | undefined): void {
    const msg = JSON.stringify(text)
    this.#outlet.control(
      `{${idPart(id)}"event":"error","code":"${code}","msg":${msg},"connId":"${this.#connId}"}`,
    )
  }

  #isTooFrequent(): boolean {
    const nowUs = this.#outlet.runtime.clock.steadyUs()
    this.#requestsUs = this.#requestsUs.filter((atUs) => nowUs - atUs < HOUR_US)
    if (this.#requestsUs.length >= this.#habits.requestsPerHour) return true
    this.#requestsUs.push(nowUs)
    return false
  }
}

const idPart = (id: string | undefined): string => (id === undefined ? '' : `"id":"${id}",`)
