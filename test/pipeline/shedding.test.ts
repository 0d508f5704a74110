import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NOTHING_SHED, type Shed, topLimits } from '../../src/pipeline/shedding.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { around, delta, fall } from './frames.ts'
import { HeldMarket, JOURNAL_STEP, MARKET_STEP, SHED_RULES, SHED_STEP, type Step } from './held-market.ts'
import { type Json, Rig } from './rig.ts'

const SLOW: Shed = { ...NOTHING_SHED, slowTops: true }
const RULES = {
  tier: ({ base }: { readonly base: string }) =>
    base === 'BTC' ? (1 as const) : base === 'ETH' ? (2 as const) : (3 as const),
  slowMs: 1_000,
  depth: 2,
}
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']

/** Three live books of tiers 1, 2 and 3, of eight levels a side, with tops of five every 100 ms. */
function liveRig(): Rig {
  const rig = new Rig(binanceSpot, SYMBOLS, { deltas: false, depth: 5, everyMs: 100 }, RULES)
  rig.carry(1)
  for (let slot = 0; slot < SYMBOLS.length; slot++) rig.snapshot(slot, around(100, 1_000))
  return rig
}

/** Every book changes, once in 10 ms, from number `from` on. Answers the number of the last change. */
function changes(rig: Rig, from: number, count: number): number {
  for (let at = from; at < from + count; at++) {
    for (const symbol of SYMBOLS) rig.frame(1, delta(symbol, at, at, { b: [['999', `${at}`]] }), at * 10)
    rig.pass(10)
  }
  return from + count - 1
}

const topsOf = (rig: Rig, symbol: string): Json[] =>
  rig.of('orderbook').filter((record) => record['full'] === false && record['instrument'] === symbol)

test('tops of tier 3 come once in the slow interval, the others as ever, and each one left out is counted', () => {
  const rig = liveRig()
  rig.pipeline.shed(SLOW)
  const last = changes(rig, 101, 1_000)
  rig.pass(2_000)
  const [btc, eth, sol] = SYMBOLS.map((symbol) => topsOf(rig, symbol))
  assert.equal(btc?.length, eth?.length)
  assert.ok((sol?.length ?? 0) >= 8 && (sol?.length ?? 0) <= 10, `${sol?.length} tops in ten seconds`)
  assert.equal((sol?.length ?? 0) + rig.counts.topsShed, btc?.length)
  assert.equal(sol?.at(-1)?.['sequence'], last, 'the last state is published')
  assert.equal(rig.counts.topsCut, 0)
})

test('when tops are slow no more, what waits is published at once, and asking twice changes nothing', () => {
  const rig = liveRig()
  rig.pipeline.shed(SLOW)
  rig.pipeline.shed(SLOW)
  const last = changes(rig, 101, 20)
  assert.equal(topsOf(rig, 'SOLUSDT').length, 0)
  rig.pipeline.shed(NOTHING_SHED)
  assert.equal(topsOf(rig, 'SOLUSDT').at(-1)?.['sequence'], last)
  rig.pipeline.shed(NOTHING_SHED)
  assert.equal(topsOf(rig, 'SOLUSDT').length, 1)
  const others = topsOf(rig, 'ETHUSDT').length
  changes(rig, last + 1, 100)
  assert.equal(topsOf(rig, 'SOLUSDT').length - 1, topsOf(rig, 'ETHUSDT').length - others)
})

test('tops of tiers 2 and 3 have fewer levels while asked, those of tier 1 all; what was cut is counted', () => {
  const rig = liveRig()
  rig.pipeline.shed({ ...NOTHING_SHED, shallowTops: true })
  const last = changes(rig, 101, 100)
  const depths = SYMBOLS.map((symbol) => new Set(topsOf(rig, symbol).map((top) => levelsOf(top))))
  assert.deepEqual(depths, [new Set([5]), new Set([2]), new Set([2])])
  assert.equal(rig.counts.topsCut, topsOf(rig, 'ETHUSDT').length + topsOf(rig, 'SOLUSDT').length)
  const { topsCut } = rig.counts
  rig.pipeline.shed(NOTHING_SHED)
  const before = topsOf(rig, 'ETHUSDT').length
  changes(rig, last + 1, 20)
  assert.deepEqual(topsOf(rig, 'ETHUSDT').slice(before).map(levelsOf), [5, 5])
  assert.equal(rig.counts.topsCut, topsCut)
})

const levelsOf = (top: Json): number => (Array.isArray(top['bids']) ? top['bids'].length : 0)

test('no snapshot is asked for beside a live book while renewals are paused; the book asks again later', () => {
  const rig = liveRig()
  rig.pipeline.shed({ ...NOTHING_SHED, noRenewals: true })
  rig.snapshot(0, around(100, 1_000), 0, 8)
  rig.pipeline.ended(1, [{ slot: 0, channel: 'book' }], 'disconnected')
  rig.carry(1)
  rig.snapshot(0, around(100, 1_000), 1, 8)
  rig.frame(1, fall(101, 1_000, 7), 2)
  assert.deepEqual([rig.renewed, rig.counts.renewalsShed], [[], 1])
  rig.frame(1, delta('BTCUSDT', 102, 102), 1_000)
  assert.equal(rig.counts.renewalsShed, 1, 'not counted with every change')
  rig.pipeline.shed(NOTHING_SHED)
  rig.frame(1, delta('BTCUSDT', 103, 103), 61_000)
  assert.deepEqual(rig.renewed, [0])
})

test('limits are those of the tier: tier 1 has none, tier 2 no slower interval', () => {
  const all: Shed = { slowTops: true, shallowTops: true, noRenewals: true }
  const rules = { ...RULES, tier: () => 1 as const }
  assert.deepEqual(topLimits(1, all, rules), { slowMs: undefined, depth: undefined })
  assert.deepEqual(topLimits(2, all, rules), { slowMs: undefined, depth: 2 })
  assert.deepEqual(topLimits(3, all, rules), { slowMs: 1_000, depth: 2 })
  assert.deepEqual(topLimits(3, NOTHING_SHED, rules), { slowMs: undefined, depth: undefined })
})

function play(steps: readonly Step[]): HeldMarket {
  const market = new HeldMarket()
  for (const next of steps) market.take(next)
  market.end()
  // What waits for an interval is published.
  market.rig.pass(1_000)
  return market
}

test('whatever is shed and whenever the journal is full, seq has no hole and every book can be rebuilt', () => {
  const step = fc.oneof(
    { arbitrary: MARKET_STEP, weight: 8 },
    { arbitrary: JOURNAL_STEP, weight: 1 },
    { arbitrary: SHED_STEP, weight: 2 },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      play(steps)
    }),
    { numRuns: 400 },
  )
})

test('tops that are published and tops that are counted as shed are together those of a course without pressure', () => {
  const steps = fc.array(MARKET_STEP, { maxLength: 120, size: 'max' })
  let shed = 0
  fc.assert(
    fc.property(steps, (course) => {
      const free = play([{ name: 'pass', ms: 0 }, ...course])
      const slowed = play([{ name: 'shed', shed: SLOW }, ...course])
      const { rig } = slowed
      shed += rig.counts.topsShed
      assert.deepEqual(topsOf(rig, 'BTCUSDT'), topsOf(free.rig, 'BTCUSDT'), 'tier 1 is not touched')
      const published = topsOf(rig, 'ETHUSDT')
      assert.equal(published.length + rig.counts.topsShed, topsOf(free.rig, 'ETHUSDT').length)
      assert.equal(SHED_RULES.tier(rig.pipeline.streams[1]?.instrument ?? assert.fail()), 3)
      assert.deepEqual(
        rig.of('orderbook_delta').map(withoutSeq),
        free.rig.of('orderbook_delta').map(withoutSeq),
      )
    }),
    { numRuns: 200 },
  )
  assert.ok(shed > 0, 'something was shed')
})

/** How many records came before is another matter. */
const withoutSeq = (record: Json): Json => ({ ...record, seq: 0 })
