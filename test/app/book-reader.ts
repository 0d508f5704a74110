import type { Json } from '../pipeline/rig.ts'

type Rows = readonly (readonly [price: string, size: string])[]

/** One book as a reader of the records has it: the last full book and the changes after it. */
export class BookReader {
  sequence = Number.NaN
  /** Full books and changes. */
  taken = 0
  readonly #sides = { bids: new Map<string, string>(), asks: new Map<string, string>() }

  /** Answers whether it was the book, or a change of it. */
  take(record: Json): boolean {
    const isFull = record['full'] === true
    if (!isFull && record['type'] !== 'orderbook_delta') return false
    this.taken++
    this.sequence = Number(isFull ? record['sequence'] : record['last_sequence'])
    for (const side of ['bids', 'asks'] as const) {
      if (isFull) this.#sides[side].clear()
      for (const [price, size] of record[side] as Rows) {
        if (size === '0') this.#sides[side].delete(price)
        else this.#sides[side].set(price, size)
      }
    }
    return true
  }

  /** Best first. */
  rows(side: 'bids' | 'asks'): Rows {
    const sign = side === 'bids' ? -1 : 1
    return Array.from(this.#sides[side]).toSorted(([one], [other]) => sign * (Number(one) - Number(other)))
  }
}
