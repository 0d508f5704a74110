import { plainText } from '../../src/emulator/decimal-text.ts'
import { parseDecimal } from '../../src/core/decimal.ts'
import type { VenueId } from '../../src/core/ids.ts'

/**
 * A reader of book frames for tests: `JSON.parse` and maps, nothing of the product's decoders. Written from the sheets.
 */
export interface BookFrame {
  readonly symbol: string
  readonly isSnapshot: boolean
  readonly first: number
  readonly last: number
  readonly previous: number | undefined
  readonly bids: readonly (readonly [string, string])[]
  readonly asks: readonly (readonly [string, string])[]
}

type Json = ReturnType<typeof JSON.parse>

/** Plain notation without trailing zeros. */
export function plain(value: string | number): string {
  const decimal = parseDecimal(String(value))
  if (decimal === undefined) throw new Error(`no decimal: ${value}`)
  return plainText(Number(decimal.mantissa), decimal.decimals)
}

const rows = (levels: readonly Json[]): [string, string][] =>
  levels.map((row) => [plain(row[0]), plain(row[1])])
const actions = (levels: readonly Json[]): [string, string][] =>
  levels.map((row) => [plain(row[1]), plain(row[2])])

/** Reads a frame; `undefined` when it is no book frame. */
export function readBook(venue: VenueId, text: string): BookFrame | undefined {
  if (text === 'pong') return undefined
  const frame: Json = JSON.parse(text)
  if (venue === 'deribit') return readDeribit(frame)
  return venue.startsWith('okx') ? readOkx(frame) : readBinance(frame)
}

function readBinance(frame: Json): BookFrame | undefined {
  const data = frame.data ?? frame
  if (data.e !== 'depthUpdate') return undefined
  const { s, U, u, pu, b, a } = data
  return { symbol: s, isSnapshot: false, first: U, last: u, previous: pu, bids: rows(b), asks: rows(a) }
}

function readOkx(frame: Json): BookFrame | undefined {
  if (frame.arg?.channel !== 'books' || frame.data === undefined) return undefined
  const [{ bids, asks, seqId, prevSeqId }] = frame.data
  const levels = { bids: rows(bids), asks: rows(asks) }
  const isSnapshot = frame.action === 'snapshot'
  return { symbol: frame.arg.instId, isSnapshot, first: seqId, last: seqId, previous: prevSeqId, ...levels }
}

function readDeribit(frame: Json): BookFrame | undefined {
  const data = frame.params?.data
  if (data === undefined || !String(frame.params.channel).startsWith('book.')) return undefined
  const ids = { first: data.change_id, last: data.change_id, previous: data.prev_change_id }
  const levels = { bids: actions(data.bids), asks: actions(data.asks) }
  return { symbol: data.instrument_name, isSnapshot: data.type === 'snapshot', ...ids, ...levels }
}

/** A book as two maps. */
export class PlainBook {
  readonly bids = new Map<string, string>()
  readonly asks = new Map<string, string>()
  last = Number.NaN

  apply(frame: Pick<BookFrame, 'isSnapshot' | 'last' | 'bids' | 'asks'>): void {
    if (frame.isSnapshot) {
      this.bids.clear()
      this.asks.clear()
    }
    for (const [price, size] of frame.bids) change(this.bids, price, size)
    for (const [price, size] of frame.asks) change(this.asks, price, size)
    this.last = frame.last
  }

  /** Levels best first, as the truth tells them. */
  levels(): { bids: [string, string][]; asks: [string, string][] } {
    const ascending = (one: [string, string], other: [string, string]): number =>
      Number(one[0]) - Number(other[0])
    return { bids: [...this.bids].toSorted(ascending).toReversed(), asks: [...this.asks].toSorted(ascending) }
  }
}

function change(side: Map<string, string>, price: string, size: string): void {
  if (size === '0') side.delete(price)
  else side.set(price, size)
}
