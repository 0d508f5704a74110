import { FORM } from './binance-frames.ts'
import type { Talk } from './front.ts'
import { isObject, isTexts, readJson, splitPath } from './json.ts'
import type { Refusal } from './model.ts'
import type { Outlet } from './outlet.ts'
import type { Source } from './source.ts'

/** What differs between spot and USD-M, and what is only widely believed (sheets binance-spot and binance-derivatives). */
export interface BinanceHabits {
  /** Handshakes in five minutes before one is refused with 429. */
  readonly connectsPerWindow: number
  readonly usdm: boolean
  readonly messagesPerSecond: number
  readonly streamsLimit: number
  readonly pingMs: number
  readonly pongMs: number
  readonly lifetimeMs: number
  /** Errors as `{"error":{"code","msg"},"id"}`, else flat (doubt D1). */
  readonly nestedErrors: boolean
}

export const SPOT_HABITS: BinanceHabits = {
  connectsPerWindow: 300,
  usdm: false,
  messagesPerSecond: 5,
  streamsLimit: 1_024,
  pingMs: 20_000,
  pongMs: 60_000,
  lifetimeMs: 86_400_000,
  nestedErrors: false,
}

export const USDM_HABITS: BinanceHabits = {
  connectsPerWindow: 300,
  usdm: true,
  messagesPerSecond: 10,
  streamsLimit: 1_024,
  pingMs: 180_000,
  pongMs: 600_000,
  lifetimeMs: 86_400_000,
  nestedErrors: true,
}

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const
const ID = /^[a-zA-Z0-9]{1,36}$/
/** Streams of USD-M that are served on `/public` and on un-routed paths; all others need `/market`. */
const PUBLIC_ROUTE = /@(depth|rpiDepth|bookTicker|trade($|@))|^!bookTicker$/

type Route = 'public' | 'market' | 'none'

/** Opens a Binance socket at `path`: `/ws/a/b`, `/stream?streams=a/b`, on USD-M behind `/public` or `/market`. */
export function openBinance(
  path: string,
  outlet: Outlet,
  source: Source,
  habits: BinanceHabits,
): Talk | Refusal {
  const { route: whole, query } = splitPath(path)
  const parts = whole.split('/').slice(1)
  const route = habits.usdm ? routeOf(parts[0]) : 'none'
  const [kind, ...names] = route === 'none' ? parts : parts.slice(1)
  if (kind !== 'ws' && kind !== 'stream') return { refused: 404, headers: {}, body: '' }
  const keys = kind === 'ws' ? names : (query.get('streams') ?? '').split('/')
  const wanted = keys.map((key) => decodeURIComponent(key)).filter((key) => key !== '')
  if (wanted.some((key) => key.includes(','))) return { refused: 400, headers: {}, body: '' }
  outlet.form = (kind === 'stream' ? FORM.combined : 0) | (habits.usdm ? 0 : timeForm(query))
  const talk = new BinanceTalk(outlet, source, { ...habits, route })
  talk.begin(wanted)
  return talk
}

function routeOf(part: string | undefined): Route {
  return part === 'public' || part === 'market' ? part : 'none'
}

/** Spot tells times in microseconds to whoever asks for them. */
function timeForm(query: URLSearchParams): number {
  return (query.get('timeUnit') ?? '').toUpperCase() === 'MICROSECOND' ? FORM.micros : 0
}

/** Control frames of a Binance socket. Acknowledges every well-formed request, whatever it names: absence of data is the answer. */
export class BinanceTalk implements Talk {
  readonly #outlet: Outlet
  readonly #source: Source
  readonly #habits: BinanceHabits & { readonly route: Route }
  readonly #bornUs: number
  #messagesUs: number[] = []
  #pingedUs: number
  #pingPayload: string | undefined

  constructor(outlet: Outlet, source: Source, habits: BinanceHabits & { readonly route: Route }) {
    this.#outlet = outlet
    this.#source = source
    this.#habits = habits
    this.#bornUs = outlet.runtime.clock.steadyUs()
    this.#pingedUs = this.#bornUs
  }

  /** Subscribes to the streams that the URL names. */
  begin(keys: readonly string[]): void {
    for (const key of keys) this.#subscribe(key)
  }

  receive(text: string): void {
    if (this.#isTooFast()) return
    const request = readJson(text)
    if (!isObject(request)) {
      this.#refuse(3, 'Invalid JSON: expected value at line 1 column 1', undefined)
      return
    }
    const { id, method, params } = { id: request['id'], method: request['method'], params: request['params'] }
    if (method === undefined) {
      this.#refuse(2, `Invalid request: missing field \`method\` at line 1 column ${text.length}`, id)
    } else if (!isId(id)) {
      this.#refuse(2, 'Invalid request: request ID must be an unsigned integer', undefined)
    } else if (typeof method === 'string') this.#perform(method, params, id)
    else this.#refuse(2, 'Invalid request: invalid type: expected a string', id)
  }

  pong(payload: string): void {
    this.#isTooFast()
    if (payload === this.#pingPayload) this.#pingPayload = undefined
  }

  pinged(): void {
    this.#isTooFast()
  }

  tick(steadyUs: number): void {
    const { pingMs, pongMs, lifetimeMs } = this.#habits
    if (steadyUs - this.#bornUs > lifetimeMs * 1_000) {
      this.#outlet.close(1001, '')
    } else if (this.#pingPayload !== undefined && steadyUs - this.#pingedUs > pongMs * 1_000) {
      this.#outlet.close(1008, 'Pong timeout')
    } else if (this.#pingPayload === undefined && steadyUs - this.#pingedUs >= pingMs * 1_000) {
      this.#pingedUs = steadyUs
      this.#pingPayload = String(Math.floor(this.#outlet.runtime.clock.now() / 1_000))
      this.#outlet.ping(this.#pingPayload)
    }
  }

  #perform(method: string, params: unknown, id: string | number | null): void {
    switch (method) {
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE':
        this.#change(method, params, id)
        return
      case 'LIST_SUBSCRIPTIONS':
        this.#answer(JSON.stringify([...this.#outlet.keys]), id)
        return
      case 'SET_PROPERTY':
      case 'GET_PROPERTY':
        this.#property(method, params, id)
        return
      default: {
        const known = METHODS.map((name) => `\`${name}\``).join(', ')
        this.#refuse(
          2,
          `Invalid request: unknown variant ${method}, expected one of ${known} at line 1 column 28`,
          id,
        )
      }
    }
  }

  #change(method: 'SUBSCRIBE' | 'UNSUBSCRIBE', params: unknown, id: string | number | null): void {
    if (!isTexts(params)) {
      this.#refuse(2, 'Invalid request: too many parameters', id)
      return
    }
    const { keys } = this.#outlet
    if (method === 'UNSUBSCRIBE') {
      for (const key of params) if (keys.delete(key)) this.#source.leave(key, this.#outlet)
      this.#answer('null', id)
      return
    }
    const refused = params.find((key) => this.#isRefused(key))
    if (refused !== undefined) {
      this.#refuse(2, `Invalid request: ${refused}`, id)
      return
    }
    if (new Set([...keys, ...params]).size > this.#habits.streamsLimit) {
      this.#outlet.control('{"error":{"code":4,"msg":"Too many subscriptions"}}')
      this.#outlet.close(1008, 'Invalid request')
      return
    }
    this.#answer('null', id)
    for (const key of params) this.#subscribe(key)
  }

  #isRefused(key: string): boolean {
    const spec = this.#source.find(key)
    return spec !== undefined && this.#outlet.faults.strikes('refuse', spec) !== undefined
  }

  #subscribe(key: string): void {
    if (this.#outlet.keys.has(key)) return
    this.#outlet.keys.add(key)
    if (this.#isServed(key)) this.#source.join(key, this.#outlet)
  }

  /** On a wrong or missing route USD-M accepts everything and delivers nothing (sheet binance-derivatives, section 1). */
  #isServed(key: string): boolean {
    const { usdm, route } = this.#habits
    return !usdm || PUBLIC_ROUTE.test(key) === (route !== 'market')
  }

  #property(method: string, params: unknown, id: string | number | null): void {
    const [name, value] = Array.isArray(params) ? [params[0] as unknown, params[1] as unknown] : []
    if (typeof name !== 'string') this.#refuse(2, 'Invalid request: property name must be a string', id)
    else if (name !== 'combined') this.#refuse(0, 'Unknown property', id)
    else if (method === 'GET_PROPERTY') this.#answer(String((this.#outlet.form & FORM.combined) !== 0), id)
    else if (typeof value !== 'boolean') this.#refuse(1, 'Invalid value type: expected Boolean', id)
    else {
      this.#outlet.form = (this.#outlet.form & ~FORM.combined) | (value ? FORM.combined : 0)
      this.#answer('null', id)
    }
  }

  #answer(result: string, id: string | number | null): void {
    this.#outlet.control(`{"result":${result},"id":${JSON.stringify(id)}}`)
  }

  #refuse(code: number, text: string, id: unknown): void {
    const msg = JSON.stringify(text)
    const told = isId(id) ? `,"id":${JSON.stringify(id)}` : ''
    this.#outlet.control(
      this.#habits.nestedErrors
        ? `{"error":{"code":${code},"msg":${msg}}${told}}`
        : `{"code":${code},"msg":${msg}${told}}`,
    )
  }

  /** Requests, pings and pongs of the last second; one too many ends the socket. */
  #isTooFast(): boolean {
    const nowUs = this.#outlet.runtime.clock.steadyUs()
    this.#messagesUs = this.#messagesUs.filter((atUs) => nowUs - atUs < 1_000_000)
    this.#messagesUs.push(nowUs)
    if (this.#messagesUs.length <= this.#habits.messagesPerSecond) return false
    this.#outlet.close(1008, 'Too many requests')
    return true
  }
}

function isId(id: unknown): id is string | number | null {
  return id === null || Number.isSafeInteger(id) || (typeof id === 'string' && ID.test(id))
}
