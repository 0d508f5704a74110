import assert from 'node:assert/strict'
import type { Book } from '../../src/book/book.ts'
import type { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { Json } from './rig.ts'

type Rows = readonly (readonly [string, string])[]

/** A book as a reader of records has it. */
interface Rebuilt {
  readonly bids: Map<string, string>
  readonly asks: Map<string, string>
  epoch: number
  /** Number up to which records and gap records tell everything. */
  told: number
}

/**
 * Reads the records of Binance spot as a consumer would, while they are handed on, and fails at the first that does not follow from
 * those before it: a `seq` left out, a change or a trade that is neither recorded nor in exactly one gap, a book that cannot be
 * rebuilt, a gap in which nothing was missed.
 */
export class RecordJudge {
  readonly #pipeline: Pipeline
  readonly #seqs = new Map<string, number>()
  readonly #books = new Map<string, Rebuilt>()
  readonly #trades = new Map<string, number>()
  /** Gap records with the cause `unrecorded`, by channel and symbol. */
  readonly unrecorded = new Map<string, number>()

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline
  }

  /** Number of the last trade that is recorded or in a gap record; `undefined` before the first. */
  tradeTold(symbol: string): number | undefined {
    return this.#trades.get(symbol)
  }

  /** Number up to which the book is recorded or in a gap record; `undefined` before the first. */
  bookTold(symbol: string): number | undefined {
    return this.#books.get(symbol)?.told
  }

  hear(record: Json): void {
    const symbol = String(record['instrument'])
    const stream = `${String(record['type'])} ${symbol}`
    const seq = (this.#seqs.get(stream) ?? 0) + 1
    assert.equal(record['seq'], seq, `seq of ${stream}`)
    this.#seqs.set(stream, seq)
    if (record['type'] === 'trade') this.#trade(symbol, record)
    else if (record['type'] === 'gap') this.#gap(symbol, record)
    else if (record['full'] === false) this.#top(symbol, record)
    else if (record['full'] === true) this.#full(symbol, record)
    else this.#delta(symbol, record)
  }

  #trade(symbol: string, record: Json): void {
    const number = Number(record['trade_seq'])
    const told = this.#trades.get(symbol)
    if (told !== undefined) assert.equal(number, told + 1, 'a trade follows the last that is told')
    this.#trades.set(symbol, number)
  }

  #gap(symbol: string, record: Json): void {
    const [from, to] = [Number(record['from_sequence']), Number(record['to_sequence'])]
    if (record['cause'] === 'unrecorded') {
      const stream = `${String(record['channel'])} ${symbol}`
      this.unrecorded.set(stream, (this.unrecorded.get(stream) ?? 0) + 1)
    }
    assert.ok(Number(record['to_time_us']) >= Number(record['from_time_us']), 'time passes in a gap')
    if (record['channel'] === 'trade') {
      const told = this.#trades.get(symbol)
      if (told !== undefined) assert.equal(from, told, 'a gap begins at the last trade that is told')
      assert.equal(record['missed'], to - from - 1)
      assert.ok(to > from + 1, 'something is missing in the gap')
      this.#trades.set(symbol, to - 1)
    } else {
      const book = this.#book(symbol)
      assert.equal(from, book.told, 'a gap begins at the last change that is told')
      book.told = to
    }
  }

  #full(symbol: string, record: Json): void {
    const book = this.#books.get(symbol) ?? {
      bids: new Map(),
      asks: new Map(),
      epoch: 0,
      told: Number(record['sequence']),
    }
    this.#books.set(symbol, book)
    assert.ok(Number(record['epoch']) > book.epoch, 'the epoch grows')
    assert.equal(record['sequence'], book.told, 'what lies before the full book is told')
    book.epoch = Number(record['epoch'])
    book.bids.clear()
    book.asks.clear()
    this.#apply(symbol, record)
  }

  #delta(symbol: string, record: Json): void {
    const book = this.#book(symbol)
    assert.equal(record['epoch'], book.epoch, 'a change of the epoch that began last')
    assert.ok(Number(record['first_sequence']) <= book.told + 1, 'changes follow one another')
    book.told = Number(record['last_sequence'])
    this.#apply(symbol, record)
  }

  #top(symbol: string, record: Json): void {
    const book = this.#book(symbol)
    assert.equal(record['epoch'], book.epoch)
    assert.equal(record['sequence'], book.told, 'a top stands where the changes do')
    const rows = record['bids'] as Rows
    assert.deepEqual(rows, sorted(book.bids, -1).slice(0, rows.length))
  }

  #apply(symbol: string, record: Json): void {
    const book = this.#book(symbol)
    for (const side of ['bids', 'asks'] as const) {
      for (const [price, size] of record[side] as Rows) {
        if (size === '0') book[side].delete(price)
        else book[side].set(price, size)
      }
    }
    const live = this.#pipeline.streams.find(({ instrument }) => instrument.symbol === symbol)?.book.sync.book
    assert.ok(live)
    assert.deepEqual(sorted(book.bids, -1), rowsOf(live, 'bids'), 'the rebuilt book is the live one')
    assert.deepEqual(sorted(book.asks, 1), rowsOf(live, 'asks'), 'the rebuilt book is the live one')
  }

  #book(symbol: string): Rebuilt {
    const book = this.#books.get(symbol)
    assert.ok(book, `a full book of ${symbol} before anything else of it`)
    return book
  }
}

/** Best first: `order` is -1 for bids. */
function sorted(side: ReadonlyMap<string, string>, order: 1 | -1): Rows {
  return Array.from(side).toSorted(([one], [other]) => order * (Number(one) - Number(other)))
}

function rowsOf(book: Book, side: 'bids' | 'asks'): Rows {
  return Array.from({ length: book[side].count }, (_, depth) => [
    book.priceText(book[side], depth),
    book.sizeText(book[side], depth),
  ])
}
