import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Book } from '../../src/book/book.ts'
import type { VenueId } from '../../src/core/ids.ts'
import type { Fault, TruthBook } from '../../src/emulator/model.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { Feed } from '../../src/feed/feed.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { type Json, readRecord } from '../pipeline/rig.ts'

const HOST = 'venue.test'
const SYMBOLS = 2
/** Levels a side: few, so that every book can be compared whole at every event. */
const DEPTH = 40
const MINUTE_MS = 60_000

export interface DayOptions {
  readonly venue: VenueId
  readonly seed: number
  readonly minutes: number
  /** What goes wrong; without, nothing does. */
  readonly hostile: boolean
}

/** A day in virtual time: the real feed and pipeline against an emulated venue, with its truth looked over all the while. */
export class Day {
  readonly records: Json[] = []
  readonly counts = new Counts()
  /** Book events of each symbol in their order: sequence, and the true book after it. */
  readonly truth = new Map<string, { order: number[]; at: Map<number, string> }>()
  /** Published books that were held against the truth. */
  compared = 0
  liveAtEnd = 0
  booksAtEnd = 0
  openAtEnd = 0
  peak = 0
  desired = 0
  struck = 0
  readonly #hash = createHash('sha256')

  /** One number for all that was recorded. */
  get trace(): string {
    return this.#hash.copy().digest('hex')
  }

  async run(options: DayOptions): Promise<void> {
    const simulation = new Simulation({ seed: options.seed })
    const random = new SeededRandom(options.seed ^ 0x5bd1e995)
    const { clock, timers } = simulation
    const model = venueModel(
      options.venue,
      { clock, timers, random },
      { seed: options.seed, instruments: SYMBOLS, depth: DEPTH },
    )
    simulation.network.register(HOST, model)
    for (const symbol of model.symbols)
      this.#watch(model.truth(symbol), symbol, (hear) => model.watch(symbol, hear))
    const feed = this.#feed(options.venue, model.symbols, simulation)
    feed.start()
    await simulation.advance(MINUTE_MS)
    for (let minute = 1; minute < options.minutes; minute++) {
      if (options.hostile) this.#disturb(random, model.faults, simulation)
      await simulation.advance(MINUTE_MS)
    }
    model.faults.clear()
    simulation.network.unblock(HOST)
    await simulation.advance(10 * MINUTE_MS)
    const status = feed.status()
    this.liveAtEnd = status.counts.booksLive
    this.booksAtEnd = status.counts.books
    this.peak = status.sockets.peak
    this.desired = status.sockets.desired
    this.struck = [...model.faults.struck.values()].reduce((sum, times) => sum + times, 0)
    const stopped = feed.stop()
    await simulation.advance(MINUTE_MS)
    await stopped
    this.openAtEnd = simulation.network.openSockets(HOST)
    model.stop()
  }

  #watch(
    first: TruthBook | undefined,
    symbol: string,
    watch: (hear: (truth: TruthBook) => void) => void,
  ): void {
    const seen = { order: [] as number[], at: new Map<number, string>() }
    this.truth.set(symbol, seen)
    const hear = (truth: TruthBook): void => {
      seen.order.push(truth.sequence)
      seen.at.set(truth.sequence, dump(truth))
    }
    if (first !== undefined) hear(first)
    watch(hear)
  }

  #feed(id: VenueId, symbols: readonly string[], simulation: Simulation): Feed {
    const venue = venueOf(id)
    return new Feed(
      {
        venue,
        hosts: { stream: `wss://${HOST}`, rest: `https://${HOST}` },
        wanted: symbols.map((instrument) => ({ instrument, channels: ['book', 'trade'] })),
        choice: { book: venue.options.book[0] ?? '', trade: venue.options.trade[0] ?? '' },
        snapshotDepth: 1_000,
      },
      simulation,
      () => undefined,
      (table, instruments, recovery) => {
        const pipeline: Pipeline = new Pipeline(
          {
            venue,
            symbols: table,
            instruments,
            session: 'day',
            publish: () => ({ deltas: true, depth: 0, everyMs: 1_000 }),
            levelLimit: 10_000,
          },
          {
            timers: simulation.timers,
            append: (line) => this.#take(new TextDecoder().decode(line), pipeline),
            recovery,
            emit: () => undefined,
            counts: this.counts,
          },
        )
        return pipeline
      },
    )
  }

  /** Each book record is held against the truth at its number, at the moment of publishing. */
  #take(line: string, pipeline: Pipeline): void {
    this.#hash.update(line)
    const record = readRecord(line)
    this.records.push(record)
    if (record['type'] !== 'orderbook' && record['type'] !== 'orderbook_delta') return
    const streams = pipeline.streams.find(({ instrument }) => instrument.symbol === record['instrument'])
    assert.ok(streams)
    const { book } = streams.book.sync
    const truth = this.truth.get(streams.instrument.symbol)?.at.get(book.sequence)
    assert.equal(dumpBook(book), truth, `${streams.instrument.symbol} at ${book.sequence}`)
    this.compared++
  }

  /** One misfortune a minute or so, drawn from all that a network and a venue can do. */
  #disturb(
    random: SeededRandom,
    faults: { set(fault: Fault): void; clear(): void },
    simulation: Simulation,
  ): void {
    faults.clear()
    simulation.network.unblock(HOST)
    const misfortunes: readonly (() => void)[] = [
      () => faults.set({ name: 'drop', share: 0.01 }),
      () => faults.set({ name: 'duplicate', share: 0.05 }),
      () => faults.set({ name: 'reorder', share: 0.01 }),
      () => faults.set({ name: 'malformed', share: 0.005 }),
      () => faults.set({ name: 'stale_snapshot', times: 2 }),
      () => faults.set({ name: 'http_503', times: 3 }),
      () => faults.set({ name: 'close', times: 1, value: 1001 }),
      () => faults.set({ name: 'maintenance', times: 1 }),
      () => void simulation.network.disconnect(HOST),
      () => void simulation.network.halfOpen(HOST),
      () => simulation.network.block(HOST, 'refuse'),
      () => undefined,
    ]
    for (let strike = 0; strike < 2; strike++) misfortunes[Math.floor(random.next() * misfortunes.length)]?.()
  }
}

const dump = ({ bids, asks }: TruthBook): string => JSON.stringify([bids, asks])

function dumpBook(book: Book): string {
  const levels = (side: Book['bids']): string[][] =>
    Array.from({ length: side.count }, (_, depth) => [
      book.priceText(side, depth),
      book.sizeText(side, depth),
    ])
  return JSON.stringify([levels(book.bids), levels(book.asks)])
}

/**
 * Every book event of the venue is either delivered, as a delta or within the full book of an epoch, or lies inside a gap record;
 * and no gap covers a delivered one.
 */
export function assertBooksAccounted(day: Day): void {
  for (const [symbol, { order }] of day.truth) {
    const place = new Map(order.map((sequence, index) => [sequence, index]))
    let at: number | undefined
    let gapTo: unknown
    let isStart = false
    for (const record of day.records) {
      if (record['instrument'] !== symbol || record['type'] === 'trade' || record['channel'] === 'trade')
        continue
      if (record['type'] === 'gap') {
        assert.equal(
          place.get(Number(record['from_sequence'])),
          at,
          `${symbol}: a gap begins where delivery ended`,
        )
        gapTo = record['to_sequence']
        continue
      }
      const isDelta = record['type'] === 'orderbook_delta'
      const sequence = Number(isDelta ? record['last_sequence'] : record['sequence'])
      const index = place.get(sequence)
      assert.ok(index !== undefined, `${symbol}: the venue never said ${sequence}`)
      if (gapTo !== undefined) assert.equal(sequence, gapTo, `${symbol}: a gap ends where delivery goes on`)
      // USD-M: the first delta after a snapshot may be the one that the snapshot ends with (sheet, section 4).
      else if (isDelta && !(isStart && index === at))
        assert.equal(
          index,
          (at ?? index) + 1,
          `${symbol}: an event before ${sequence} is missing and in no gap`,
        )
      else if (!isDelta && at !== undefined)
        assert.ok(index >= at, `${symbol}: a full book at ${sequence} goes back without a gap`)
      gapTo = undefined
      isStart = !isDelta
      at = index
    }
    assert.ok(at !== undefined, `${symbol} was delivered`)
  }
}

/** Trades come once, in order, and each missing one is counted by a gap record. */
export function assertTradesAccounted(day: Day): void {
  for (const symbol of day.truth.keys()) {
    let last: number | undefined
    let missed = 0
    for (const record of day.records) {
      if (record['instrument'] !== symbol) continue
      if (record['type'] === 'gap' && record['channel'] === 'trade') {
        assert.equal(record['from_sequence'], last, `${symbol}: a trade gap begins after the last trade`)
        missed = Number(record['missed'])
      }
      if (record['type'] !== 'trade') continue
      const sequence = Number(record['trade_seq'])
      const first = Number(record['first_fill_id'] ?? sequence)
      const covers = record['exchange'] === 'okx' ? sequence - first + 1 : 1
      if (last !== undefined)
        assert.equal(sequence - covers - last, missed, `${symbol}: trades before ${sequence}`)
      missed = 0
      last = sequence
    }
  }
}
