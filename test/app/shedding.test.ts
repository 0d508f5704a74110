// A collector in virtual time before an emulated venue, with everything that a governor may ask of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from '../../src/app/collector.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import type { EmulatedVenue, TruthBook } from '../../src/emulator/model.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { ACTION_LEVELS, type Action, type Level } from '../../src/governor/governing.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { onlooker } from '../feed/onlooker.ts'
import { journalLines } from '../journal/journal-records.ts'
import { type Json, readRecord } from '../pipeline/rig.ts'
import { BookReader } from './book-reader.ts'
import { venueConfig } from './venue-config.ts'

const HOST = 'venue.test'
const STRETCH_MS = 12_000
const SLOW_MS = 1_000
/** Tops have as many levels under pressure. */
const SHED_DEPTH = 2

const actionsOf = (level: Level): readonly Action[] =>
  (Object.keys(ACTION_LEVELS) as Action[]).filter((action) => ACTION_LEVELS[action] <= level)

/** A collector of three instruments, of tiers 1, 2 and 3. */
class GovernedDay {
  readonly sim = new Simulation({ seed: 3 })
  readonly events: SystemEvent[] = []
  readonly truth = new Map<string, Map<number, TruthBook>>()
  readonly model: EmulatedVenue
  readonly symbols: readonly string[]
  readonly collector: Collector
  readonly #other: { stop(): Promise<void> }

  constructor(venue: VenueId) {
    this.model = venueModel(venue, this.sim, { seed: 3, instruments: 5, depth: 30 })
    this.sim.network.register(HOST, this.model)
    this.symbols = this.model.symbols.slice(0, 3)
    for (const symbol of this.symbols) this.#watch(symbol)
    this.#other = onlooker(venue, HOST, this.sim, this.symbols)
    const server = { streamUrl: `wss://${HOST}`, restUrl: `https://${HOST}` }
    const [first, , last] = this.symbols
    const config = venueConfig(
      venue,
      server,
      { instruments: this.symbols },
      {
        journal: { folder: 'data/journal' },
        publish: { books: { depth: 5, every_ms: 100 } },
        governor: { first_tier: [first], last_tier: [last], slow_ms: SLOW_MS, shed_depth: SHED_DEPTH },
      },
    )
    this.collector = new Collector(config, this.sim, (event) => this.events.push(event))
  }

  get feed() {
    return this.collector.collections[0]?.feed ?? assert.fail('no feed')
  }

  get counts() {
    return this.collector.collections[0]?.counts ?? assert.fail('no counts')
  }

  get live(): number {
    return this.collector.collections[0]?.streams().filter(({ book }) => book.sync.isLive).length ?? 0
  }

  govern(level: Level): void {
    this.collector.shedding.govern({ level, actions: actionsOf(level) })
  }

  async start(): Promise<void> {
    this.collector.start()
    assert.ok(await this.sim.runUntil(() => this.live === 3, 10_000))
    await this.pass()
  }

  async pass(ms = STRETCH_MS): Promise<void> {
    await this.sim.advance(ms)
  }

  /** Ends it; answers all that the journal has. */
  async stop(): Promise<readonly Json[]> {
    const stopped = this.collector.stop()
    void this.#other.stop()
    await this.pass()
    await stopped
    this.model.stop()
    return journalLines('data/journal', this.sim.files).map((line) => readRecord(`${line}\n`))
  }

  #watch(symbol: string): void {
    const seen = new Map<number, TruthBook>()
    this.truth.set(symbol, seen)
    const first = this.model.truth(symbol)
    if (first !== undefined) seen.set(first.sequence, first)
    this.model.watch(symbol, (truth) => seen.set(truth.sequence, truth))
  }
}

/** `seq` of every stream counts without a hole. */
function assertSeqs(records: readonly Json[]): void {
  const seqs = new Map<string, number>()
  for (const { type, instrument, seq } of records) {
    const stream = `${String(type)} ${String(instrument)}`
    assert.equal(seq, (seqs.get(stream) ?? 0) + 1, `seq of ${stream}`)
    seqs.set(stream, seq)
  }
}

/** Every book that a reader of the records has is the true one at its number. */
function assertBooks(records: readonly Json[], day: GovernedDay): void {
  for (const [symbol, truth] of day.truth) {
    const reader = new BookReader()
    for (const record of records) {
      if (record['instrument'] !== symbol || !reader.take(record)) continue
      const { bids, asks } =
        truth.get(reader.sequence) ?? assert.fail(`${symbol}: never was at ${reader.sequence}`)
      assert.deepEqual(reader.rows('bids'), bids, `${symbol} at ${reader.sequence}`)
      assert.deepEqual(reader.rows('asks'), asks, `${symbol} at ${reader.sequence}`)
    }
    assert.ok(reader.taken > 200, `${symbol}: ${reader.taken} books compared`)
  }
}

/** Trades come once and in order; what is missing before one is what the gap before it says. Answers how many that are. */
function missedTrades(records: readonly Json[], symbol: string): number {
  let last: number | undefined
  let missed = 0
  let total = 0
  for (const record of records) {
    if (record['instrument'] !== symbol) continue
    if (record['type'] === 'gap' && record['channel'] === 'trade') missed = Number(record['missed'])
    if (record['type'] !== 'trade') continue
    const sequence = Number(record['trade_seq'])
    const covers =
      record['exchange'] === 'okx' ? sequence - Number(record['first_fill_id'] ?? sequence) + 1 : 1
    if (last !== undefined) assert.equal(sequence - covers - last, missed, `${symbol}: before ${sequence}`)
    total += missed
    missed = 0
    last = sequence
  }
  return total
}

const gapsOf = (records: readonly Json[], symbol: string): string[] =>
  records
    .filter(({ type, instrument }) => type === 'gap' && instrument === symbol)
    .map(({ channel, cause, repaired_by }) => `${String(channel)} ${String(cause)} ${String(repaired_by)}`)
    .toSorted()

for (const venue of VENUE_IDS) {
  test(`${venue}: from level 0 to 3 and back nothing is lost but what is told, and tier 1 is not touched`, async () => {
    const day = new GovernedDay(venue)
    await day.start()
    for (const level of [1, 2, 3, 3, 2, 1, 0] as const) {
      day.govern(level)
      await day.pass()
    }
    assert.equal(day.live, 3)
    const { sockets, paused } = day.feed.status()
    assert.deepEqual([sockets.actual, paused], [sockets.desired, 0])
    const report = day.collector.shedding.report()
    assert.deepEqual([report.level, report.actions], [0, []])
    assert.equal(report.shedBy['pause_last_tier'], 1)
    assert.equal(report.shedBy['first_tier_only'], 1)
    assert.equal(report.shedBy['replace_worst'], 1)
    assert.equal(report.shedBy['slow_tops'], day.counts.topsShed)
    assert.ok(day.counts.topsShed > 0 && day.counts.topsCut > 0)
    const { unrecorded } = day.counts
    const records = await day.stop()
    assertSeqs(records)
    assertBooks(records, day)
    const [first = '', second = '', third = ''] = day.symbols
    assert.deepEqual(gapsOf(records, first), [])
    for (const symbol of [second, third]) {
      assert.deepEqual(gapsOf(records, symbol), ['book shed snapshot', 'trade shed resumed'], symbol)
    }
    assert.equal(missedTrades(records, first), 0)
    for (const symbol of [second, third]) assert.ok(missedTrades(records, symbol) > 0, symbol)
    assert.equal(unrecorded, 0)
    const epochs = new Set(
      records.filter((r) => r['instrument'] === first && r['full'] === true).map((r) => r['epoch']),
    )
    assert.equal(epochs.size, 1, 'the book of tier 1 was never begun anew')
  })
}

test('each action is told once when it begins and once when it ends, however often it is asked for', async () => {
  const day = new GovernedDay('okx-spot')
  await day.start()
  for (const level of [3, 3, 3, 1, 1, 0, 0] as const) {
    day.govern(level)
    await day.pass(2_000)
  }
  const told = day.events.flatMap((event) =>
    event.type === 'governor_action' ? [`${event.action} ${event.active}`] : [],
  )
  const own = actionsOf(3).filter((action) => action !== 'pause_storage')
  assert.deepEqual(told.toSorted(), own.flatMap((action) => [`${action} false`, `${action} true`]).toSorted())
  await day.stop()
})

test('what tops of each tier are like follows the level, both ways', async () => {
  const day = new GovernedDay('binance-spot')
  await day.start()
  const marks: number[] = [day.sim.clock.now()]
  for (const level of [1, 0] as const) {
    day.govern(level)
    await day.pass()
    marks.push(day.sim.clock.now())
  }
  const counts = { shed: day.counts.topsShed, cut: day.counts.topsCut }
  const records = await day.stop()
  const [, , third = ''] = day.symbols
  const tops = records.filter((record) => record['full'] === false && record['instrument'] === third)
  const within = (from = 0, to = Infinity): number =>
    tops.filter(({ recv_time_us: us }) => Number(us) > from && Number(us) <= to).length
  assert.ok(
    within(marks[0], marks[1]) <= STRETCH_MS / SLOW_MS + 1,
    `${within(marks[0], marks[1])} while slow`,
  )
  assert.ok(within(marks[1], marks[2]) > 60, `${within(marks[1], marks[2])} afterwards`)
  assert.ok(counts.shed > 30)
  assert.equal(counts.cut, 0)
})

test('a pipeline that is made while something is shed sheds it from its first frame on', async () => {
  const day = new GovernedDay('okx-spot')
  day.govern(3)
  day.collector.start()
  assert.ok(await day.sim.runUntil(() => day.live === 1, 10_000))
  await day.pass()
  assert.deepEqual([day.live, day.feed.status().paused], [1, 2])
  day.govern(0)
  assert.ok(await day.sim.runUntil(() => day.live === 3, 10_000))
  await day.pass()
  const records = await day.stop()
  assertSeqs(records)
  assert.deepEqual(
    records.filter(({ type }) => type === 'gap'),
    [],
  )
})

test('a collector that ends while instruments are paused says so: their gaps stay open', async () => {
  const day = new GovernedDay('deribit')
  await day.start()
  day.govern(2)
  await day.pass()
  const records = await day.stop()
  const [first = '', second = '', third = ''] = day.symbols
  assert.deepEqual([gapsOf(records, first), gapsOf(records, second)], [[], []])
  assert.deepEqual(gapsOf(records, third), ['book shed null'])
})
