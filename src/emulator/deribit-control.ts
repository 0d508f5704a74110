import { deribitStream, notification } from './deribit-frames.ts'
import type { Talk } from './front.ts'
import { isObject, isTexts, readJson } from './json.ts'
import type { Outlet } from './outlet.ts'
import type { Source } from './source.ts'

/** Limits and timers of Deribit (sheet deribit, sections 2 to 5). */
export interface DeribitHabits {
  /** A client with a key: raw channels are served. */
  readonly rawAllowed: boolean
  readonly channelsPerRequest: number
  readonly frameLimitBytes: number
  /** How long a `test_request` may stay unanswered (doubt D4). */
  readonly answerMs: number
  readonly subscribeCost: number
  readonly subscribePool: number
  readonly callCost: number
  readonly callPool: number
  readonly refillPerSecond: number
  readonly openLimit: number
}

export const DERIBIT_HABITS: DeribitHabits = {
  rawAllowed: false,
  channelsPerRequest: 500,
  frameLimitBytes: 32 * 1024,
  answerMs: 5_000,
  subscribeCost: 3_000,
  subscribePool: 30_000,
  callCost: 500,
  callPool: 50_000,
  refillPerSecond: 10_000,
  openLimit: 32,
}

const PLATFORM_STATE = 'platform_state'
const HEARTBEAT_LEAST_S = 10

type Id = string | number
/** An answer's `result` or `error`, as JSON. */
export type Outcome = { readonly result: string } | { readonly error: string; readonly status: number }

/** Calls that are the same over HTTP and WebSocket. */
export type Calls = (method: string, params: Readonly<Record<string, unknown>>) => Outcome | undefined

/** A JSON-RPC error. */
export function rpcError(code: number, message: string, reason?: string): Outcome {
  const told = reason === undefined ? { code, message } : { code, message, data: { reason } }
  return { error: JSON.stringify(told), status: 400 }
}

/** A bucket of credits that refills with time. */
class Credits {
  readonly #pool: number
  readonly #perSecond: number
  #left: number
  #atUs: number

  constructor(pool: number, perSecond: number, nowUs: number) {
    this.#pool = pool
    this.#perSecond = perSecond
    this.#left = pool
    this.#atUs = nowUs
  }

  /** Takes `cost`; false when there is not enough. */
  spend(cost: number, nowUs: number): boolean {
    this.#left = Math.min(this.#pool, this.#left + ((nowUs - this.#atUs) / 1e6) * this.#perSecond)
    this.#atUs = nowUs
    if (this.#left < cost) return false
    this.#left -= cost
    return true
  }
}

/** Control frames of a Deribit socket: JSON-RPC, partial acceptance, heartbeats that must be answered. */
export class DeribitTalk implements Talk {
  readonly #outlet: Outlet
  readonly #source: Source
  readonly #habits: DeribitHabits
  readonly #calls: Calls
  readonly #subscribeCredits: Credits
  readonly #callCredits: Credits
  #heartbeat:
    { readonly intervalUs: number; nextUs: number; isTest: boolean; testedUs: number | undefined } | undefined

  constructor(outlet: Outlet, source: Source, habits: DeribitHabits, calls: Calls) {
    this.#outlet = outlet
    this.#source = source
    this.#habits = habits
    this.#calls = calls
    const nowUs = outlet.runtime.clock.steadyUs()
    this.#subscribeCredits = new Credits(habits.subscribePool, habits.refillPerSecond, nowUs)
    this.#callCredits = new Credits(habits.callPool, habits.refillPerSecond, nowUs)
  }

  receive(text: string): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.testedUs = undefined
    if (text.length > this.#habits.frameLimitBytes) {
      this.#reply(undefined, rpcError(-32_600, 'request entity too large'))
      return
    }
    const request = readJson(text)
    if (request === undefined) {
      this.#reply(undefined, rpcError(-32_700, 'Parse error'))
      return
    }
    const id = isObject(request) ? request['id'] : undefined
    if (!isObject(request) || (typeof id !== 'string' && typeof id !== 'number')) {
      this.#reply(undefined, rpcError(-32_600, 'Invalid Request'))
      return
    }
    const { method, params = {} } = { method: request['method'], params: request['params'] }
    if (!this.#canAfford(method)) {
      this.#reply(id, rpcError(10_028, 'too_many_requests'))
      this.#outlet.close(1008, 'too_many_requests')
    } else if (typeof method !== 'string') this.#reply(id, rpcError(-32_601, 'Method not found'))
    else if (!isObject(params)) this.#reply(id, rpcError(-32_602, 'Invalid params'))
    else this.#perform(id, method, params)
  }

  tick(steadyUs: number): void {
    const heartbeat = this.#heartbeat
    if (heartbeat === undefined) return
    if (heartbeat.testedUs !== undefined && steadyUs - heartbeat.testedUs > this.#habits.answerMs * 1_000) {
      this.#outlet.close(1001, 'test_request not answered')
    } else if (steadyUs >= heartbeat.nextUs) {
      heartbeat.nextUs = steadyUs + heartbeat.intervalUs
      heartbeat.isTest = !heartbeat.isTest
      if (heartbeat.isTest) heartbeat.testedUs ??= steadyUs
      const type = heartbeat.isTest ? 'test_request' : 'heartbeat'
      this.#outlet.control(`{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"${type}"}}`)
    }
  }

  /** Whether the client asked for news of the platform. */
  get hearsPlatform(): boolean {
    return this.#outlet.keys.has(PLATFORM_STATE)
  }

  #canAfford(method: unknown): boolean {
    const nowUs = this.#outlet.runtime.clock.steadyUs()
    return method === 'public/subscribe'
      ? this.#subscribeCredits.spend(this.#habits.subscribeCost, nowUs)
      : this.#callCredits.spend(this.#habits.callCost, nowUs)
  }

  #perform(id: Id, method: string, params: Readonly<Record<string, unknown>>): void {
    switch (method) {
      case 'public/subscribe':
        this.#subscribe(id, params['channels'])
        return
      case 'public/unsubscribe':
        this.#unsubscribe(id, params['channels'])
        return
      case 'public/unsubscribe_all':
        for (const key of this.#outlet.keys) this.#source.leave(key, this.#outlet)
        this.#outlet.keys.clear()
        this.#reply(id, { result: '"ok"' })
        return
      case 'public/set_heartbeat':
        this.#setHeartbeat(id, params['interval'])
        return
      case 'public/disable_heartbeat':
        this.#heartbeat = undefined
        this.#reply(id, { result: '"ok"' })
        return
      default:
        this.#reply(id, this.#calls(method, params) ?? rpcError(-32_601, 'Method not found'))
    }
  }

  #subscribe(id: Id, channels: unknown): void {
    if (!isTexts(channels)) {
      this.#reply(id, rpcError(-32_602, 'Invalid params', 'channels must be a list'))
    } else if (channels.length > this.#habits.channelsPerRequest) {
      this.#reply(id, rpcError(11_050, 'bad_request', 'too many channels'))
    } else if (!this.#habits.rawAllowed && channels.some((key) => deribitStream(key)?.variant === 'raw')) {
      this.#reply(id, rpcError(13_778, 'raw_subscriptions_not_available_for_unauthorized'))
    } else {
      const accepted = channels.filter((key) => this.#isAccepted(key))
      this.#reply(id, { result: JSON.stringify(accepted) })
      for (const key of accepted) {
        if (this.#outlet.keys.has(key)) continue
        this.#outlet.keys.add(key)
        this.#source.join(key, this.#outlet)
      }
    }
  }

  /** A channel that does not exist is just missing from the answer. */
  #isAccepted(key: string): boolean {
    if (key === PLATFORM_STATE) return true
    const spec = this.#source.find(key)
    return spec !== undefined && this.#outlet.faults.strikes('refuse', spec) === undefined
  }

  #unsubscribe(id: Id, channels: unknown): void {
    if (!isTexts(channels)) {
      this.#reply(id, rpcError(-32_602, 'Invalid params', 'channels must be a list'))
      return
    }
    const left = channels.filter((key) => this.#outlet.keys.delete(key))
    for (const key of left) this.#source.leave(key, this.#outlet)
    this.#reply(id, { result: JSON.stringify(left) })
  }

  #setHeartbeat(id: Id, interval: unknown): void {
    if (typeof interval !== 'number' || interval < HEARTBEAT_LEAST_S) {
      this.#reply(id, rpcError(-32_602, 'Invalid params', 'interval must be at least 10'))
      return
    }
    const intervalUs = interval * 1_000_000
    const nextUs = this.#outlet.runtime.clock.steadyUs() + intervalUs
    this.#heartbeat = { intervalUs, nextUs, isTest: false, testedUs: undefined }
    this.#reply(id, { result: '"ok"' })
  }

  #reply(id: Id | undefined, outcome: Outcome): void {
    this.#outlet.control(envelope(id, outcome, this.#outlet.runtime.clock.now()))
  }
}

/** The JSON-RPC envelope of an answer, with its times in µs. */
export function envelope(id: Id | undefined, outcome: Outcome, nowUs: number): string {
  const told = 'result' in outcome ? `"result":${outcome.result}` : `"error":${outcome.error}`
  const named = id === undefined ? '' : `"id":${JSON.stringify(id)},`
  return `{"jsonrpc":"2.0",${named}${told},"usIn":${nowUs},"usOut":${nowUs + 150},"usDiff":150,"testnet":false}`
}

/** News of a maintenance break (sheet deribit, section 13). */
export const maintenanceNotice = (): string => notification(PLATFORM_STATE, '{"maintenance":true}')
