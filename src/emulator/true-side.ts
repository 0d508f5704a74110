/**
 * One side of a true book, in whole ticks and lots: plain sorted arrays, best last, on purpose unlike the book of the collector
 * that it judges.
 */
export class TrueSide {
  readonly sign: 1 | -1
  /** Ticks for bids, minus ticks for asks: ascending either way. */
  readonly #keys: number[] = []
  readonly #lots: number[] = []

  constructor(side: 'bid' | 'ask') {
    this.sign = side === 'bid' ? 1 : -1
  }

  get count(): number {
    return this.#keys.length
  }

  /** Ticks of level `rank`, 0 being the best; NaN beyond the last. */
  ticks(rank: number): number {
    return (this.#keys[this.#keys.length - 1 - rank] ?? Number.NaN) * this.sign
  }

  lots(rank: number): number {
    return this.#lots[this.#lots.length - 1 - rank] ?? 0
  }

  /** Lots at a price; 0 where there is no level. */
  at(ticks: number): number {
    const key = ticks * this.sign
    const place = this.#place(key)
    return this.#keys[place] === key ? (this.#lots[place] ?? 0) : 0
  }

  /** Sets the lots at a price (0 removes the level); answers what stood there before. */
  set(ticks: number, lots: number): number {
    const key = ticks * this.sign
    const place = this.#place(key)
    const held = this.#keys[place] === key
    const before = held ? (this.#lots[place] ?? 0) : 0
    if (lots > 0 && held) this.#lots[place] = lots
    else if (lots > 0) {
      this.#keys.splice(place, 0, key)
      this.#lots.splice(place, 0, lots)
    } else if (held) {
      this.#keys.splice(place, 1)
      this.#lots.splice(place, 1)
    }
    return before
  }

  #place(key: number): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Changed levels of one side: lots after, and lots before the first of the changes. */
export class SideChange {
  readonly after = new Map<number, number>()
  readonly before = new Map<number, number>()

  note(ticks: number, before: number, after: number): void {
    if (!this.before.has(ticks)) this.before.set(ticks, before)
    this.after.set(ticks, after)
  }

  clear(): void {
    this.after.clear()
    this.before.clear()
  }

  /** Changed prices: ascending with `order` 1, descending with -1. */
  ticks(order: 1 | -1): readonly number[] {
    return [...this.after.keys()].toSorted((one, other) => (one - other) * order)
  }

  /** Adds a later change. */
  merge(later: SideChange): void {
    for (const [ticks, lots] of later.after) this.note(ticks, later.before.get(ticks) ?? 0, lots)
  }
}

/** What changed in a book between two of its sequence numbers. */
export class BookChange {
  readonly bids = new SideChange()
  readonly asks = new SideChange()
  /** `last` of the change before. */
  previous = Number.NaN
  first = Number.NaN
  last = Number.NaN

  get isEmpty(): boolean {
    return this.bids.after.size === 0 && this.asks.after.size === 0
  }

  clear(): void {
    this.bids.clear()
    this.asks.clear()
  }

  /** Adds the change that followed, so that both read as one. */
  merge(later: BookChange): void {
    if (this.isEmpty) {
      this.previous = later.previous
      this.first = later.first
    }
    this.bids.merge(later.bids)
    this.asks.merge(later.asks)
    this.last = later.last
  }
}
