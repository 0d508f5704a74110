import { CHANNELS, type Channel } from '../core/ids.ts'
import type { FeedStatus } from '../feed/status.ts'
import type { BookStream, InstrumentStreams } from '../pipeline/streams.ts'
import type { Clock } from '../runtime/runtime.ts'
import type { Counts } from '../telemetry/counts.ts'
import type {
  CollectorReport,
  ProcessReport,
  SheddingReport,
  ShownBook,
  VenueReport,
} from '../telemetry/report.ts'
import type { Tallies } from '../telemetry/tallies.ts'
import type { Collector, VenueCollection } from './collector.ts'

/** Books of a venue that a screen may show. */
const SHOWN_LIMIT = 12

/** Keeps the sum of 20,000 times in µs exact: nothing stands still for exactly 19 hours between two looks. */
const SUM_MODULUS = 2 ** 36

/** Books of a venue that were held against the truth. */
export type ChecksOf = (venue: string) => { readonly equal: number; readonly total: number } | undefined

/** What is kept of a venue from one report to the next. */
interface VenueMemory {
  observedSeconds: number
  goodSeconds: number
  readonly freshness: Readonly<Record<Channel, Freshness>>
}

/** Tells of a running collector, once a second. */
export class CollectorReporter {
  readonly #collector: Collector
  readonly #tallies: Tallies
  readonly #clock: Clock
  readonly #checks: ChecksOf
  readonly #memory = new Map<string, VenueMemory>()
  #atUs: number

  constructor(collector: Collector, tallies: Tallies, clock: Clock, checks: ChecksOf = () => undefined) {
    this.#collector = collector
    this.#tallies = tallies
    this.#clock = clock
    this.#checks = checks
    this.#atUs = clock.steadyUs()
  }

  report(process: ProcessReport, shedding: SheddingReport): CollectorReport {
    const { journal } = this.#collector
    const nowUs = this.#clock.steadyUs()
    const passedUs = nowUs - this.#atUs
    this.#atUs = nowUs
    return {
      role: 'collector',
      process,
      venues: this.#collector.collections.map((collection) =>
        this.#venue(collection, { wallUs: this.#clock.now(), steadyUs: nowUs, passedUs }),
      ),
      journal: { ...journal.status(), lostBy: Object.fromEntries(this.#tallies.unreadBy) },
      shedding,
    }
  }

  #venue(collection: VenueCollection, now: Moment): VenueReport {
    const { venue, feed, counts } = collection
    const status = feed.status()
    const tally = this.#tallies.of(venue.id)
    const streams = collection.streams()
    const books = booksOf(streams, status)
    const memory = this.#memoryOf(venue.id)
    memory.observedSeconds += (books.expected * now.passedUs) / 1e6
    memory.goodSeconds += (Math.max(0, books.live - books.stale) * now.passedUs) / 1e6
    return {
      venue: venue.id,
      state: status.state,
      trouble: troubleOf(status),
      isMaintenance: status.isMaintenance,
      restHeldMs: status.restHeldMs,
      sockets: socketsOf(status),
      streams: {
        wanted: status.counts.streams,
        heard: status.counts.heard,
        refused: status.counts.refused,
      },
      books,
      ageMs: agesOf(streams, memory, now),
      channels: CHANNELS.filter((channel) => collection.channels.includes(channel)),
      ...countedOf(counts),
      refusedBy: Object.fromEntries(tally.refusedBy),
      gapsBy: Object.fromEntries(tally.gapsBy),
      reconnectsBy: Object.fromEntries(tally.reconnectsBy),
      silences: tally.silences,
      snapshotFailures: tally.snapshotFailures,
      resyncSeconds: tally.takeResyncs(),
      observedSeconds: memory.observedSeconds,
      goodSeconds: memory.goodSeconds,
      checks: this.#checks(venue.id),
      shown: streams.slice(0, SHOWN_LIMIT).map((stream) => shownBook(stream, now.wallUs)),
    }
  }

  #memoryOf(venue: string): VenueMemory {
    const memory = this.#memory.get(venue) ?? {
      observedSeconds: 0,
      goodSeconds: 0,
      freshness: { book: new Freshness(), trade: new Freshness() },
    }
    this.#memory.set(venue, memory)
    return memory
  }
}

/** What its pipeline has counted. */
const countedOf = (counts: Counts) => ({
  frames: counts.frames,
  bytes: counts.bytes,
  trades: counts.trades,
  deltas: counts.deltas,
  tops: counts.books,
  records: counts.records,
  recordBytes: counts.recordBytes,
  ignored: counts.ignored,
  unknown: counts.unknown,
  duplicates: counts.duplicates,
  unsynced: counts.unsynced,
  unscanned: counts.unscanned,
  unrecorded: counts.unrecorded,
  snapshots: counts.snapshots,
  snapshotsStale: counts.snapshotsStale,
  renewals: counts.renewals,
  lagP50Ms: inMs(counts.lagUs(0.5)),
  lagP99Ms: inMs(counts.lagUs(0.99)),
})

interface Moment {
  readonly wallUs: number
  readonly steadyUs: number
  /** Since the last report. */
  readonly passedUs: number
}

const inMs = (us: number | undefined): number | undefined => (us === undefined ? undefined : us / 1_000)

function socketsOf({ sockets }: FeedStatus): VenueReport['sockets'] {
  const { opening, open, closing, desired, peak } = sockets
  return { opening, open, closing, planned: desired, peak }
}

function booksOf(streams: readonly InstrumentStreams[], { counts }: FeedStatus): VenueReport['books'] {
  const books = { live: 0, waiting: 0, buffering: 0, levels: 0 }
  for (const { book } of streams) {
    books[book.sync.state]++
    books.levels += book.sync.book.bids.count + book.sync.book.asks.count
  }
  return { ...books, expected: counts.books, stale: Math.min(counts.booksSilent, books.live) }
}

/**
 * When the last good thing of a channel came, on steady time: a wall clock that is set must not make anything old. What is looked at
 * is whether any stream has moved since the last look.
 */
class Freshness {
  #sum = 0
  #goodUs: number | undefined

  /** Age in ms; `undefined` before the first. `latest` is the newest of `times`, both on wall time. */
  ageMs(
    times: { readonly sum: number; readonly latestUs: number },
    now: { readonly wallUs: number; readonly steadyUs: number; readonly passedUs: number },
  ): number | undefined {
    if (times.sum !== this.#sum) {
      this.#sum = times.sum
      const ageUs = Math.min(Math.max(0, now.wallUs - times.latestUs), now.passedUs)
      this.#goodUs = now.steadyUs - ageUs
    }
    return this.#goodUs === undefined ? undefined : (now.steadyUs - this.#goodUs) / 1_000
  }
}

function agesOf(
  streams: readonly InstrumentStreams[],
  { freshness }: VenueMemory,
  now: Moment,
): VenueReport['ageMs'] {
  const ages: Partial<Record<Channel, number>> = {}
  for (const channel of CHANNELS) {
    const ageMs = freshness[channel].ageMs(goodTimes(streams, channel), now)
    if (ageMs !== undefined) ages[channel] = ageMs
  }
  return ages
}

/** Receive times of the last good thing of every stream of a channel: their sum, which moves when any does, and the latest. */
function goodTimes(
  streams: readonly InstrumentStreams[],
  channel: Channel,
): { readonly sum: number; readonly latestUs: number } {
  let sum = 0
  let latestUs = -Infinity
  for (const { book, trades } of streams) {
    const { goodTimeUs } = channel === 'book' ? book : trades
    if (goodTimeUs === undefined) continue
    sum += goodTimeUs % SUM_MODULUS
    if (goodTimeUs > latestUs) latestUs = goodTimeUs
  }
  return { sum, latestUs }
}

/** What keeps a venue from being collected, in words; `undefined` while nothing does. */
function troubleOf(status: FeedStatus): string | undefined {
  const { unreachable, isMaintenance, unknown, sessions } = status
  if (unreachable !== undefined) return `cannot be reached: ${unreachable.code}: ${unreachable.text}`
  const waiting = sessions.find(({ state, attempt }) => state === 'waiting' && attempt > 0)
  if (waiting !== undefined) return `socket lost (${waiting.reason ?? 'no reason given'}), trying again`
  if (isMaintenance) return 'the venue is in maintenance'
  if (unknown.length === 0) return undefined
  const names = unknown.map(({ name, hint }) =>
    hint === undefined ? name : `${name} (did you mean ${hint}?)`,
  )
  return `not listed there: ${names.join(', ')}`
}

/** The best of a book as text; dashes for a side that is empty or not known. */
function shownBook({ instrument, book }: InstrumentStreams, nowUs: number): ShownBook {
  const levels = book.sync.book
  const side = (of: 'bids' | 'asks'): string =>
    book.sync.isLive && levels[of].count > 0 ? levels.priceText(levels[of], 0) : '-'
  return {
    symbol: instrument.symbol,
    bid: side('bids'),
    ask: side('asks'),
    levels: book.sync.isLive ? levels.bids.count + levels.asks.count : 0,
    state: stateOf(book),
    ageMs: book.goodTimeUs === undefined ? undefined : (nowUs - book.goodTimeUs) / 1_000,
  }
}

function stateOf(book: BookStream): string {
  if (book.sync.isLive) return book.isCrossed ? 'crossed' : 'live'
  return book.gap === undefined ? book.sync.state : `lost: ${book.gap.cause}`
}
