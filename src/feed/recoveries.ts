import type { Emit } from '../telemetry/events.ts'
import { BookStates } from './books.ts'
import type { Recovery } from './frames.ts'
import { Resubscribes } from './resubscribe.ts'
import type { Rest } from './rest.ts'
import type { Carrier } from './rotation.ts'
import type { SessionSurroundings } from './session.ts'
import { channelOf, type Silence, slotOf, streamIndex } from './silence.ts'
import type { Slots } from './slots.ts'
import { Snapshots } from './snapshots.ts'

/** What recoveries need of their feed. */
export interface RecoveriesSurroundings {
  readonly sessions: SessionSurroundings
  readonly rest: Rest
  readonly emit: Emit
  /** Levels a side of a snapshot. */
  readonly depth: number
  readonly slots: Slots
  readonly silence: Silence
  /** Who carries a stream. */
  readonly carrierOf: (stream: number) => Carrier | undefined
  /** The venue will not give it. */
  readonly isRefused: (stream: number) => boolean
}

/** A book without changes for so long after its subscription is quiet: its snapshot waits for them no longer. */
const QUIET_US = 10_000_000
/** A snapshot that comes in the stream has come by then; if it can be asked for, it is. */
const MISSING_US = 5_000_000

/**
 * Makes books live and mute streams speak again, by the way of the venue: a snapshot by REST, or a new subscription. What is not
 * as it should be is found by looking (`mend`), so nothing depends on a call that may be missed.
 */
export class Recoveries implements Recovery {
  readonly #given: RecoveriesSurroundings
  readonly #books: BookStates
  readonly #resubscribes: Resubscribes
  readonly #snapshots: Snapshots | undefined
  /** Snapshots come with the subscription; they are asked for only where they do not. */
  readonly #comesInStream: boolean
  /** Streams that are to speak again after a silence. */
  readonly #mutes = new Set<number>()

  constructor(given: RecoveriesSurroundings) {
    this.#given = given
    this.#books = new BookStates(given.slots.size)
    const { timing, runtime } = given.sessions
    this.#resubscribes = new Resubscribes({
      random: runtime.random,
      policy: timing.recovery,
      deadlineMs: timing.acknowledgeMs,
      resubscribe: (stream, cause) => {
        const carrier = given.carrierOf(stream)
        const own = carrier?.streamOf(slotOf(stream), channelOf(stream))
        if (own === undefined || carrier?.resubscribe(own, cause) !== true) return false
        if (cause !== undefined && own.channel === 'book') this.#books.lost(own.slot, this.#nowUs())
        return true
      },
      reconnect: (stream) => given.carrierOf(stream)?.reconnect('a stream stays silent', 'silent'),
    })
    this.#snapshots = this.#makeSnapshots()
    this.#comesInStream = given.sessions.venue.link.snapshot !== 'request'
  }

  /** Streams that are silent, those of books among them, and books that wait for a snapshot by REST. */
  get counts(): {
    readonly silent: number
    readonly booksSilent: number
    readonly snapshotsWanted: number
  } {
    let booksSilent = 0
    for (const stream of this.#mutes.keys()) if (channelOf(stream) === 'book') booksSilent++
    return { silent: this.#mutes.size, booksSilent, snapshotsWanted: this.#snapshots?.size ?? 0 }
  }

  isLive(slot: number): boolean {
    return this.#books.isLive(slot)
  }

  /** True while a stream is being made to speak. */
  isBusy(stream: number): boolean {
    return this.#resubscribes.has(stream)
  }

  recover(slot: number): void {
    this.#books.lost(slot, this.#nowUs())
    if (this.#comesInStream) this.#resubscribes.want(streamIndex(slot, 'book'), this.#nowUs())
    else this.#snapshots?.want(slot, 'recovery')
  }

  recovered(slot: number): void {
    this.#books.live(slot)
    const stream = streamIndex(slot, 'book')
    this.#snapshots?.done(slot)
    this.#resubscribes.done(stream)
    this.#mutes.delete(stream)
  }

  renew(slot: number): void {
    this.#snapshots?.want(slot, 'audit')
  }

  /** The stream is mute: it ends here, and begins again with a new subscription. */
  mute(stream: number, nowUs: number): void {
    this.#mutes.add(stream)
    this.#resubscribes.want(stream, nowUs, 'silent')
  }

  /** The session of the stream has subscribed to everything anew. */
  fresh(stream: number, nowUs: number): void {
    this.#resubscribes.fresh(stream, nowUs)
  }

  /** The stream has data; `isFirst`: for the first time since it was subscribed to. */
  heard(stream: number, isFirst: boolean): void {
    if (isFirst) this.#snapshots?.pump()
    if (this.#mutes.size > 0 && this.#mutes.delete(stream)) this.#resubscribes.done(stream)
  }

  /** No session carries the stream at the moment. */
  silent(stream: number): void {
    this.#mutes.delete(stream)
    if (channelOf(stream) !== 'book') return
    this.#books.lost(slotOf(stream), this.#nowUs())
    this.#snapshots?.done(slotOf(stream))
  }

  /** The stream is not wanted, or not to be had. */
  forget(stream: number): void {
    this.#resubscribes.done(stream)
    this.silent(stream)
  }

  /** Books that are carried and not live are on their way to it, or are sent on it here. */
  mend(carrier: Carrier, nowUs: number): void {
    if (!carrier.isReading) return
    const isLate = nowUs - carrier.newest.liveUs > this.#given.sessions.timing.firstDataMs * 1_000
    for (const { slot, channel } of carrier.newest.streams.values()) {
      if (channel !== 'book' || this.#books.isLive(slot)) continue
      if (!this.#given.isRefused(streamIndex(slot, channel))) this.#mendBook(slot, isLate, nowUs)
    }
  }

  #mendBook(slot: number, isLate: boolean, nowUs: number): void {
    if (this.#comesInStream && isLate && this.#given.silence.isTrading(slot)) {
      this.#resubscribes.want(streamIndex(slot, 'book'), nowUs)
    }
    if (this.#comesInStream && !this.#isMissing(slot, nowUs)) return
    this.#snapshots?.want(slot, this.#books.wasEverLive(slot) ? 'recovery' : 'bootstrap')
  }

  /** Deltas of the book have come for a while, and the snapshot that should have come before them has not. */
  #isMissing(slot: number, nowUs: number): boolean {
    if (!this.#given.silence.hasData(streamIndex(slot, 'book'))) return false
    return nowUs - this.#books.lostUs(slot) > MISSING_US
  }

  sweep(nowUs: number): void {
    this.#resubscribes.sweep(nowUs)
    this.#snapshots?.pump()
  }

  stop(): void {
    this.#resubscribes.stop()
    this.#snapshots?.stop()
  }

  #makeSnapshots(): Snapshots | undefined {
    const { sessions, rest, emit, depth, slots } = this.#given
    const { venue, runtime, taker, timing } = sessions
    if (venue.snapshot === undefined) return undefined
    return new Snapshots({
      venue,
      snapshot: venue.snapshot,
      rest,
      runtime,
      taker,
      emit,
      depth,
      policy: timing.rest,
      symbolOf: (slot) => slots.symbolOf(slot),
      isReady: (slot) => this.#isReady(slot),
    })
  }

  /** A snapshot joins a stream that flows, or a quiet one on a socket that does. */
  #isReady(slot: number): boolean {
    const stream = streamIndex(slot, 'book')
    const carrier = this.#given.carrierOf(stream)
    if (carrier?.isReading !== true) return false
    const { liveUs, dataUs } = carrier.newest
    return this.#given.silence.hasData(stream) || (!Number.isNaN(dataUs) && this.#nowUs() - liveUs > QUIET_US)
  }

  #nowUs(): number {
    return this.#given.sessions.runtime.clock.steadyUs()
  }
}
