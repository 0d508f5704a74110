/** A record as it is published; docs/RECORDS.md has every key. */
export interface MarketRecord {
  readonly type: 'trade' | 'orderbook_delta' | 'orderbook' | 'gap'
  readonly exchange: string
  readonly market_type: string
  readonly symbol: string
  readonly session: string
  readonly seq: number
  readonly id: string
  /** Books and their changes. */
  readonly epoch?: number
  readonly full?: boolean
  readonly bids?: readonly (readonly [price: string, size: string])[]
  readonly asks?: readonly (readonly [price: string, size: string])[]
}

/** A book that is complete: sizes by price, as exact text. */
export interface Book {
  session: string
  epoch: number
  bids: Record<string, string>
  asks: Record<string, string>
}

/** Everything that has to survive a restart. Plain data. */
export interface MarketState {
  /** Last `seq` of each stream. */
  seqs: Record<string, number>
  /** The latest ids, oldest first. */
  ids: string[]
  books: Record<string, Book>
}

/** Ids that are remembered: more than can come again after a restart of either side. */
const IDS_LIMIT = 50_000

/** What came of a record. */
export interface Verdict {
  readonly stream: string
  /** Records of the stream that are missing before this one. */
  readonly missing: number
  /** It has been there before: given once more, or written by another session as well. */
  readonly isRepeat: boolean
}

/** Reads records in the order of their streams: drops repeats, finds holes, keeps the books. */
export class Market {
  readonly #seqs: Map<string, number>
  readonly #ids: Set<string>
  readonly books: Map<string, Book>

  constructor(state: MarketState = { seqs: {}, ids: [], books: {} }) {
    this.#seqs = new Map(Object.entries(state.seqs))
    this.#ids = new Set(state.ids)
    this.books = new Map(Object.entries(state.books))
  }

  get state(): MarketState {
    return {
      seqs: Object.fromEntries(this.#seqs),
      ids: [...this.#ids],
      books: Object.fromEntries(this.books),
    }
  }

  take(record: MarketRecord): Verdict {
    const instrument = `${record.exchange} ${record.market_type} ${record.symbol}`
    const stream = `${record.session} ${instrument} ${record.type}`
    const last = this.#seqs.get(stream)
    if (last !== undefined && record.seq <= last) return { stream, missing: 0, isRepeat: true }
    this.#seqs.set(stream, record.seq)
    // Whoever begins in the middle of a stream has missed nothing that they asked for.
    const missing = last === undefined ? 0 : record.seq - last - 1
    // Without every change the book has to begin anew, with the next full one.
    if (missing > 0 && record.type === 'orderbook_delta') this.books.delete(instrument)
    if (this.#ids.has(record.id)) return { stream, missing, isRepeat: true }
    this.#remember(record.id)
    if (record.type === 'orderbook' && record.full === true) this.#begin(instrument, record)
    else if (record.type === 'orderbook_delta') this.#change(instrument, record)
    return { stream, missing, isRepeat: false }
  }

  #begin(instrument: string, { session, epoch = 0, bids = [], asks = [] }: MarketRecord): void {
    this.books.set(instrument, {
      session,
      epoch,
      bids: Object.fromEntries(bids),
      asks: Object.fromEntries(asks),
    })
  }

  /** A change belongs to the full book of its epoch and to no other. */
  #change(instrument: string, { session, epoch, bids = [], asks = [] }: MarketRecord): void {
    const book = this.books.get(instrument)
    if (book === undefined || book.session !== session || book.epoch !== epoch) return
    for (const [side, levels] of [[book.bids, bids] as const, [book.asks, asks] as const]) {
      for (const [price, size] of levels) {
        if (size === '0') delete side[price]
        else side[price] = size
      }
    }
  }

  #remember(id: string): void {
    this.#ids.add(id)
    if (this.#ids.size <= IDS_LIMIT) return
    const [oldest] = this.#ids
    if (oldest !== undefined) this.#ids.delete(oldest)
  }
}

/** Best price and its size: `100.5 x 2`; `-` for an empty side. */
export function best(side: Readonly<Record<string, string>>, of: 'bids' | 'asks'): string {
  const order = of === 'bids' ? -1 : 1
  const [first] = Object.keys(side).toSorted((one, other) => order * (Number(one) - Number(other)))
  return first === undefined ? '-' : `${first} x ${side[first]}`
}
