import { POW10 } from '../core/decimal.ts'
import { type Decimals, kernel, type Sides } from '../core/kernel.ts'

/** What `set` did to the side. Codes of wasm/side.ts. */
export const SET = { missing: 0, inserted: 1, updated: 2, deleted: 3 } as const
export type SetOutcome = (typeof SET)[keyof typeof SET]
const OUTCOMES = [SET.missing, SET.inserted, SET.updated, SET.deleted] as const

/**
 * One side of a book: prices and sizes as integers scaled by the book's decimals. Its levels are in the kernel's memory, sorted
 * (wasm/side.ts). Levels are counted from the best: `price(0)` is the best price.
 */
export class Side {
  readonly #kernel = kernel()
  /** Of its book: their memory is there for as long as these are. */
  readonly sides: Sides
  /** By which the kernel knows it. */
  readonly place: number
  /** Exact sizes beyond 2^53, by key; the kernel tells `Infinity` of them. */
  #big: Map<number, bigint> | undefined
  readonly #sign: 1 | -1

  constructor(side: 'bid' | 'ask', sides: Sides) {
    this.sides = sides
    this.place = side === 'bid' ? sides.bidPlace : sides.askPlace
    this.#sign = side === 'bid' ? 1 : -1
  }

  get count(): number {
    return this.#kernel.countOf(this.place)
  }

  /** Scaled price of level `depth`, 0 being the best; NaN where there is no such level. */
  price(depth: number): number {
    // The sum turns the -0 of an ask at price 0 into 0.
    return this.#sign * this.#keyOf(depth) + 0
  }

  /** Scaled size of level `depth`; exact, hence a `bigint` beyond 2^53. NaN where there is no such level. */
  size(depth: number): number | bigint {
    // The program takes whole numbers only: of infinity it would make 0.
    const size = depth < this.count ? this.#kernel.sizeOf(this.place, depth) : Number.NaN
    return size === Infinity ? this.#bigAt(this.#keyOf(depth)) : size
  }

  /** Scaled size at `price`; `undefined` where there is no such level. */
  sizeAt(price: number): number | bigint | undefined {
    const depth = this.depthOf(price) - 1
    return this.price(depth) === price ? this.size(depth) : undefined
  }

  /** Forgets all levels, and gives their memory back. */
  clear(): void {
    this.#kernel.clearSide(this.place)
    this.#keepAll(undefined)
  }

  /** Sets the size at a price; size 0 removes the level. `big` is the exact size when `size` is `Infinity`. */
  set(price: number, size: number, big?: bigint): SetOutcome {
    const key = price * this.#sign
    this.#forget(key)
    if (big !== undefined) this.#keep(key, big)
    // The kernel knows a size of 0 by its bits: the sum turns -0 into 0.
    return OUTCOMES[this.#kernel.setLevel(this.place, key, size + 0)] ?? SET.missing
  }

  /** Writes the best `depth` levels as text into the kernel's memory; answers the place behind them, `undefined` where a size is beyond 2^53. */
  write(place: number, depth: number, { priceDecimals, sizeDecimals }: Decimals): number | undefined {
    if (this.#big !== undefined) return undefined
    const { writeSide } = this.#kernel
    return writeSide(place, this.place, this.#sign, depth, priceDecimals, sizeDecimals) >>> 0
  }

  /** Keeps the best `count` levels. */
  trim(count: number): void {
    if (this.#big !== undefined)
      for (let depth = count; depth < this.count; depth++) this.#forget(this.price(depth) * this.#sign)
    if (count < this.count) this.#kernel.trimSide(this.place, count)
  }

  /** How many levels are at `price` or better. */
  depthOf(price: number): number {
    return this.#kernel.depthOf(this.place, price * this.#sign)
  }

  /** True when every price would fit a unit 10^`power` finer. */
  fits(power: number): boolean {
    const factor = POW10[power] ?? Number.NaN
    const { count } = this
    return (
      count === 0 ||
      (Number.isSafeInteger(this.price(0) * factor) && Number.isSafeInteger(this.price(count - 1) * factor))
    )
  }

  /** Counts prices in units 10^`power` finer. Throws `RangeError`, and changes nothing, when a price does not fit. */
  widenPrices(power: number): void {
    if (!this.fits(power)) throw new RangeError('a price of this book does not fit the finer unit')
    const factor = POW10[power] ?? Number.NaN
    this.#kernel.scaleKeys(this.place, factor)
    if (this.#big !== undefined)
      this.#big = new Map(Array.from(this.#big, ([key, size]) => [key * factor, size]))
  }

  /** Counts sizes in units 10^`power` finer. */
  widenSizes(power: number): void {
    const factor = POW10[power] ?? Number.NaN
    const exact = 10n ** BigInt(power)
    const levels = Array.from(
      { length: this.count },
      (_, depth) => [this.#keyOf(depth), this.#kernel.sizeOf(this.place, depth)] as const,
    )
    for (const [key, size] of levels) {
      const wide = size * factor
      const isExact = Number.isSafeInteger(wide)
      if (!isExact) this.#keep(key, (size === Infinity ? this.#bigAt(key) : BigInt(size)) * exact)
      this.#kernel.setLevel(this.place, key, isExact ? wide : Infinity)
    }
  }

  /** The key of level `depth`; NaN where there is no such level. */
  #keyOf(depth: number): number {
    if (depth === 0) return this.#kernel.bestKey(this.place)
    return depth > 0 && depth < this.count ? this.#kernel.keyOf(this.place, depth) : Number.NaN
  }

  #bigAt(key: number): bigint {
    const size = this.#big?.get(key)
    if (size === undefined) throw new RangeError('a size beyond 2^53 without its exact value')
    return size
  }

  #forget(key: number): void {
    if (this.#big?.delete(key) === true && this.#big.size === 0) this.#keepAll(undefined)
  }

  #keep(key: number, size: bigint): void {
    if (this.#big === undefined) this.#keepAll(new Map())
    this.#big?.set(key, size)
  }

  /** Without a size beyond 2^53 all is for the kernel. */
  #keepAll(big: Map<number, bigint> | undefined): void {
    if (big === this.#big) return
    this.#big = big
    this.#kernel.markBig(this.place, big !== undefined)
  }
}
