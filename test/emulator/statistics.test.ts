import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { listingsOf } from '../../src/emulator/listing.ts'
import { SymbolMarket } from '../../src/emulator/market.ts'

interface Figures {
  readonly updatesPerSecond: number
  readonly levelsMean: number
  readonly levelsP50: number
  readonly levelsP95: number
  readonly updateShare: number
  readonly topShare: number
  readonly fillsPerSecond: number
  readonly sizeRatio: number
  readonly spreadP50: number
}

const STEPS = 6_000

/** Ten minutes of a market, in figures. */
function measure(venue: VenueId, index: number, seed: number): Figures {
  const listing = listingsOf(venue, index + 1)[index]
  assert.ok(listing !== undefined)
  const market = new SymbolMarket(listing, seed)
  const levels: number[] = []
  const sizes: number[] = []
  const spreads: number[] = []
  let [updated, changed, tops] = [0, 0, 0]
  for (let step = 0; step < STEPS; step++) {
    const [bid, ask] = [market.bids.ticks(0), market.asks.ticks(0)]
    const { change, fills } = market.step()
    sizes.push(...fills.map(({ lots }) => lots))
    spreads.push(market.asks.ticks(0) - market.bids.ticks(0))
    assert.ok((spreads.at(-1) ?? 0) > 0, 'crossed')
    if (change === undefined) continue
    levels.push(change.bids.after.size + change.asks.after.size)
    if (market.bids.ticks(0) !== bid || market.asks.ticks(0) !== ask) tops++
    for (const side of [change.bids, change.asks]) {
      for (const [ticks, after] of side.after) {
        changed++
        if (after > 0 && (side.before.get(ticks) ?? 0) > 0) updated++
      }
    }
  }
  return {
    updatesPerSecond: (levels.length / STEPS) * 10,
    levelsMean: changed / levels.length,
    levelsP50: quantile(levels, 0.5),
    levelsP95: quantile(levels, 0.95),
    updateShare: updated / changed,
    topShare: tops / levels.length,
    fillsPerSecond: (sizes.length / STEPS) * 10,
    sizeRatio: quantile(sizes, 0.95) / quantile(sizes, 0.5),
    spreadP50: quantile(spreads, 0.5),
  }
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? 0

type Band = readonly [least: number, most: number]

/** Around the recorded figures of BTC and ETH (captures/STATISTICS.md), wide enough for a quiet and a wild day. */
const BANDS: Readonly<Record<VenueId, Readonly<Partial<Record<keyof Figures, Band>>>>> = {
  'binance-spot': {
    updatesPerSecond: [9, 10],
    levelsMean: [25, 90],
    levelsP50: [12, 45],
    levelsP95: [80, 320],
    updateShare: [0.1, 0.5],
    topShare: [0.5, 0.95],
    fillsPerSecond: [12, 80],
    sizeRatio: [15, 300],
    spreadP50: [1, 3],
  },
  'binance-derivatives': {
    updatesPerSecond: [9, 10],
    levelsMean: [45, 180],
    levelsP95: [130, 600],
    updateShare: [0.45, 0.8],
    topShare: [0.5, 0.95],
    fillsPerSecond: [15, 120],
    spreadP50: [1, 3],
  },
  'okx-spot': {
    updatesPerSecond: [8, 10],
    levelsMean: [30, 60],
    levelsP95: [70, 160],
    topShare: [0.5, 0.9],
    fillsPerSecond: [3, 25],
  },
  'okx-derivatives': { updatesPerSecond: [8, 10], levelsMean: [25, 60], fillsPerSecond: [5, 60] },
  deribit: {
    updatesPerSecond: [8, 10],
    levelsMean: [5, 20],
    updateShare: [0.65, 0.95],
    topShare: [0.05, 0.4],
    fillsPerSecond: [0.5, 12],
  },
}

for (const venue of VENUE_IDS) {
  test(`${venue}: BTC and ETH move as they were recorded`, () => {
    for (const index of [0, 1]) {
      const figures = measure(venue, index, 3)
      for (const [name, value] of Object.entries(figures)) {
        const [least, most] = BANDS[venue][name as keyof Figures] ?? [0, Infinity]
        assert.ok(
          value >= least && value <= most,
          `${name} of instrument ${index}: ${value}, not in ${least} to ${most}`,
        )
      }
    }
  })

  test(`${venue}: books keep their depth, small instruments are quiet, some sizes are huge`, () => {
    const listings = listingsOf(venue, 30)
    const markets = listings.map((listing) => new SymbolMarket(listing, 5, 300))
    let [smallUpdates, largest] = [0, 0]
    for (let step = 0; step < 1_000; step++) {
      for (const market of markets) {
        const { change } = market.step()
        if (change !== undefined && market.listing.weight === 'small') smallUpdates++
      }
    }
    for (const { listing, bids, asks } of markets) {
      const full = Math.min(300, new SymbolMarket(listing, 5, 300).bids.count)
      assert.ok(
        bids.count > full / 4 && asks.count > full / 4,
        `${listing.symbol}: ${bids.count} and ${asks.count} of ${full}`,
      )
      assert.ok(bids.count <= 300 && asks.count <= 300)
      for (let rank = 0; rank < bids.count; rank++) largest = Math.max(largest, bids.lots(rank))
    }
    const [instruments, seconds] = [10, 100]
    assert.ok(smallUpdates / instruments / seconds < 5)
    if (venue.endsWith('spot')) assert.ok(largest > 1e12, `largest size ${largest}`)
  })
}
