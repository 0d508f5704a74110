import type { Columns } from '../core/columns.ts'
import { DECIMALS_LIMIT, formatDecimal, POW10 } from '../core/decimal.ts'
import { DecodeError } from '../core/errors.ts'
import { kernel } from '../core/kernel.ts'
import { type SetOutcome, Side } from './side.ts'
import {
  type BookView,
  boundAsks,
  boundBids,
  sequenceOf,
  standAt,
  standAtEvent,
  venueTimeOf,
} from './view.ts'

/** Hears what each level of an update did. For statistics; the hot path goes without. */
export type LevelWatch = (outcome: SetOutcome) => void

/**
 * An order book: both sides, the venue's sequence number that they stand at, and how far down they are known.
 *
 * Prices and sizes are integers scaled by `priceDecimals` and `sizeDecimals`. The book begins with those of its instrument's tick
 * and lot and widens itself when a venue sends finer numbers, so that every level stays exact.
 */
export class Book implements BookView {
  readonly bids = new Side('bid', kernel().newBook())
  readonly asks = new Side('ask', this.bids.sides)
  /** Of the sides, at hand: a book that was not touched for long would be waited for once more to read them there. */
  readonly bidPlace = this.bids.place
  readonly askPlace = this.asks.place
  readonly #kernel = kernel()
  priceDecimals: number
  sizeDecimals: number
  #rolling = Infinity
  #bidCut = Number.NaN
  #askCut = Number.NaN
  readonly #tickDecimals: number
  readonly #lotDecimals: number

  /** Begins with these decimals, or with as many as a book may have: a finer number is then refused when it comes. */
  constructor(priceDecimals = 0, sizeDecimals = 0) {
    this.#tickDecimals = Math.min(priceDecimals, DECIMALS_LIMIT)
    this.#lotDecimals = Math.min(sizeDecimals, DECIMALS_LIMIT)
    this.priceDecimals = this.#tickDecimals
    this.sizeDecimals = this.#lotDecimals
    standAt(this, Number.NaN, Number.NaN)
  }

  /** The venue's number of the last update; NaN: it named none, or there was none. */
  get sequence(): number {
    return sequenceOf(this)
  }

  /** Venue time of the last update; NaN: the venue named none. */
  get venueTimeUs(): number {
    return venueTimeOf(this)
  }

  /** An empty book of the same instrument. */
  sibling(): Book {
    return new Book(this.#tickDecimals, this.#lotDecimals)
  }

  /**
   * Makes the book what a snapshot event says. A side that fills `window` levels is known only that far down, and anything
   * beyond it only as it changes. Throws like `apply`.
   */
  replace(columns: Columns, at: number, window: number): void {
    this.#restart(columns, at, Infinity)
    if (this.bids.count >= window) this.#bidCut = this.bids.price(this.bids.count - 1)
    if (this.asks.count >= window) this.#askCut = this.asks.price(this.asks.count - 1)
  }

  /**
   * The same where the venue keeps the window filled, telling what leaves and enters it (OKX: 400 levels): a side that fills it
   * is known down to whatever its last level is at the time, and a shorter one to its end.
   */
  replaceRolling(columns: Columns, at: number, window: number): void {
    this.#restart(columns, at, window)
  }

  /**
   * Applies the levels of an event and takes its sequence number. Throws `DecodeError` for a number that cannot be held; the
   * levels before it are then applied, and the book is not to be trusted.
   */
  apply(columns: Columns, at: number, watch?: LevelWatch): void {
    if (columns === this.#kernel.columns && watch === undefined) this.#applyScanned(columns, at)
    else {
      this.#applySide('bid', columns, at, watch)
      this.#applySide('ask', columns, at, watch)
    }
    standAtEvent(this, columns, at)
  }

  /** Forgets all levels: whoever lets a book go says so, because its memory is not seen by the collector of garbage. */
  clear(): void {
    this.bids.clear()
    this.asks.clear()
  }

  get rolling(): number {
    return this.#rolling
  }

  get bidCut(): number {
    return this.#bidCut
  }

  get askCut(): number {
    return this.#askCut
  }

  /** Worst price down to which the bids are complete, scaled; NaN: to the end. That is where they are cut or where their rolling window ends. */
  get bidBound(): number {
    return tighter(this.#bidCut, this.bids.price(this.#rolling - 1), Math.max)
  }

  /** The same of the asks. */
  get askBound(): number {
    return tighter(this.#askCut, this.asks.price(this.#rolling - 1), Math.min)
  }

  /** How many levels of a side are vouched for. */
  knownDepth(side: 'bid' | 'ask'): number {
    const depth = side === 'bid' ? boundBids(this) : boundAsks(this)
    if (!Number.isNaN(depth)) return depth
    return side === 'bid' ? this.bids.count : this.asks.count
  }

  /** Forgets levels beyond the best `count` of a side. What is forgotten is unknown from then on, and said to be. */
  trim(count: number): void {
    if (this.bids.count > count) {
      this.bids.trim(count)
      this.#bidCut = tighter(count > 0 ? this.bids.price(count - 1) : Infinity, this.#bidCut, Math.max)
    }
    if (this.asks.count > count) {
      this.asks.trim(count)
      this.#askCut = tighter(count > 0 ? this.asks.price(count - 1) : -Infinity, this.#askCut, Math.min)
    }
  }

  /** Price of level `depth` as exact text. */
  priceText(side: Side, depth: number): string {
    return formatDecimal(side.price(depth), this.priceDecimals)
  }

  /** Size of level `depth` as exact text. */
  sizeText(side: Side, depth: number): string {
    return formatDecimal(side.size(depth), this.sizeDecimals)
  }

  /** Begins anew, counting in tick and lot again: finer numbers than the venue sends take room that its prices may need. */
  #restart(columns: Columns, at: number, rolling: number): void {
    this.clear()
    this.#bidCut = Number.NaN
    this.#askCut = Number.NaN
    this.priceDecimals = this.#tickDecimals
    this.sizeDecimals = this.#lotDecimals
    this.#rolling = rolling
    this.apply(columns, at)
  }

  #applySide(name: 'bid' | 'ask', columns: Columns, at: number, watch: LevelWatch | undefined): void {
    const side = name === 'bid' ? this.bids : this.asks
    const start = (name === 'bid' ? columns.bidStart[at] : columns.askStart[at]) ?? 0
    const count = (name === 'bid' ? columns.bidCount[at] : columns.askCount[at]) ?? 0
    for (let level = start; level < start + count; level++) {
      const outcome = this.#set(side, columns, level)
      watch?.(outcome)
    }
  }

  /** The same for columns of the kernel, which sets what needs no more than the book's decimals. */
  #applyScanned(columns: Columns, at: number): void {
    const bidCount = columns.bidCount[at] ?? 0
    const count = bidCount + (columns.askCount[at] ?? 0)
    for (let done = this.#kernel.setEvent(this, at, 0); done < count;) {
      if (done < bidCount) this.#set(this.bids, columns, (columns.bidStart[at] ?? 0) + done)
      else this.#set(this.asks, columns, (columns.askStart[at] ?? 0) + done - bidCount)
      done = this.#kernel.setEvent(this, at, done + 1)
    }
  }

  #set(side: Side, columns: Columns, level: number): SetOutcome {
    const price = this.#scaledPrice(columns.prices[level] ?? Number.NaN, columns.priceDecimals[level] ?? 0)
    const decimals = columns.sizeDecimals[level] ?? 0
    if (decimals > this.sizeDecimals) this.#widenSizes(decimals)
    const size = (columns.sizes[level] ?? Number.NaN) * (POW10[this.sizeDecimals - decimals] ?? Number.NaN)
    if (size >= 0 && size <= Number.MAX_SAFE_INTEGER) return side.set(price, size)
    return side.set(price, Infinity, this.#bigSize(columns, level))
  }

  #scaledPrice(mantissa: number, decimals: number): number {
    if (decimals > this.priceDecimals) this.#widenPrices(decimals)
    const price = mantissa * (POW10[this.priceDecimals - decimals] ?? Number.NaN)
    if (!Number.isSafeInteger(price))
      throw new DecodeError('precision', 'a price beyond 2^53 in units of this book')
    return price
  }

  #bigSize(columns: Columns, level: number): bigint {
    const mantissa = columns.sizes[level] ?? Number.NaN
    if (!(mantissa >= 0)) throw new DecodeError('negative', 'a size below 0')
    const exact = mantissa === Infinity ? columns.bigSizes?.get(level) : BigInt(mantissa)
    if (exact === undefined) throw new RangeError('a size beyond 2^53 without its exact value')
    return exact * 10n ** BigInt(this.sizeDecimals - (columns.sizeDecimals[level] ?? 0))
  }

  #widenPrices(decimals: number): void {
    const power = decimals - this.priceDecimals
    if (decimals > DECIMALS_LIMIT) throw new DecodeError('precision', `a price with ${decimals} decimals`)
    if (!this.bids.fits(power) || !this.asks.fits(power)) {
      throw new DecodeError('precision', `a price of this book does not fit ${decimals} decimals`)
    }
    this.bids.widenPrices(power)
    this.asks.widenPrices(power)
    this.#bidCut *= POW10[power] ?? Number.NaN
    this.#askCut *= POW10[power] ?? Number.NaN
    this.priceDecimals = decimals
  }

  #widenSizes(decimals: number): void {
    if (decimals > DECIMALS_LIMIT) throw new DecodeError('precision', `a size with ${decimals} decimals`)
    const power = decimals - this.sizeDecimals
    this.bids.widenSizes(power)
    this.asks.widenSizes(power)
    this.sizeDecimals = decimals
  }
}

/** The tighter of two bounds, either of which may be NaN: none. */
function tighter(one: number, other: number, pick: (one: number, other: number) => number): number {
  if (Number.isNaN(one)) return other
  return Number.isNaN(other) ? one : pick(one, other)
}
