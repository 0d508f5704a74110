import type { VenueId } from '../core/ids.ts'
import type { Timer } from '../runtime/runtime.ts'
import { Faults, malformed, oversized } from './faults.ts'
import type {
  Connection,
  EmulatedVenue,
  EmulatorStatus,
  FaultName,
  Peer,
  Refusal,
  Reply,
  TruthBook,
} from './model.ts'
import { type EmulatorRuntime, Outlet } from './outlet.ts'
import type { Source } from './source.ts'

/** The control plane of one socket. */
export interface Talk {
  receive(text: string): void
  pong?(payload: string): void
  pinged?(): void
  /** Time has passed: pings, deadlines. Called about four times a second. */
  tick?(steadyUs: number): void
}

export type HttpFault = Extract<FaultName, `http_${string}`>

/** What a venue says and does, apart from its data. */
export interface Protocol {
  /** A client connects at `path` (with query). */
  open(path: string, outlet: Outlet): Talk | Refusal
  /** A client asks by HTTP. */
  answer(path: string, reply: (answer: Reply) => void): void
  /** How the venue words an HTTP refusal. */
  refusal(fault: HttpFault, retryAfterS: number): Reply
  /** The venue tells that it will go away, if it ever tells; the socket is closed `closingMs` later. */
  announceMaintenance(outlet: Outlet): void
  readonly closingMs: number
  /** Sockets that an address may open: `count` in `perMs`; at most `open` at once. */
  readonly connects: { readonly count: number; readonly perMs: number; readonly open: number }
}

interface Session {
  readonly outlet: Outlet
  readonly talk: Talk
}

/** How often time passes, unless told otherwise. */
export const TICK_MS = 25
const TALK_TICK_US = 250_000
const RETRY_AFTER_S = 5
const HTTP_FAULTS: readonly HttpFault[] = ['http_418', 'http_429', 'http_451', 'http_503']
const CLOSE_CODE = 1001
const REFUSED_STATUS = 503

/** A venue as its clients see it: a protocol over a source of data, with faults. One timer, and only while someone is there. */
export class Front implements EmulatedVenue {
  readonly venue: VenueId
  readonly symbols: readonly string[]
  readonly faults: Faults
  readonly #runtime: EmulatorRuntime
  readonly #protocol: Protocol
  readonly #source: Source
  readonly #tickMs: number
  readonly #sessions = new Set<Session>()
  readonly #connectsUs: number[] = []
  #timer: Timer | undefined
  #talkTickUs = 0
  #endedFrames = 0
  #replies = 0

  constructor(
    venue: VenueId,
    runtime: EmulatorRuntime,
    parts: { faults: Faults; protocol: Protocol; source: Source; tickMs?: number },
  ) {
    this.venue = venue
    this.symbols = parts.source.symbols
    this.faults = parts.faults
    this.#runtime = runtime
    this.#protocol = parts.protocol
    this.#source = parts.source
    this.#tickMs = parts.tickMs ?? TICK_MS
  }

  get status(): EmulatorStatus {
    const outlets = [...this.#sessions].map(({ outlet }) => outlet)
    return {
      connections: outlets.length,
      subscriptions: outlets.reduce((sum, outlet) => sum + outlet.keys.size, 0),
      frames: outlets.reduce((sum, outlet) => sum + outlet.frames, this.#endedFrames),
      replies: this.#replies,
    }
  }

  connect(path: string, peer: Peer): Connection | Refusal {
    const refused = this.#refuseConnect()
    if (refused !== undefined) return refused
    const outlet = new Outlet(peer, this.faults, this.#runtime)
    const talk = this.#protocol.open(path, outlet)
    if ('refused' in talk) return talk
    const session = { outlet, talk }
    this.#sessions.add(session)
    this.#timer ??= this.#runtime.timers.every(this.#tickMs, () => {
      this.#tick()
    })
    return {
      receive: (text) => {
        if (!outlet.isHalfOpen && this.#sessions.has(session)) talk.receive(text)
      },
      pong: (payload) => talk.pong?.(payload),
      pinged: () => talk.pinged?.(),
      ended: () => {
        this.#end(session)
      },
    }
  }

  request(path: string, reply: (answer: Reply) => void): void {
    const { faults } = this
    const target = { symbol: symbolIn(path) }
    if (faults.strikes('hang', target) !== undefined) return
    const send = (answer: Reply): void => {
      this.#replies++
      const slow = faults.strikes('slow', target)
      if (slow === undefined) reply(answer)
      else
        this.#runtime.timers.after(slow.value ?? 1_000, () => {
          reply(answer)
        })
    }
    for (const name of HTTP_FAULTS) {
      const fault = faults.strikes(name, target)
      if (fault === undefined) continue
      send(this.#protocol.refusal(name, fault.value ?? RETRY_AFTER_S))
      return
    }
    this.#protocol.answer(path, (answer) => {
      send(this.#spoilt(answer, target))
    })
  }

  truth(symbol: string): TruthBook | undefined {
    return this.#source.truth(symbol)
  }

  watch(symbol: string, hear: (truth: TruthBook) => void): () => void {
    return this.#source.watch(symbol, hear)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const session of this.#sessions) this.#end(session)
  }

  #spoilt(answer: Reply, target: { readonly symbol: string | undefined }): Reply {
    if (this.faults.isIdle) return answer
    if (this.faults.strikes('malformed', target) !== undefined)
      return { ...answer, body: malformed(answer.body) }
    const over = this.faults.strikes('oversized', target)
    return over === undefined
      ? answer
      : { ...answer, body: oversized(answer.body, over.value ?? 256 * 1024 * 1024) }
  }

  #refuseConnect(): Refusal | undefined {
    const refuse = this.faults.strikes('refuse')
    if (refuse !== undefined) return { refused: refuse.value ?? REFUSED_STATUS, headers: {}, body: '' }
    if (this.faults.strikes('http_451') !== undefined)
      return refusalOf(this.#protocol.refusal('http_451', 0), 451)
    const { count, perMs, open } = this.#protocol.connects
    const nowUs = this.#runtime.clock.steadyUs()
    while ((this.#connectsUs[0] ?? nowUs) < nowUs - perMs * 1_000) this.#connectsUs.shift()
    const isFull = this.#connectsUs.length >= count || this.#sessions.size >= open
    if (isFull) return refusalOf(this.#protocol.refusal('http_429', RETRY_AFTER_S), 429)
    if (count < Infinity) this.#connectsUs.push(nowUs)
    return undefined
  }

  #tick(): void {
    const nowUs = this.#runtime.clock.steadyUs()
    if (!this.faults.isIdle) this.#strikeSockets()
    this.#source.advance(nowUs)
    if (nowUs - this.#talkTickUs < TALK_TICK_US) return
    this.#talkTickUs = nowUs
    for (const { outlet, talk } of this.#sessions) {
      outlet.thaw()
      talk.tick?.(nowUs)
    }
  }

  #strikeSockets(): void {
    for (const session of this.#sessions) {
      const { outlet } = session
      if (this.faults.strikesSocket('half_open', session) !== undefined) outlet.freeze()
      const close = this.faults.strikesSocket('close', session)
      if (close !== undefined) outlet.close(close.value ?? CLOSE_CODE, '')
      const maintenance = this.faults.strikesSocket('maintenance', session)
      if (maintenance !== undefined)
        this.#endForMaintenance(session, maintenance.value ?? this.#protocol.closingMs)
    }
  }

  #endForMaintenance(session: Session, closingMs: number): void {
    this.#protocol.announceMaintenance(session.outlet)
    this.#runtime.timers.after(closingMs, () => {
      session.outlet.close(CLOSE_CODE, '')
    })
  }

  #end(session: Session): void {
    if (!this.#sessions.delete(session)) return
    const { outlet } = session
    this.#endedFrames += outlet.frames
    outlet.ended()
    for (const key of outlet.keys) this.#source.leave(key, outlet)
    outlet.keys.clear()
    if (this.#sessions.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** A refused handshake has a status of its own, whatever the venue's REST answers have. */
const refusalOf = ({ headers, body }: Reply, refused: number): Refusal => ({ refused, headers, body })

/** The symbol that a request names, in the spelling of whichever venue. */
function symbolIn(path: string): string | undefined {
  const query = new URLSearchParams(path.split('?')[1] ?? '')
  return query.get('symbol') ?? query.get('instId') ?? query.get('instrument_name') ?? undefined
}
