// Markets that change as recorded ones do: how many levels a change names, how far from the top they are, and what part of them comes and
// goes, is drawn as recorded frames of large, middling and small markets have it.
import type { SeededRandom } from '../../src/runtime/sim-random.ts'

/** A kind of market. `median` and `sigma` are of logarithmic normal distributions. */
export interface Kind {
  /** Levels that a change names. */
  readonly levels: { readonly median: number; readonly sigma: number }
  /** How many levels from the top of its side a changed one is. */
  readonly rank: { readonly median: number; readonly sigma: number }
  readonly removed: number
  readonly inserted: number
  /** Changes and trades in the same time. */
  readonly changes: number
  readonly trades: number
  /** Of the venue's full depth. */
  readonly depth: number
}

const LARGE: Kind = {
  levels: { median: 32, sigma: 0.75 },
  rank: { median: 30, sigma: 1.8 },
  removed: 0.42,
  inserted: 0.36,
  changes: 10,
  trades: 6,
  depth: 1,
}
const MIDDLING: Kind = {
  levels: { median: 11, sigma: 0.85 },
  rank: { median: 11, sigma: 1.3 },
  removed: 0.28,
  inserted: 0.28,
  changes: 8,
  trades: 2,
  depth: 0.8,
}
const SMALL: Kind = {
  levels: { median: 3, sigma: 0.8 },
  rank: { median: 4, sigma: 1.2 },
  removed: 0.12,
  inserted: 0.16,
  changes: 5,
  trades: 1,
  depth: 0.4,
}

/** A market by its facts. */
export interface MarketFacts {
  readonly base: string
  readonly price: number
  readonly priceDecimals: number
  readonly sizeDecimals: number
  readonly kind: Kind
}

/** Eight markets. */
export const MARKETS: readonly MarketFacts[] = [
  { base: 'BTC', price: 67_234.1, priceDecimals: 1, sizeDecimals: 3, kind: LARGE },
  { base: 'ETH', price: 3_456.78, priceDecimals: 2, sizeDecimals: 3, kind: LARGE },
  { base: 'SOL', price: 172.345, priceDecimals: 3, sizeDecimals: 2, kind: MIDDLING },
  { base: 'XRP', price: 0.6123, priceDecimals: 4, sizeDecimals: 1, kind: MIDDLING },
  { base: 'DOGE', price: 0.145_67, priceDecimals: 5, sizeDecimals: 0, kind: MIDDLING },
  { base: 'SUSHI', price: 1.234, priceDecimals: 4, sizeDecimals: 1, kind: SMALL },
  { base: 'NKN', price: 0.3513, priceDecimals: 4, sizeDecimals: 0, kind: SMALL },
  { base: 'CTK', price: 0.7654, priceDecimals: 4, sizeDecimals: 1, kind: SMALL },
]

/** So many markets, of which one in ten is not small, and one in a hundred is large; of ten there is none. */
export function manyMarkets(count: number): readonly MarketFacts[] {
  return Array.from({ length: count }, (_, at) => {
    const kind = at % 100 === 50 ? LARGE : at % 10 === 0 ? MIDDLING : SMALL
    return { base: `B${at}`, price: 67_234.1, priceDecimals: 1, sizeDecimals: 3, kind }
  })
}

/** Sides grow and shrink between this part of their depth and all of it. */
const LEAST_PART = 0.9
/** A change of a level that is next to another: so many ticks at most. */
const STEP = 4
const LEVELS_LIMIT = 400
const SIZE_MEDIAN = 8_000

/** A level that has changed: its price in ticks, and its size in lots; 0 where it is removed. */
export type Change = readonly [price: number, size: number]

/** A market of `depth` levels a side, and what becomes of it. Prices are counted in ticks. */
export class Market {
  readonly #random: SeededRandom
  readonly #kind: Kind
  readonly #depth: number
  /** By side, best first. */
  readonly bids: number[] = []
  readonly asks: number[] = []

  constructor(random: SeededRandom, kind: Kind, place: { readonly tick: number; readonly depth: number }) {
    this.#random = random
    this.#kind = kind
    this.#depth = place.depth
    let [bid, ask] = [place.tick, place.tick + 1]
    for (let level = 0; level < place.depth; level++) {
      if (bid > 0) this.bids.push(bid)
      this.asks.push(ask)
      bid -= this.whole(STEP)
      ask += this.whole(STEP)
    }
  }

  /** From 1 to `most`. */
  whole(most: number): number {
    return 1 + Math.floor(this.#random.next() * most)
  }

  /** A logarithmic normal number. */
  spread({ median, sigma }: { readonly median: number; readonly sigma: number }): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.next()))
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.#random.next()))
  }

  size(): number {
    return Math.max(1, Math.round(this.spread({ median: SIZE_MEDIAN, sigma: 1.6 })))
  }

  /** Changes both sides; answers the levels that changed, by price. */
  change(): readonly [bids: readonly Change[], asks: readonly Change[]] {
    const levels = Math.min(LEVELS_LIMIT, Math.max(1, Math.round(this.spread(this.#kind.levels))))
    const ofBids = Math.round(levels * this.#random.next())
    return [this.#side(this.bids, -1, ofBids), this.#side(this.asks, 1, levels - ofBids)]
  }

  #side(side: number[], away: 1 | -1, count: number): readonly Change[] {
    const changes = new Map<number, number>()
    const { rank, removed, inserted } = this.#kind
    for (let made = 0; made < count; made++) {
      const at = Math.min(side.length - 1, Math.floor(this.spread(rank)))
      const price = side[at] ?? 0
      const choice = this.#random.next()
      if (choice < removed && side.length > this.#depth * LEAST_PART) {
        if (changes.has(price)) continue
        side.splice(at, 1)
        changes.set(price, 0)
      } else if (choice < removed + inserted && side.length < this.#depth) {
        const next = price + away * this.whole(STEP)
        const place = side.findIndex((one) => (one - next) * away >= 0)
        if (next <= 0 || side[place] === next || changes.has(next)) continue
        side.splice(place < 0 ? side.length : place, 0, next)
        changes.set(next, this.size())
      } else changes.set(price, this.size())
    }
    return [...changes].toSorted(([one], [other]) => (one - other) * away)
  }
}
