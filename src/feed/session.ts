import type { Columns, Control } from '../core/columns.ts'
import type { GapCause } from '../core/gap.ts'
import type { EpochMicros } from '../core/units.ts'
import { Alarm } from '../runtime/alarm.ts'
import type { SocketEnd } from '../runtime/runtime.ts'
import type { Request } from '../venues/venue.ts'
import {
  type ConnectionEvent,
  type ConnectionState,
  type Effect,
  isReading,
  step,
  UNACKNOWLEDGED,
} from './connection.ts'
import type { FrameTaker } from './frames.ts'
import { limitedMs, retreatAfter, retreatMs } from './retreat.ts'
import { type SessionStream, Subscribing } from './subscribing.ts'
import { Wire, type WireSurroundings } from './wire.ts'

/** What the sessions of a feed share. */
export interface SessionSurroundings extends WireSurroundings {
  readonly taker: FrameTaker
}

/** Who hears of a session. All calls are synchronous. */
export interface SessionListener {
  /** The state has another name. `reason`: why the last socket ended. */
  changed(session: Session, reason: string | undefined): void
  /** A frame with data was applied at `nowUs` (steady). `said` is good during the call. */
  data(session: Session, said: Columns, nowUs: number): void
  /** The venue will end the socket. */
  closing(session: Session): void
  /** The venue will not give this stream; the session goes on without it. */
  refused(session: Session, stream: SessionStream, why: Refused): void
  maintenance(active: boolean, reason: string): void
}

export interface Refused {
  readonly code: string
  readonly text: string
}

/** Frames refused within `MALFORMED_WINDOW_US` after which the socket is given up. */
const MALFORMED_LIMIT = 3
const MALFORMED_WINDOW_US = 60_000_000
/** The socket's own deadline comes first. */
const HANDSHAKE_GRACE_US = 1_000_000

/**
 * Carries a set of streams over one socket at a time: opens, subscribes, reads, keeps alive, and begins again, until it is
 * stopped. It does what `connection.ts` decides. At most one timer is armed. It is the one place where deciding (`connection`,
 * `subscribing`, `retreat`) and doing (`wire`) meet, so it is longer than its neighbours.
 */
export class Session {
  readonly path: string
  readonly #given: SessionSurroundings
  readonly #listener: SessionListener
  readonly #wire: Wire
  readonly #subscribing: Subscribing
  #state: ConnectionState = { name: 'idle' }
  readonly #events: ConnectionEvent[] = []
  #isStepping = false
  /** The socket number under which the taker was told that the streams are carried. */
  #carrier: number | undefined
  readonly #alarm: Alarm
  #deadlineUs = Infinity
  #liveUs = Number.NaN
  #dataUs = Number.NaN
  #pingedUs = 0
  #malformedUs: readonly number[] = []
  #reason: string | undefined

  constructor(
    path: string,
    streams: Iterable<SessionStream>,
    given: SessionSurroundings,
    listener: SessionListener,
  ) {
    this.path = path
    this.#given = given
    this.#listener = listener
    this.#subscribing = new Subscribing(given.venue, streams)
    this.#alarm = new Alarm(given.runtime, () => this.#due())
    this.#wire = new Wire(path, given, {
      dialled: () => this.#happen({ type: 'dialled' }),
      opened: () => this.#opened(),
      frame: (bytes, receiveTimeUs) => this.#frame(bytes, receiveTimeUs),
      ended: (end) => this.#ended(end),
      moved: () => this.#schedule(),
    })
  }

  /** By key. */
  get streams(): ReadonlyMap<string, SessionStream> {
    return this.#subscribing.streams
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The number of the socket; `undefined` while there is none. */
  get number(): number | undefined {
    return this.#wire.number
  }

  /** The number of the socket there is, or was last; 0 before the first. */
  get lastNumber(): number {
    return this.#wire.lastNumber
  }

  /** Steady time since which all is acknowledged; NaN while it is not. */
  get liveUs(): number {
    return this.#liveUs
  }

  /** Steady time of the last data of this socket; NaN before the first. */
  get dataUs(): number {
    return this.#dataUs
  }

  /** Steady time of the last frame of any kind. */
  get heardUs(): number {
    return this.#wire.heardUs
  }

  /** Steady time of the last sign of life that this side asked for. */
  get pingedUs(): number {
    return this.#pingedUs
  }

  /** Why the last socket ended; `undefined` before the first end. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Milliseconds until the next attempt; `undefined` unless waiting. */
  get retryInMs(): number | undefined {
    return this.#state.name === 'waiting'
      ? Math.max(0, (this.#deadlineUs - this.#nowUs()) / 1_000)
      : undefined
  }

  start(): void {
    this.#happen({ type: 'start' })
  }

  stop(): void {
    this.#happen({ type: 'stop' })
  }

  /** Reads on, but does not come back after the end of the socket: a successor takes over. */
  drain(): void {
    this.#happen({ type: 'drain' })
  }

  /** Gives up the socket for the next one. */
  fail(reason: string, cause: GapCause): void {
    this.#happen({ type: 'failed', reason, cause })
  }

  /** Carries these streams as well. */
  join(streams: readonly SessionStream[]): void {
    this.#subscribing.add(streams)
    if (this.#carrier === undefined) return
    this.#given.taker.carries(this.#carrier, streams)
    this.#send(this.#subscribing.subscribe(streams.map(({ key }) => key)))
    this.#pump()
  }

  /** Carries these streams no more. With the last of them it is about to be stopped, and says nothing to the venue. */
  leave(streams: readonly SessionStream[], cause: GapCause): void {
    this.#subscribing.remove(streams)
    if (this.#carrier === undefined) return
    this.#given.taker.ended(this.#carrier, streams, cause)
    if (this.streams.size === 0) return
    this.#send(this.#subscribing.unsubscribe(streams))
    this.#settled()
    this.#pump()
  }

  /** Subscribes anew to one stream. With `cause` the taker is told that the stream ended and begins again. */
  resubscribe(stream: SessionStream, cause?: GapCause): void {
    if (this.#carrier === undefined || !this.streams.has(stream.key)) return
    if (cause !== undefined) {
      this.#given.taker.ended(this.#carrier, [stream], cause)
      this.#given.taker.carries(this.#carrier, [stream])
    }
    this.#send(this.#subscribing.unsubscribe([stream]))
    this.#send(this.#subscribing.subscribe([stream.key]))
    this.#pump()
  }

  /** Asks the venue for a sign of life. */
  probe(): void {
    this.#pingedUs = this.#nowUs()
    const { ping } = this.#given.venue.heartbeat
    if (ping === undefined) this.#wire.ping()
    else this.#wire.send(ping.text)
  }

  /** Looks at what time alone brings: keep-alive, silence, recovery. Called about once a second. */
  sweep(nowUs: number): void {
    if (!isReading(this.#state)) return
    const { heartbeat } = this.#given.venue
    if (nowUs - this.#wire.aliveUs >= heartbeat.silenceMs * 1_000) {
      this.fail('no sign of life', 'silent')
      return
    }
    const quietUs = nowUs - Math.max(this.#wire.heardUs, this.#pingedUs)
    if (heartbeat.ping !== undefined && quietUs >= heartbeat.ping.everyMs * 1_000) this.probe()
    if (this.#state.name !== 'live' || this.#state.attempt === 0) return
    const stableUs = this.#given.timing.stableMs * 1_000
    if (nowUs - this.#liveUs >= stableUs && nowUs - this.#dataUs < stableUs) this.#happen({ type: 'stable' })
  }

  /** Events are stepped through one after another, also when an effect brings the next one at once. */
  #happen(event: ConnectionEvent): void {
    this.#events.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next)
    } finally {
      this.#isStepping = false
    }
    this.#pump()
  }

  #step(event: ConnectionEvent): void {
    const before = this.#state.name
    const { state, effects } = step(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    if (state.name === before) return
    if (state.name === 'live') this.#liveUs = this.#nowUs()
    this.#listener.changed(this, this.#reason)
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        this.#wire.dial()
        break
      case 'subscribe':
        this.#send(this.#subscribing.all())
        break
      case 'ask_again':
        this.#askAgain()
        break
      case 'succeed':
        this.#listener.closing(this)
        break
      case 'close':
        if (effect.reason === UNACKNOWLEDGED) this.#subscribing.strike()
        this.#lost(effect.reason, effect.cause)
        this.#wire.close(effect.reason)
        break
      case 'release':
        this.#lost(effect.reason, 'disconnected')
        break
      case 'arm':
        this.#deadlineUs = this.#dueUs(effect)
        break
      case 'disarm':
        this.#deadlineUs = Infinity
        break
    }
  }

  #dueUs(effect: Effect & { readonly type: 'arm' }): number {
    const { timing, runtime } = this.#given
    switch (effect.timer) {
      case 'handshake':
        // The socket keeps the same deadline and tells why; this catches one that does not.
        return this.#nowUs() + timing.handshakeMs * 1_000 + HANDSHAKE_GRACE_US
      case 'acknowledge':
        return this.#nowUs() + timing.acknowledgeMs * 1_000
      case 'retry':
        return this.#nowUs() + retreatMs(effect.retreat, effect.attempt, timing, runtime.random) * 1_000
    }
  }

  #opened(): void {
    const { taker, venue } = this.#given
    this.#liveUs = Number.NaN
    this.#dataUs = Number.NaN
    this.#malformedUs = []
    this.#carrier = this.#wire.number
    if (this.#carrier !== undefined) taker.carries(this.#carrier, [...this.streams.values()])
    for (const text of venue.greet()) this.#wire.push(text)
    this.#happen({ type: 'opened', pending: this.streams.size })
  }

  #ended(end: SocketEnd): void {
    const retreat = retreatAfter(end)
    if (retreat.kind === 'limited') {
      const waitMs = limitedMs(retreat.atLeastMs, this.#attempt + 1)
      this.#given.connects.holdUntil(this.#nowUs() + waitMs * 1_000)
    }
    const status = end.status === undefined ? '' : `HTTP ${end.status} `
    this.#happen({ type: 'closed', reason: `${status}${end.code} ${end.reason}`.trim(), retreat })
  }

  /** The streams of the socket are carried no more. */
  #lost(reason: string, cause: GapCause): void {
    const carrier = this.#carrier
    this.#reason = reason
    this.#carrier = undefined
    this.#liveUs = Number.NaN
    this.#subscribing.forget()
    if (carrier !== undefined) this.#given.taker.ended(carrier, [...this.streams.values()], cause)
  }

  #frame(bytes: Uint8Array, receiveTimeUs: EpochMicros): void {
    const number = this.#carrier
    if (number === undefined) return
    const said = this.#given.taker.frame(number, bytes, receiveTimeUs)
    if (said === undefined) {
      this.#malformed(this.#wire.heardUs)
      return
    }
    if (said.count > 0) {
      this.#dataUs = this.#wire.heardUs
      this.#listener.data(this, said, this.#dataUs)
    }
    // What is done about one may have the columns filled anew.
    if (said.control.length > 0) said.control.slice().forEach((control) => this.#control(control))
  }

  #malformed(nowUs: number): void {
    this.#malformedUs = [...this.#malformedUs.filter((us) => nowUs - us < MALFORMED_WINDOW_US), nowUs]
    if (this.#malformedUs.length >= MALFORMED_LIMIT) this.fail('malformed frames', 'malformed')
  }

  #control(control: Control): void {
    switch (control.type) {
      case 'acknowledged':
        this.#subscribing.accept(control)
        this.#settled()
        break
      case 'refused':
        this.#refused(control)
        break
      case 'test_request':
        if (this.#given.venue.heartbeat.answer !== undefined)
          this.#wire.send(this.#given.venue.heartbeat.answer)
        break
      case 'heartbeat':
        break
      case 'closing':
        this.#reason = control.reason
        this.#happen({ type: 'closing' })
        break
      case 'maintenance':
        this.#listener.maintenance(control.active, control.reason)
        break
    }
  }

  #refused(control: Control & { readonly type: 'refused' }): void {
    if (control.verdict === 'reconnect') {
      this.fail(`${control.code} ${control.text}`, 'disconnected')
      return
    }
    const stream = this.#subscribing.refuse(control)
    if (stream === undefined) return
    this.#listener.refused(this, stream, control)
    this.#settled()
  }

  #askAgain(): void {
    const { requests, leftOut } = this.#subscribing.again()
    const why = { code: 'unacknowledged', text: 'no answer to the subscription' }
    for (const stream of leftOut) this.#listener.refused(this, stream, why)
    this.#send(requests)
    this.#settled()
  }

  #settled(): void {
    if (this.#state.name !== 'subscribing') return
    this.#happen({ type: 'acknowledged', pending: this.#subscribing.pending })
  }

  #send(requests: readonly Request[]): void {
    const isQueued = requests.every(({ text }) => this.#wire.push(text))
    if (!isQueued) this.fail('too many requests wait', 'disconnected')
  }

  get #attempt(): number {
    return 'attempt' in this.#state ? this.#state.attempt : 0
  }

  #nowUs(): number {
    return this.#given.runtime.clock.steadyUs()
  }

  /** Sends what may be sent, and arms the timer for what is next. */
  #pump(): void {
    this.#wire.tick(this.#nowUs())
    this.#schedule()
  }

  #schedule(): void {
    this.#alarm.set(Math.min(this.#deadlineUs, this.#wire.dueUs))
  }

  #due(): void {
    const nowUs = this.#nowUs()
    if (this.#deadlineUs > nowUs) {
      this.#pump()
      return
    }
    const isAsking = this.#state.name === 'subscribing' && this.#wire.waiting > 0
    this.#deadlineUs = isAsking ? nowUs + this.#given.timing.acknowledgeMs * 1_000 : Infinity
    if (isAsking) this.#pump()
    else this.#happen({ type: 'timeout' })
  }
}
