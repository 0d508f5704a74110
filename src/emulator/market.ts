import type { VenueId } from '../core/ids.ts'
import { plainText } from './decimal-text.ts'
import type { Listing } from './listing.ts'
import type { TruthBook } from './model.ts'
import { Seeded } from './seeded.ts'
import { type Traits, traitsOf } from './traits.ts'
import { BookChange, type SideChange, TrueSide } from './true-side.ts'

/** One fill. Consecutive fills of a taker order at one price share `aggregate`. */
export interface Fill {
  readonly id: number
  readonly aggregate: number
  readonly ticks: number
  readonly lots: number
  readonly side: 'buy' | 'sell'
}

/** What happened in one interval. Good until the next step of the same market. */
export interface Step {
  readonly change: BookChange | undefined
  readonly fills: readonly Fill[]
}

/** A step is this long: the interval of the fastest common book streams. */
export const STEP_MS = 100
const STEPS_PER_SECOND = 1_000 / STEP_MS
/** A sweep of about a thousand fills in 100 ms is the most that was recorded. */
const FILLS_LIMIT = 1_000
const LEVELS_LIMIT = 1_200
/** A taker order eats at most so many levels: more would let the price run away. */
const EATEN_LIMIT = 6
const LEVELS_LEAST = 4
/** In a dense book the next free price is looked for so far. */
const VACANCY_TRIES = 12

/**
 * The market of one instrument: its true book, and what happens to it, step by step. The same seed and listing give the same day,
 * whoever watches. The book is never crossed and never empty.
 */
export class SymbolMarket {
  readonly listing: Listing
  readonly bids = new TrueSide('bid')
  readonly asks = new TrueSide('ask')
  readonly #seed: number
  readonly #depth: number
  readonly #traits: Traits
  readonly #random: Seeded
  readonly #change = new BookChange()
  readonly #spacing: number
  #fills: Fill[] = []
  /** How excited the market is: slow, mean 0, deviation 1. */
  #heat = 0
  #sequence: number
  #told: number
  #fillId: number
  #aggregate: number

  constructor(listing: Listing, seed: number, depth = Infinity) {
    this.listing = listing
    this.#seed = seed
    this.#traits = traitsOf(listing.venue, listing.weight)
    this.#depth = Math.max(LEVELS_LEAST * 2, Math.min(depth, this.#traits.depth))
    this.#random = new Seeded(`${seed}:${listing.venue}:${listing.symbol}`)
    this.#spacing = Math.max(0.6, listing.startTicks * 1.4e-5)
    this.#sequence = 1_000_000_000 + this.#random.below(1_000_000_000)
    this.#told = this.#sequence
    this.#fillId = 1_000_000 + this.#random.below(400_000_000)
    this.#aggregate = 100_000 + this.#random.below(1_000_000)
    this.#fillSide(this.bids, listing.startTicks)
    this.#fillSide(this.asks, listing.startTicks + 1)
  }

  /** Where the book stands, in the venue's numbers. */
  get sequence(): number {
    return this.#sequence
  }

  get lastTradeId(): number {
    return this.#fillId
  }

  /** The market as it was at the begin of the day: what a snapshot that is too old shows. */
  opening(): SymbolMarket {
    return new SymbolMarket(this.listing, this.#seed, this.#depth)
  }

  /** The venue begins to count anew, as after a restart of its engine. */
  resetSequence(): void {
    this.#sequence = 1_000 + this.#random.below(1_000)
    if (!this.listing.venue.startsWith('okx')) this.#told = this.#sequence - 1
  }

  /** Numbers go by without a change of the book: a snapshot taken after it falls inside the next change. */
  passNumbers(count: number): void {
    this.#sequence += count
  }

  /** The true book as exact text. */
  truth(): TruthBook {
    return {
      sequence: this.#sequence,
      bids: this.levels(this.bids, Infinity),
      asks: this.levels(this.asks, Infinity),
      lastTradeId: this.#fillId,
    }
  }

  /** The best `count` levels of a side as exact text, without trailing zeros. */
  levels(side: TrueSide, count: number): readonly (readonly [price: string, size: string])[] {
    const { tick, lot } = this.listing
    return Array.from({ length: Math.min(count, side.count) }, (_, rank) => [
      plainText(side.ticks(rank) * tick.units, tick.decimals),
      plainText(side.lots(rank) * lot.units, lot.decimals),
    ])
  }

  /** Lets one interval pass. */
  step(): Step {
    const random = this.#random
    this.#change.clear()
    if (this.#fills.length > 0) this.#fills = []
    this.#heat = 0.98 * this.#heat + 0.199 * random.gauss()
    const traits = this.#traits
    const orders = random.poisson((traits.ordersPerSecond / STEPS_PER_SECOND) * Math.exp(this.#heat - 0.5))
    for (let order = 0; order < orders; order++) this.#takeLiquidity()
    if (random.next() < traits.updatesPerSecond / STEPS_PER_SECOND) this.#moveLevels()
    if (this.#change.isEmpty) return { change: undefined, fills: this.#fills }
    this.#number()
    return { change: this.#change, fills: this.#fills }
  }

  #fillSide(side: TrueSide, top: number): void {
    let ticks = top
    for (let rank = 0; rank < this.#depth && ticks > 0; rank++) {
      side.set(ticks, this.#newLots())
      ticks -= side.sign * this.#offset(rank)
    }
  }

  #offset(rank: number): number {
    return 1 + Math.floor(this.#random.exponential() * this.#spacing * (1 + rank / 100))
  }

  /** Coins worth next to nothing have sizes beyond 10^12 now and then. */
  #newLots(): number {
    const { levelLots } = this.listing
    const huge = levelLots > 1e6 && this.#random.next() < 0.02 ? 1e5 : 1
    return Math.max(1, Math.round(Math.min(9e14, this.#random.lognormal(levelLots, 1.6) * huge)))
  }

  #takeLiquidity(): void {
    const random = this.#random
    const buys = random.next() < this.#reversion()
    const side = buys ? this.asks : this.bids
    let left = Math.max(1, Math.round(random.lognormal(this.listing.orderLots, this.#traits.orderSigma)))
    for (let eaten = 0; eaten < EATEN_LIMIT && left > 0 && side.count > LEVELS_LEAST; eaten++) {
      const ticks = side.ticks(0)
      const held = side.lots(0)
      const taken = Math.min(left, held)
      this.#fillOrder(ticks, taken, buys ? 'buy' : 'sell')
      this.#set(side, ticks, held - taken)
      left -= taken
    }
  }

  /** Chance of a buyer: the price is drawn back to where it began, so that months do not lead to nowhere. */
  #reversion(): number {
    const moved = this.bids.ticks(0) / this.listing.startTicks - 1
    return Math.max(0.3, Math.min(0.7, 0.5 - moved * 2))
  }

  #fillOrder(ticks: number, lots: number, side: 'buy' | 'sell'): void {
    const random = this.#random
    const mean = random.next() < 0.003 ? 60 : this.#traits.fillsPerOrder
    const room = Math.max(1, FILLS_LIMIT - this.#fills.length)
    const fills = Math.max(1, Math.min(lots, room, Math.round(1 + (mean - 1) * random.exponential())))
    this.#aggregate++
    let left = lots
    for (let fill = fills; fill > 0; fill--) {
      const share =
        fill === 1
          ? left
          : Math.max(1, Math.min(left - fill + 1, Math.round((left / fill) * 2 * random.next())))
      this.#fills.push({ id: ++this.#fillId, aggregate: this.#aggregate, ticks, lots: share, side })
      left -= share
    }
  }

  #moveLevels(): void {
    const { levelsMedian, levelsSigma } = this.#traits
    const random = this.#random
    // Half of the variance is the market's excitement, which lasts; half is the moment's.
    const deviation = Math.SQRT1_2 * this.#heat + Math.SQRT1_2 * random.gauss()
    const count = Math.min(
      LEVELS_LIMIT,
      Math.max(1, Math.round(levelsMedian * Math.exp(levelsSigma * deviation))),
    )
    const bids = Math.round(count * Math.max(0, Math.min(1, 0.5 + 0.2 * random.gauss())))
    for (let level = 0; level < count; level++) this.#moveLevel(level < bids ? this.bids : this.asks)
  }

  #moveLevel(side: TrueSide): void {
    const { inserts, deletes, missing } = this.#traits
    const random = this.#random
    const rank = this.#rank(side)
    // A thin side fills up again, the more the thinner it is.
    const filling = 1 + 2 * Math.max(0, 0.98 - side.count / this.#depth)
    let choice = random.next()
    if (choice < missing) return this.#deleteMissing(side, rank)
    choice -= missing
    if (choice < deletes / filling) return this.#delete(side, rank)
    choice -= deletes / filling
    if (choice < inserts * filling) return this.#insert(side, rank)
    return this.#set(side, side.ticks(rank), this.#newLots())
  }

  #rank(side: TrueSide): number {
    const { rankMedian, rankSigma, topShare } = this.#traits
    const random = this.#random
    const rank =
      random.next() < topShare ? random.below(3) : Math.floor(random.lognormal(rankMedian, rankSigma))
    return Math.min(side.count - 1, rank)
  }

  #delete(side: TrueSide, rank: number): void {
    if (side.count > LEVELS_LEAST) this.#set(side, side.ticks(rank), 0)
  }

  /** What appears and vanishes within an interval is told as the removal of a level that nobody holds. */
  #deleteMissing(side: TrueSide, rank: number): void {
    const ticks = side.ticks(rank) - side.sign * this.#offset(rank)
    if (ticks > 0 && side.at(ticks) === 0) this.#noteOf(side).note(ticks, 0, 0)
  }

  #insert(side: TrueSide, rank: number): void {
    const ticks = this.#vacant(side, rank)
    if (ticks <= 0) return
    this.#set(side, ticks, this.#newLots())
    if (side.count > this.#depth) this.#set(side, side.ticks(side.count - 1), 0)
  }

  /** A price for a level that enters: inside the spread where that is wide or the top is meant, else behind the rank. */
  #vacant(side: TrueSide, rank: number): number {
    const gap = this.asks.ticks(0) - this.bids.ticks(0)
    const closes = gap > this.#traits.spreadTicks || (rank < 2 && gap > 1)
    if (closes) return side.ticks(0) + side.sign * (1 + this.#random.below(gap - 1))
    let ticks = side.ticks(rank) - side.sign * this.#offset(rank)
    for (let tries = 0; tries < VACANCY_TRIES && side.at(ticks) > 0; tries++) ticks -= side.sign
    return ticks
  }

  #set(side: TrueSide, ticks: number, lots: number): void {
    this.#noteOf(side).note(ticks, side.set(ticks, lots), lots)
  }

  #noteOf(side: TrueSide): SideChange {
    return side === this.bids ? this.#change.bids : this.#change.asks
  }

  #number(): void {
    const change = this.#change
    const count = change.bids.after.size + change.asks.after.size
    const { jump: skipped, ids } = NUMBERINGS[this.listing.venue](this.#random, count)
    const jump = this.#sequence > this.#told ? 0 : skipped
    change.previous = this.#told
    change.first = this.#told + 1 + jump
    // A reset of OKX links to the large number before, and goes on from the small one.
    const from = Math.min(this.#told, this.#sequence) + 1 + jump
    change.last = Math.max(from + ids, this.#sequence + 1)
    this.#sequence = change.last
    this.#told = change.last
  }
}

/** How a venue counts: numbers skipped before a change, and how many more than one it covers. */
type Numbering = (random: Seeded, changes: number) => { readonly jump: number; readonly ids: number }

const NUMBERINGS: Readonly<Record<VenueId, Numbering>> = {
  'binance-spot': (random, changes) => ({ jump: 0, ids: random.below(changes * 2) }),
  // One row of numbers for all symbols: those of others lie between.
  'binance-derivatives': (random, changes) => ({ jump: random.below(500), ids: random.below(changes * 40) }),
  'okx-spot': (random) => ({ jump: 0, ids: 6 + random.below(87) }),
  'okx-derivatives': (random) => ({ jump: 0, ids: 6 + random.below(87) }),
  deribit: (random) => ({ jump: 0, ids: random.below(40) }),
}
