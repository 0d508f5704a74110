import type { Channel, VenueId } from '../../src/core/ids.ts'
import type { EmulatedVenue } from '../../src/emulator/model.ts'
import type { EmulatorOptions } from '../../src/emulator/options.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { Feed } from '../../src/feed/feed.ts'
import type { FrameTaker } from '../../src/feed/frames.ts'
import { SocketRegistry } from '../../src/feed/registry.ts'
import type { WantedInstrument } from '../../src/feed/resolve.ts'
import { FEED_TIMING, type FeedTiming } from '../../src/feed/timing.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { venueOf } from '../../src/venues/venues.ts'

export const HOST = 'venue.test'

export interface RigOptions {
  readonly seed?: number
  /** How many of the model's symbols are collected. */
  readonly symbols?: number
  readonly wanted?: readonly WantedInstrument[]
  readonly emulator?: EmulatorOptions
  /** Changes the venue's description: shorter lives, other limits. */
  readonly change?: (venue: Venue) => Venue
  readonly timing?: Partial<FeedTiming>
}

/** A feed with a real pipeline before an emulated venue, all on virtual time. */
export class FeedRig {
  readonly sim: Simulation
  readonly model: EmulatedVenue
  readonly registry: SocketRegistry
  readonly counts = new Counts()
  readonly events: SystemEvent[] = []
  readonly feed: Feed
  pipeline: Pipeline | undefined
  /** Streams that were ended while a newer session had not taken them over. */
  endedEarly = 0

  constructor(id: VenueId, options: RigOptions = {}) {
    const { seed = 1, symbols = 3, change = (same) => same } = options
    const venue = change(venueOf(id))
    this.sim = new Simulation({ seed })
    this.model = venueModel(id, this.sim, { seed, instruments: Math.max(symbols, 5), ...options.emulator })
    this.sim.network.register(HOST, this.model)
    this.registry = new SocketRegistry(this.sim.sockets, this.sim.clock)
    const channels: readonly Channel[] = ['book', 'trade']
    const wanted = this.model.symbols.slice(0, symbols).map((instrument) => ({ instrument, channels }))
    const [book = '', trade = ''] = [venue.options.book[0], venue.options.trade[0]]
    this.feed = new Feed(
      {
        venue,
        hosts: { stream: `wss://${HOST}`, rest: `https://${HOST}` },
        wanted: options.wanted ?? wanted,
        choice: { book, trade },
        snapshotDepth: 1_000,
        registry: this.registry,
        timing: { ...FEED_TIMING, ...options.timing },
      },
      this.sim,
      (event) => this.events.push(event),
      (table, instruments, recovery) => {
        const { counts } = this
        const emit = (event: SystemEvent): void => void this.events.push(event)
        this.pipeline = new Pipeline(
          {
            venue,
            symbols: table,
            instruments,
            session: 'test',
            publish: () => ({ deltas: true, depth: 0, everyMs: 100 }),
            levelLimit: 5_000,
          },
          { timers: this.sim.timers, append: () => undefined, recovery, emit, counts },
        )
        return this.#judged(this.pipeline)
      },
    )
  }

  /** Books that are live in the pipeline: the judge of what the feed believes. */
  get live(): number {
    return this.pipeline?.streams.filter(({ book }) => book.sync.isLive).length ?? 0
  }

  /** Lets time pass until `count` books are live. */
  async until(count: number, limitMs: number): Promise<boolean> {
    return await this.sim.runUntil(() => this.live >= count, limitMs)
  }

  /** The pipeline as taker, watched for streams that end too early. */
  #judged(pipeline: Pipeline): FrameTaker {
    let newest = 0
    return {
      frame: (session, bytes, receiveTimeUs) => pipeline.frame(session, bytes, receiveTimeUs),
      snapshot: (slot, answer) => pipeline.snapshot(slot, answer),
      pending: (session) => pipeline.pending(session),
      carries: (session, streams) => {
        newest = Math.max(newest, session)
        pipeline.carries(session, streams)
      },
      ended: (session, streams, cause) => {
        if (session < newest) this.endedEarly += pipeline.pending(newest).length
        pipeline.ended(session, streams, cause)
      },
    }
  }

  of<Type extends SystemEvent['type']>(type: Type): (SystemEvent & { readonly type: Type })[] {
    return this.events.filter((event): event is SystemEvent & { readonly type: Type } => event.type === type)
  }

  /** Stops the feed in virtual time. */
  async stop(): Promise<void> {
    const stopped = this.feed.stop()
    this.pipeline?.stop(this.sim.clock.now())
    await this.sim.advance(10_000)
    await stopped
    this.model.stop()
  }
}
