import type { FailureCode, FailureError } from '../core/errors.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { Symbols } from '../venues/symbols.ts'
import type { Hosts, StreamChoice, Venue } from '../venues/venue.ts'
import { Carriers } from './carriers.ts'
import { Absences, InstrumentList } from './catalogue.ts'
import { Connects } from './connects.ts'
import type { FrameTaker, Recovery } from './frames.ts'
import { SocketRegistry } from './registry.ts'
import {
  type Resolution,
  type ResolvedInstrument,
  resolveInstruments,
  type WantedInstrument,
} from './resolve.ts'
import { Rest } from './rest.ts'
import { type FeedStatus, NO_STREAMS, sessionStatus, type Unreachable } from './status.ts'
import { FEED_TIMING, type FeedTiming } from './timing.ts'
import { type Replaceable, replaceable, worstOf } from './worst.ts'

/** What one feed is to do. */
export interface FeedOptions {
  readonly venue: Venue
  readonly hosts: Hosts
  readonly wanted: readonly WantedInstrument[]
  readonly choice: StreamChoice
  /** Levels a side of a snapshot by REST. */
  readonly snapshotDepth: number
  /** Shared by the feeds of a process; a feed without one counts for itself. */
  readonly registry?: SocketRegistry
  /** Shared by the feeds of one exchange that open sockets at one host; likewise. */
  readonly connects?: Connects
  readonly timing?: FeedTiming
}

/** Makes the taker of a feed once its instruments are known, by slot. */
export type MakeTaker = (
  symbols: Symbols,
  instruments: readonly Instrument[],
  recovery: Recovery,
) => FrameTaker

/**
 * One venue: loads its instruments, plans and opens the sockets, keeps every stream true, and says how it is. It never gives up:
 * whatever is out of reach is tried again, ever more rarely.
 */
export class Feed implements Recovery {
  readonly #options: FeedOptions
  readonly #runtime: Runtime
  readonly #emit: Emit
  readonly #makeTaker: MakeTaker
  readonly #registry: SocketRegistry
  readonly #timing: FeedTiming
  readonly #connects: Connects
  readonly #rest: Rest
  readonly #list: InstrumentList
  readonly #absences = new Absences()
  #state: FeedStatus['state'] = 'idle'
  #unreachable: Unreachable | undefined
  /** What was told last: not told again until the venue has been well for a while. */
  #told: FailureCode | undefined
  #resolution: Resolution = { found: [], unknown: [] }
  #carriers: Carriers | undefined
  #isPaused: (instrument: Instrument) => boolean = () => false
  /** By slot: how often it was paused, and whether it is. */
  #pausings: readonly Pausing[] = []
  #sweep: Timer | undefined

  constructor(options: FeedOptions, runtime: Runtime, emit: Emit, makeTaker: MakeTaker) {
    this.#options = options
    this.#runtime = runtime
    this.#emit = emit
    this.#makeTaker = makeTaker
    this.#registry = options.registry ?? new SocketRegistry(runtime.sockets, runtime.clock)
    this.#timing = options.timing ?? FEED_TIMING
    const { venue, hosts } = options
    this.#connects = options.connects ?? new Connects(venue.limits.connects)
    this.#rest = new Rest({
      venue,
      restHost: hosts.rest,
      runtime,
      emit,
      requestMs: this.#timing.requestMs,
      banned: (forMs) => this.#connects.holdUntil(runtime.clock.steadyUs() + forMs * 1_000),
    })
    this.#list = new InstrumentList({
      venue,
      rest: this.#rest,
      runtime,
      emit,
      timing: this.#timing,
      loaded: (instruments) => this.#loaded(instruments),
      failed: (failure) => this.#failed(failure),
    })
  }

  /** Begins. Answers at once; what follows is told by events and `status`. */
  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'loading'
    this.#list.start()
  }

  /** Ends everything. Resolves when all sockets have ended, or after `stopMs` at the latest. A feed is not started again. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopping'
    this.#list.stop()
    this.#rest.stop()
    this.#sweep?.cancel()
    this.#carriers?.stop()
    await this.#socketsEnded()
    this.#state = 'stopped'
  }

  recover(slot: number): void {
    this.#carriers?.recover(slot)
  }

  recovered(slot: number): void {
    this.#carriers?.recovered(slot)
  }

  renew(slot: number): void {
    this.#carriers?.renew(slot)
  }

  /**
   * Does not collect these until told otherwise; the others are collected as ever, and what was paused before and is not any more
   * comes back. What is missed is a gap with the cause `shed`.
   */
  pause(isPaused: (instrument: Instrument) => boolean): void {
    this.#isPaused = isPaused
    this.#carry()
  }

  /** Collects everything again. */
  resume(): void {
    this.pause(() => false)
  }

  /** How often instruments of which `isMeant` holds were paused. */
  pausings(isMeant: (instrument: Instrument) => boolean): number {
    return this.#pausings.reduce(
      (sum, { instrument, count }) => (count > 0 && isMeant(instrument) ? sum + count : sum),
      0,
    )
  }

  /** The connection that is worst off, and how to replace it; `undefined` while none can be. */
  worst(): Replaceable | undefined {
    const nowUs = this.#runtime.clock.steadyUs()
    return worstOf((this.#carriers?.carriers ?? []).flatMap((carrier) => replaceable(carrier, nowUs)))
  }

  status(): FeedStatus {
    const { venue } = this.#options
    const nowUs = this.#runtime.clock.steadyUs()
    const sessions = this.#carriers?.carriers.flatMap((carrier) => carrier.sessions) ?? []
    return {
      venue: venue.id,
      state: this.#state,
      unreachable: this.#unreachable,
      isMaintenance: this.#carriers?.isMaintenance ?? false,
      instruments: this.#resolution.found.length,
      paused: this.#pausings.filter(({ isPaused }) => isPaused).length,
      unknown: this.#resolution.unknown,
      sessions: sessions.map((session) => sessionStatus(session, nowUs)),
      sockets: this.#registry.counts(venue.id),
      counts: this.#carriers?.counts ?? NO_STREAMS,
      restHeldMs: this.#rest.heldMs,
    }
  }

  #loaded(listed: readonly Instrument[]): void {
    if (this.#state === 'loading') this.#begin(listed)
    else if (this.#state === 'running') this.#refresh(listed)
  }

  #begin(listed: readonly Instrument[]): void {
    const { venue, wanted } = this.#options
    this.#reach(undefined)
    this.#resolution = resolveInstruments(listed, wanted)
    for (const { name, hint } of this.#resolution.unknown) {
      this.#emit({ type: 'instrument_unknown', venue: venue.id, symbol: name, hint })
    }
    const instruments = this.#resolution.found.map(({ instrument }) => instrument)
    const symbols = new Symbols(instruments.map(({ symbol }) => symbol))
    const taker = this.#makeTaker(symbols, instruments, this)
    this.#carriers = this.#makeCarriers(taker, instruments)
    this.#state = 'running'
    this.#carry()
    this.#sweep = this.#runtime.timers.every(this.#timing.sweepMs, () =>
      this.#carriers?.sweep(this.#runtime.clock.steadyUs()),
    )
  }

  /** A later list: what has ended is left, what is back is carried again. Slots never change, so nothing can be added. */
  #refresh(listed: readonly Instrument[]): void {
    const { found, unknown } = this.#resolution
    const states = this.#absences.update(
      found.map(({ instrument }) => instrument),
      listed,
    )
    const updated: readonly ResolvedInstrument[] = found.map(({ instrument, channels }, slot) => ({
      instrument: states[slot] ?? instrument,
      channels,
    }))
    this.#resolution = { found: updated, unknown }
    this.#carry()
    this.#carriers?.retryRefused()
  }

  #carry(): void {
    const { found } = this.#resolution
    if (this.#state !== 'running') return
    this.#pausings = found.map(({ instrument }, slot) => {
      const { count, isPaused: wasPaused } = this.#pausings[slot] ?? { count: 0, isPaused: false }
      const isPaused = instrument.state !== 'ended' && this.#isPaused(instrument)
      return { instrument, isPaused, count: isPaused && !wasPaused ? count + 1 : count }
    })
    this.#carriers?.carry(
      found.filter((_, slot) => this.#pausings[slot]?.isPaused !== true),
      (slot) => this.#pausings[slot]?.isPaused === true,
    )
  }

  #makeCarriers(taker: FrameTaker, instruments: readonly Instrument[]): Carriers {
    const { venue, hosts, choice, snapshotDepth } = this.#options
    return new Carriers({
      sessions: {
        venue,
        streamHost: hosts.stream,
        runtime: this.#runtime,
        registry: this.#registry,
        connects: this.#connects,
        timing: this.#timing,
        taker,
      },
      rest: this.#rest,
      emit: this.#emit,
      choice,
      depth: snapshotDepth,
      instruments,
      reach: (failure) => this.#reach(failure),
      settled: () => {
        this.#told = undefined
      },
    })
  }

  #failed(failure: FailureError): void {
    if (this.#state === 'loading') this.#reach({ code: failure.code, text: failure.message })
  }

  /** Tells once for each reason that the venue is out of reach. */
  #reach(unreachable: Unreachable | undefined): void {
    this.#unreachable = unreachable
    if (unreachable === undefined || unreachable.code === this.#told) return
    this.#told = unreachable.code
    this.#emit({ type: 'venue_unreachable', venue: this.#options.venue.id, ...unreachable })
  }

  #socketsEnded(): Promise<void> {
    const { clock, timers } = this.#runtime
    const untilUs = clock.steadyUs() + this.#timing.stopMs * 1_000
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      const { actual } = this.#registry.counts(this.#options.venue.id)
      if (actual === 0 || clock.steadyUs() >= untilUs) resolve()
      else timers.after(STOP_LOOK_MS, look)
    }
    look()
    return promise
  }
}

interface Pausing {
  readonly instrument: Instrument
  readonly isPaused: boolean
  readonly count: number
}

/** How often it is looked whether all sockets have ended, ms. */
const STOP_LOOK_MS = 20
