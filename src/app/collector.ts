import type { Config } from '../config/schema.ts'
import {
  enabledSinks,
  publishSelection,
  selectedVenues,
  tiersOf,
  type VenueSelection,
} from '../config/selection.ts'
import type { Channel, VenueId } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import { Connects } from '../feed/connects.ts'
import { Feed, type FeedOptions } from '../feed/feed.ts'
import { SocketRegistry } from '../feed/registry.ts'
import type { FrameTaker, Recovery } from '../feed/frames.ts'
import { CaptureWriter } from '../journal/capture-writer.ts'
import { placesOf } from '../journal/cursor.ts'
import { Journal } from '../journal/journal.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { NOTHING_SHED, type Shed } from '../pipeline/shedding.ts'
import type { InstrumentStreams } from '../pipeline/streams.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Counts } from '../telemetry/counts.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Symbols } from '../venues/symbols.ts'
import type { Venue } from '../venues/venue.ts'
import { venueOf } from '../venues/venues.ts'
import { record } from './recording.ts'
import { Shedding } from './shedding.ts'

/** Peers that do not answer a close are not waited for: their sockets end with the process. */
const STOP_MS = 1_000
const MS_PER_HOUR = 3_600_000
/** A feed replaces a socket this part of its lifetime before the end; see `plannedLifeMs`. */
const LIFETIME_SHARE = 23 / 24

/** The collection of one venue: its feed, and the pipeline that the feed fills once the instruments are known. */
export interface VenueCollection {
  readonly venue: Venue
  readonly feed: Feed
  readonly counts: Counts
  readonly channels: readonly Channel[]
  /** By slot; empty until the instruments are known. */
  readonly streams: () => readonly InstrumentStreams[]
}

/** What a collector of one process is made of: a feed and a pipeline a venue, and one journal. */
export class Collector {
  readonly collections: readonly VenueCollection[]
  readonly journal: Journal
  readonly shedding: Shedding
  readonly #runtime: Runtime
  readonly #pipelines = new Map<VenueId, Pipeline>()
  /** By exchange and host: an exchange counts the sockets of an address, whichever of its markets they are for. */
  readonly #connects = new Map<string, Connects>()
  readonly #captures: readonly CaptureWriter[]
  #shed: Shed = NOTHING_SHED

  /** Opens the journal and nothing else. Throws `FailureError` when its folder cannot be written. */
  constructor(config: Config, runtime: Runtime, emit: Emit) {
    const { journal } = config
    this.#runtime = runtime
    this.journal = new Journal(
      {
        folder: journal.folder,
        segmentBytes: journal.segmentBytes,
        segmentMs: journal.segmentMinutes * 60_000,
        flushMs: journal.flushMs,
        fsyncMs: journal.fsyncMs,
        limits: {
          limitBytes: journal.limitBytes,
          keepMs: journal.keepHours * MS_PER_HOUR,
          freeBytes: journal.freeBytes,
        },
        places: () => placesOf(journal.folder, enabledSinks(config), runtime.files),
      },
      runtime,
      { emit, held: () => this.#hold(), resumed: () => this.#resume() },
    )
    const captures: CaptureWriter[] = []
    const session = `${config.name}-${Math.floor(runtime.clock.now() / 1_000).toString(36)}`
    this.collections = selectedVenues(config).map((selection) => {
      const writer = captureWriter(config, selection.venue, { runtime, emit })
      if (writer !== undefined) captures.push(writer)
      const outside = writer === undefined ? runtime : record(runtime, writer)
      return this.#collect(selection, { config, session, outside, emit })
    })
    this.#captures = captures
    this.shedding = new Shedding(
      {
        venues: this.collections,
        journal: this.journal,
        flushMs: journal.flushMs,
        tier: tiersOf(config),
        shed: (shed) => this.#shedTops(shed),
      },
      runtime,
      emit,
    )
  }

  /** TCP connections that somebody here answers for. */
  get sockets(): number {
    const { connections } = this.#runtime
    return (
      connections?.owned ?? this.collections.reduce((sum, { feed }) => sum + feed.status().sockets.actual, 0)
    )
  }

  start(): void {
    for (const { feed } of this.collections) feed.start()
  }

  /** Publishes what waits, ends the sockets, seals the journal. Ending on purpose is no gap, hence the pipelines first. */
  async stop(): Promise<void> {
    for (const pipeline of this.#pipelines.values()) pipeline.stop(this.#runtime.clock.now())
    for (const capture of this.#captures) capture.close()
    this.shedding.stop()
    await Promise.race([
      Promise.all(this.collections.map(({ feed }) => feed.stop())),
      new Promise<void>((resolve) => this.#runtime.timers.after(STOP_MS, resolve)),
    ])
    await this.journal.close()
  }

  /** The journal takes nothing: books are kept live, and nothing is recorded. */
  #hold(): void {
    for (const pipeline of this.#pipelines.values()) pipeline.hold()
  }

  #resume(): void {
    for (const pipeline of this.#pipelines.values()) {
      // What one of them has to catch up on may fill the disk again.
      if (this.journal.isHeld) return
      pipeline.resume(this.#runtime.clock.now())
    }
  }

  #shedTops(shed: Shed): void {
    this.#shed = shed
    for (const pipeline of this.#pipelines.values()) pipeline.shed(shed)
  }

  #collect(
    selection: VenueSelection,
    given: {
      readonly config: Config
      readonly session: string
      readonly outside: Runtime
      readonly emit: Emit
    },
  ): VenueCollection {
    const { config, session, outside, emit } = given
    const venue = withLifetime(venueOf(selection.venue), config.rotation.afterHours)
    const counts = new Counts()
    // Recorded sockets are opened by the recording runtime of their venue, hence a registry each.
    const registry = new SocketRegistry(outside.sockets, outside.clock)
    const taker = (symbols: Symbols, instruments: readonly Instrument[], recovery: Recovery): FrameTaker => {
      const pipeline = new Pipeline(
        {
          venue,
          symbols,
          instruments,
          session,
          publish: (instrument) => publishSelection(config, selection.venue, instrument),
          levelLimit: config.book.levelLimit,
          shedRules: {
            tier: tiersOf(config),
            slowMs: config.governor.slowMs,
            depth: config.governor.shedDepth,
          },
        },
        {
          timers: outside.timers,
          append: (line, receiveTimeUs) => this.journal.append(line, receiveTimeUs),
          recovery,
          emit,
          counts,
        },
      )
      if (this.journal.isHeld) pipeline.hold()
      pipeline.shed(this.#shed)
      this.#pipelines.set(venue.id, pipeline)
      return pipeline
    }
    const options = feedOptions(selection, venue)
    const connects = this.#connectsOf(venue, options.hosts.stream)
    const feed = new Feed({ ...options, registry, connects }, outside, emit, taker)
    const { channels } = selection
    return { venue, feed, counts, channels, streams: () => this.#pipelines.get(venue.id)?.streams ?? [] }
  }

  #connectsOf({ exchange, limits }: Venue, streamHost: string): Connects {
    const key = `${exchange} ${new URL(streamHost).host}`
    const connects = this.#connects.get(key) ?? new Connects(limits.connects)
    this.#connects.set(key, connects)
    return connects
  }
}

function feedOptions(selection: VenueSelection, venue: Venue): FeedOptions {
  return {
    venue,
    hosts: { stream: selection.streamUrl ?? venue.hosts.stream, rest: selection.restUrl ?? venue.hosts.rest },
    wanted: selection.instruments.map((instrument) => ({ instrument, channels: selection.channels })),
    choice: { book: selection.bookStream, trade: selection.tradeStream },
    snapshotDepth: selection.snapshotDepth ?? Infinity,
  }
}

function captureWriter(
  config: Config,
  venue: VenueId,
  given: { readonly runtime: Runtime; readonly emit: Emit },
): CaptureWriter | undefined {
  const { capture } = config
  if (!capture.enabled) return undefined
  const options = {
    folder: `${capture.folder}/${venue}`,
    packing: capture.compression,
    rotateBytes: capture.rotateBytes,
  }
  return new CaptureWriter(options, given.runtime, given.emit)
}

/** The venue with its sockets' lifetime cut so that they are replaced after about `hours`. */
function withLifetime(venue: Venue, hours: number): Venue {
  const lifetimeMs = Math.min(venue.limits.lifetimeMs, (hours * MS_PER_HOUR) / LIFETIME_SHARE)
  return { ...venue, limits: { ...venue.limits, lifetimeMs } }
}
