import type { GapCause } from '../core/gap.ts'
import type { Channel } from '../core/ids.ts'
import type { Random } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { isReading } from './connection.ts'
import { Session, type SessionListener, type SessionSurroundings } from './session.ts'
import type { SessionStream } from './subscribing.ts'

/** A socket ends by plan this part of its lifetime before the venue ends it, give or take half as much: 23 h ± 30 min of 24 h. */
const MARGIN = 1 / 24

/** How long a socket is used, of the `lifetimeMs` that its venue allows. */
export function plannedLifeMs(lifetimeMs: number, random: Random): number {
  if (lifetimeMs === Infinity) return Infinity
  return lifetimeMs * (1 - MARGIN + (random.next() - 0.5) * MARGIN)
}

/**
 * What flows has been taken over long before. Streams that are left are quiet: nothing came of them by either socket, so nothing is
 * missed when the older one goes.
 */
const TAKEOVER_US = 60_000_000

/** What rotation needs besides what sessions do. */
export interface CarrierSurroundings {
  readonly sessions: SessionSurroundings
  readonly listener: SessionListener
  readonly emit: Emit
}

/**
 * One planned socket: the session that carries its streams and, while one replaces the other, the successor. The old session is
 * stopped once the successor has taken over every stream that flows, so there are at most two sockets.
 */
export class Carrier {
  readonly path: string
  readonly #given: CarrierSurroundings
  readonly #listener: SessionListener
  #current: Session
  #successor: Session | undefined
  #rotateAtUs = Infinity

  constructor(path: string, streams: Iterable<SessionStream>, given: CarrierSurroundings) {
    this.path = path
    this.#given = given
    this.#listener = {
      ...given.listener,
      changed: (session, reason) => this.#changed(session, reason),
      closing: () => this.rotate(),
    }
    this.#current = new Session(path, streams, given.sessions, this.#listener)
  }

  /** The sessions there are: one, or two while one replaces the other, the older first. */
  get sessions(): readonly Session[] {
    return this.#successor === undefined ? [this.#current] : [this.#current, this.#successor]
  }

  get streams(): readonly SessionStream[] {
    return [...this.newest.streams.values()]
  }

  /** The stream as its session has it; `undefined` when it is not carried here. */
  streamOf(slot: number, channel: Channel): SessionStream | undefined {
    return this.streams.find((stream) => stream.slot === slot && stream.channel === channel)
  }

  /** The session that is there to stay. */
  get newest(): Session {
    return this.#successor ?? this.#current
  }

  get isRotating(): boolean {
    return this.#successor !== undefined
  }

  /** True while data of all that is carried may arrive. */
  get isReading(): boolean {
    return this.sessions.some(({ state }) => state.name === 'live' || state.name === 'draining')
  }

  /** True when the planned end of the socket has come. */
  isDue(nowUs: number): boolean {
    return !this.isRotating && nowUs >= this.#rotateAtUs
  }

  start(): void {
    this.#current.start()
  }

  stop(): void {
    for (const session of this.sessions.toReversed()) session.stop()
  }

  /** Opens the successor. The session there is reads on until it has been replaced. */
  rotate(): void {
    if (this.#successor !== undefined || !isReading(this.#current.state)) return
    const { sessions, emit } = this.#given
    emit({ type: 'rotation', venue: sessions.venue.id, session: this.#current.lastNumber, step: 'begun' })
    const successor = new Session(this.path, this.#current.streams.values(), sessions, this.#listener)
    this.#successor = successor
    this.#current.drain()
    successor.start()
  }

  join(streams: readonly SessionStream[]): void {
    for (const session of this.sessions) session.join(streams)
  }

  leave(streams: readonly SessionStream[], cause: GapCause): void {
    for (const session of this.sessions) session.leave(streams, cause)
  }

  /** Subscribes anew, on the newest session that can. Answers false when none can. */
  resubscribe(stream: SessionStream, cause: GapCause | undefined): boolean {
    const session = this.sessions.findLast(({ state }) => state.name === 'live' || state.name === 'draining')
    session?.resubscribe(stream, cause)
    return session !== undefined
  }

  /** Gives up the newest socket that reads. */
  reconnect(reason: string, cause: GapCause): void {
    this.sessions.findLast(({ state }) => isReading(state))?.fail(reason, cause)
  }

  sweep(nowUs: number): void {
    for (const session of this.sessions) session.sweep(nowUs)
    const successor = this.#successor
    if (successor?.state.name !== 'live' || successor.number === undefined) return
    const isJoined = this.#given.sessions.taker.pending(successor.number).length === 0
    if (isJoined || nowUs - successor.liveUs > TAKEOVER_US) this.#replace('done')
  }

  #changed(session: Session, reason: string | undefined): void {
    if (session === this.newest && session.state.name === 'live') {
      const { runtime, venue } = this.#given.sessions
      const lifeMs = plannedLifeMs(venue.limits.lifetimeMs, runtime.random)
      this.#rotateAtUs = runtime.clock.steadyUs() + lifeMs * 1_000
    }
    this.#given.listener.changed(session, reason)
    const hasEnded = session === this.#current && session.state.name === 'stopped'
    if (hasEnded && this.#successor !== undefined && this.#successor.state.name !== 'stopped')
      this.#replace('failed')
  }

  /** The successor is the session. `failed`: the old socket ended before all was taken over. */
  #replace(step: 'done' | 'failed'): void {
    const old = this.#current
    if (this.#successor === undefined) return
    this.#current = this.#successor
    this.#successor = undefined
    old.stop()
    const { sessions, emit } = this.#given
    emit({ type: 'rotation', venue: sessions.venue.id, session: this.#current.lastNumber, step })
  }
}
