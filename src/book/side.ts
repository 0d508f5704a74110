import { POW10 } from '../core/decimal.ts'

/** What `set` did to the side. */
export const SET = { missing: 0, inserted: 1, updated: 2, deleted: 3 } as const
export type SetOutcome = (typeof SET)[keyof typeof SET]

const FIRST_CAPACITY = 64

/** Shorter moves are quicker in a loop than through the call of `copyWithin`. */
const LOOP_MOVE_LIMIT = 16

/**
 * One side of a book: prices and sizes as integers scaled by the book's decimals, in two typed arrays sorted so that the best
 * price is last. Most changes are near the top, so most inserts and deletes move few elements; the search starts where the last
 * one ended, because a frame names neighbouring prices. Levels are counted from the best: `price(0)` is the best price.
 */
export class Side {
  /** Price for bids, minus price for asks: ascending either way, best last. */
  #keys = new Float64Array(FIRST_CAPACITY)
  #sizes = new Float64Array(FIRST_CAPACITY)
  /** Exact sizes beyond 2^53, by key; their place in `#sizes` holds `Infinity`. */
  #big: Map<number, bigint> | undefined
  #count = 0
  #hint = 0
  readonly #sign: 1 | -1

  constructor(side: 'bid' | 'ask') {
    this.#sign = side === 'bid' ? 1 : -1
  }

  get count(): number {
    return this.#count
  }

  /** Scaled price of level `depth`, 0 being the best; NaN where there is no such level. */
  price(depth: number): number {
    if (depth < 0 || depth >= this.#count) return Number.NaN
    // The sum turns the -0 of an ask at price 0 into 0.
    return this.#sign * (this.#keys[this.#count - 1 - depth] ?? Number.NaN) + 0
  }

  /** Scaled size of level `depth`; exact, hence a `bigint` beyond 2^53. NaN where there is no such level. */
  size(depth: number): number | bigint {
    if (depth < 0 || depth >= this.#count) return Number.NaN
    const at = this.#count - 1 - depth
    const size = this.#sizes[at] ?? Number.NaN
    return size === Infinity ? this.#bigAt(this.#keys[at] ?? 0) : size
  }

  /** Scaled size at `price`; `undefined` where there is no such level. */
  sizeAt(price: number): number | bigint | undefined {
    const depth = this.depthOf(price) - 1
    return this.price(depth) === price ? this.size(depth) : undefined
  }

  clear(): void {
    this.#count = 0
    this.#big = undefined
  }

  /** Sets the size at a price; size 0 removes the level. `big` is the exact size when `size` is `Infinity`. */
  set(price: number, size: number, big?: bigint): SetOutcome {
    const key = price * this.#sign
    const at = this.#search(key)
    this.#hint = at
    const found = at < this.#count && this.#keys[at] === key
    if (found && this.#big !== undefined) this.#big.delete(key)
    if (big !== undefined) this.#keep(key, big)
    if (size === 0) {
      if (!found) return SET.missing
      this.#remove(at)
      return SET.deleted
    }
    if (!found) this.#insert(at, key)
    this.#sizes[at] = size
    return found ? SET.updated : SET.inserted
  }

  /** Keeps the best `count` levels. */
  trim(count: number): void {
    const drop = this.#count - count
    if (drop <= 0) return
    if (this.#big !== undefined) for (let at = 0; at < drop; at++) this.#big.delete(this.#keys[at] ?? 0)
    this.#keys.copyWithin(0, drop, this.#count)
    this.#sizes.copyWithin(0, drop, this.#count)
    this.#count = count
  }

  /** How many levels are at `price` or better. */
  depthOf(price: number): number {
    const key = price * this.#sign
    return this.#count - this.#search(key)
  }

  /** True when every price would fit a unit 10^`power` finer. */
  fits(power: number): boolean {
    const factor = POW10[power] ?? Number.NaN
    const first = (this.#keys[0] ?? 0) * factor
    const last = (this.#keys[this.#count - 1] ?? 0) * factor
    return this.#count === 0 || (Number.isSafeInteger(first) && Number.isSafeInteger(last))
  }

  /** Counts prices in units 10^`power` finer. Throws `RangeError`, and changes nothing, when a price does not fit. */
  widenPrices(power: number): void {
    if (!this.fits(power)) throw new RangeError('a price of this book does not fit the finer unit')
    const factor = POW10[power] ?? Number.NaN
    for (let at = 0; at < this.#count; at++) this.#keys[at] = (this.#keys[at] ?? 0) * factor
    if (this.#big !== undefined)
      this.#big = new Map(Array.from(this.#big, ([key, size]) => [key * factor, size]))
  }

  /** Counts sizes in units 10^`power` finer. */
  widenSizes(power: number): void {
    const factor = POW10[power] ?? Number.NaN
    const exact = 10n ** BigInt(power)
    for (let at = 0; at < this.#count; at++) {
      const key = this.#keys[at] ?? 0
      const size = this.#sizes[at] ?? 0
      const wide = size * factor
      if (Number.isSafeInteger(wide)) this.#sizes[at] = wide
      else {
        this.#keep(key, (size === Infinity ? this.#bigAt(key) : BigInt(size)) * exact)
        this.#sizes[at] = Infinity
      }
    }
  }

  /** Index of the first key not below `key`, by doubling steps from the last place. */
  #search(key: number): number {
    const hint = Math.min(this.#hint, this.#count - 1)
    if (hint < 0) return 0
    return (this.#keys[hint] ?? 0) < key ? this.#searchAfter(hint, key) : this.#searchUpTo(hint, key)
  }

  #searchAfter(hint: number, key: number): number {
    const keys = this.#keys
    const count = this.#count
    let low = hint + 1
    let step = 1
    while (low + step < count && (keys[low + step] ?? 0) < key) {
      low += step + 1
      step <<= 1
    }
    return this.#searchBetween(low, Math.min(count, low + step), key)
  }

  #searchUpTo(hint: number, key: number): number {
    const keys = this.#keys
    let high = hint
    let step = 1
    while (high - step >= 0 && (keys[high - step] ?? 0) >= key) {
      high -= step
      step <<= 1
    }
    return this.#searchBetween(Math.max(0, high - step), high, key)
  }

  #searchBetween(from: number, to: number, key: number): number {
    const keys = this.#keys
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((keys[middle] ?? 0) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(at: number, key: number): void {
    if (this.#count === this.#keys.length) this.#grow()
    const keys = this.#keys
    const sizes = this.#sizes
    const end = this.#count++
    if (end - at > LOOP_MOVE_LIMIT) {
      keys.copyWithin(at + 1, at, end)
      sizes.copyWithin(at + 1, at, end)
    } else {
      for (let to = end; to > at; to--) {
        keys[to] = keys[to - 1] ?? 0
        sizes[to] = sizes[to - 1] ?? 0
      }
    }
    keys[at] = key
  }

  #remove(at: number): void {
    const keys = this.#keys
    const sizes = this.#sizes
    const end = --this.#count
    if (end - at > LOOP_MOVE_LIMIT) {
      keys.copyWithin(at, at + 1, end + 1)
      sizes.copyWithin(at, at + 1, end + 1)
      return
    }
    for (let to = at; to < end; to++) {
      keys[to] = keys[to + 1] ?? 0
      sizes[to] = sizes[to + 1] ?? 0
    }
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2)
    const sizes = new Float64Array(this.#keys.length * 2)
    keys.set(this.#keys)
    sizes.set(this.#sizes)
    this.#keys = keys
    this.#sizes = sizes
  }

  #bigAt(key: number): bigint {
    const size = this.#big?.get(key)
    if (size === undefined) throw new RangeError('a size beyond 2^53 without its exact value')
    return size
  }

  #keep(key: number, size: bigint): void {
    this.#big ??= new Map()
    this.#big.set(key, size)
  }
}
