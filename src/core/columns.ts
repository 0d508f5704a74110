import { DecodeError } from './errors.ts'

/** Kinds of data events. Integer codes, because the hot path switches on them once per event. */
export const KIND = { snapshot: 1, delta: 2, trade: 3 } as const

export const BUY = 1
export const SELL = 2

/** What else a venue says of a trade, as bits of `flags`; `TRADE_FLAG_NAMES[n]` names bit `1 << n` in records. */
export const TRADE_FLAG = { liquidation: 1, block: 2, combo: 4, rpi: 8, insurance: 16, adl: 32 } as const
export const TRADE_FLAG_NAMES = ['liquidation', 'block', 'combo', 'rpi', 'insurance', 'adl'] as const

/** Price levels one frame may name, both sides: a full Deribit book has some thousands, Binance at most 10,000. */
export const LEVEL_LIMIT = 200_000
/** Events one frame may hold: OKX and Deribit batch trades, a sweep makes about a thousand. */
export const EVENT_LIMIT = 50_000

/** The columns of an event that are packed with it, in this order. Where its levels stand is none of them: they follow. */
const PACKED = [
  'kind',
  'slot',
  'venueTimeUs',
  'first',
  'last',
  'previous',
  'checksum',
  'bidCount',
  'askCount',
  'side',
  'flags',
  'stream',
  'fillFirst',
  'fillLast',
] as const
/** Numbers a level: price, size, and the decimals of both in one. */
const LEVEL_NUMBERS = 3
const DECIMALS_STEP = 256

/** One event by itself, in one array: thousands of them may wait for snapshots. A trade's id stays behind: it is in the frame. */
export interface PackedEvent {
  /** The columns of `PACKED`, then the levels: bids, then asks. */
  readonly numbers: Float64Array
  /** Exact mantissas of the sizes that are `Infinity`, by level. */
  readonly bigSizes: ReadonlyMap<number, bigint> | undefined
}

/** What the array weighs besides its numbers, with the objects around it; measured. */
const PACKED_BYTES = 400

/** Bytes of memory that a packed event weighs. */
export const packedBytes = ({ numbers }: PackedEvent): number => PACKED_BYTES + numbers.byteLength

/** What a venue says besides market data. Rare, so plain objects. */
export type Control =
  /** Accepted: `keys` where the venue names them, else all that request `id` asked for. */
  | { readonly type: 'acknowledged'; readonly id: string | undefined; readonly keys?: readonly string[] }
  /** Refused. `key` is set where the venue says (or hints) which subscription it means. */
  | {
      readonly type: 'refused'
      readonly id: string | undefined
      readonly code: string
      readonly text: string
      readonly key?: string
      /** What to do about it: this subscription will never work, try later, or the whole socket is no good. */
      readonly verdict: 'drop' | 'retry' | 'reconnect'
    }
  /** The venue wants proof of life; the session answers with the venue's `heartbeat.answer`. */
  | { readonly type: 'test_request' }
  | { readonly type: 'heartbeat' }
  /** The venue will end this socket soon: open the next one first. */
  | { readonly type: 'closing'; readonly reason: string }
  | { readonly type: 'maintenance'; readonly active: boolean; readonly reason: string }

/**
 * What one frame said, as columns: filled by a venue's decoder, read by book and pipeline before the next frame. One object for
 * the life of a feed; it grows to the largest frame seen and makes no garbage.
 *
 * Event `i` (below `count`): `kind`, `slot` (the instrument's number in the venue's `Symbols`), `venueTimeUs` (NaN: the venue
 * named none), and the venue's sequence numbers, NaN where it has none: `first`..`last` covered by the event, `previous` the
 * `last` of the event before it. For trades `last` is the number that grows by one per trade (the gap
 * key), and `first` is set only where a trade covers several.
 *
 * Levels of a book event: `bidCount` from `bidStart`, `askCount` from `askStart`. A trade has its price and size in the level at
 * `bidStart`. Level `n` is price `prices[n] / 10^priceDecimals[n]`, size alike; size 0 removes the level. A size of `Infinity`
 * does not fit a double's 2^53: its exact mantissa is in `bigSizes`.
 */
export class Columns {
  count = 0
  kind: Uint8Array
  slot: Int32Array
  venueTimeUs: Float64Array
  first: Float64Array
  last: Float64Array
  previous: Float64Array
  /** The venue's checksum over the book after this event; NaN: none. */
  checksum: Float64Array
  bidStart: Int32Array
  bidCount: Int32Array
  askStart: Int32Array
  askCount: Int32Array
  /** Trades: `BUY` or `SELL`, the side that took liquidity. */
  side: Uint8Array
  flags: Uint8Array
  /** Trades: which of a venue's trade streams said it (index into `Venue.tradeStreams`). */
  stream: Uint8Array
  /** Trades: the venue's id as it stands in the frame, bytes `idStart` to `idEnd`. */
  idStart: Int32Array
  idEnd: Int32Array
  /** Aggregated trades: the fills they cover; NaN: a single fill. */
  fillFirst: Float64Array
  fillLast: Float64Array

  levels = 0
  prices: Float64Array
  priceDecimals: Uint8Array
  sizes: Float64Array
  sizeDecimals: Uint8Array
  /** Exact mantissas of the sizes that are `Infinity`, by level. */
  bigSizes: Map<number, bigint> | undefined

  readonly control: Control[] = []
  /** Events of instruments that nobody asked for. */
  unknown = 0
  /** Frames or rows of channels that this collector does not read. */
  ignored = 0

  /** Room for `events` and `levels` to begin with, at least one of each. */
  constructor(events = 16, levels = 1_024) {
    this.kind = new Uint8Array(events)
    this.slot = new Int32Array(events)
    this.venueTimeUs = new Float64Array(events)
    this.first = new Float64Array(events)
    this.last = new Float64Array(events)
    this.previous = new Float64Array(events)
    this.checksum = new Float64Array(events)
    this.bidStart = new Int32Array(events)
    this.bidCount = new Int32Array(events)
    this.askStart = new Int32Array(events)
    this.askCount = new Int32Array(events)
    this.side = new Uint8Array(events)
    this.flags = new Uint8Array(events)
    this.stream = new Uint8Array(events)
    this.idStart = new Int32Array(events)
    this.idEnd = new Int32Array(events)
    this.fillFirst = new Float64Array(events)
    this.fillLast = new Float64Array(events)
    this.prices = new Float64Array(levels)
    this.priceDecimals = new Uint8Array(levels)
    this.sizes = new Float64Array(levels)
    this.sizeDecimals = new Uint8Array(levels)
  }

  /** Forgets the last frame. */
  clear(): void {
    this.count = 0
    this.levels = 0
    this.bigSizes = undefined
    this.unknown = 0
    this.ignored = 0
    if (this.control.length > 0) this.control.length = 0
  }

  /** Begins an event with nothing known of it; answers its index. The caller raises `count` by one once the event is whole. */
  begin(kind: number): number {
    const at = this.count
    if (at === this.kind.length) this.#growEvents()
    this.kind[at] = kind
    this.slot[at] = -1
    this.venueTimeUs[at] = Number.NaN
    this.first[at] = Number.NaN
    this.last[at] = Number.NaN
    this.previous[at] = Number.NaN
    this.checksum[at] = Number.NaN
    this.bidStart[at] = this.levels
    this.bidCount[at] = 0
    this.askStart[at] = this.levels
    this.askCount[at] = 0
    this.side[at] = 0
    this.flags[at] = 0
    this.stream[at] = 0
    this.idStart[at] = 0
    this.idEnd[at] = 0
    this.fillFirst[at] = Number.NaN
    this.fillLast[at] = Number.NaN
    return at
  }

  /** Makes room for one more level. Call before writing at `levels`. */
  reserve(): void {
    if (this.levels === this.prices.length) this.#growLevels()
  }

  /** Event `at` by itself, to be kept. */
  pack(at: number): PackedEvent {
    const bids = this.kind[at] === KIND.trade ? 1 : (this.bidCount[at] ?? 0)
    const asks = this.askCount[at] ?? 0
    const numbers = new Float64Array(PACKED.length + (bids + asks) * LEVEL_NUMBERS)
    let next = 0
    for (const name of PACKED) numbers[next++] = this[name][at] ?? Number.NaN
    const bidStart = this.bidStart[at] ?? 0
    const askStart = this.askStart[at] ?? 0
    this.#packLevels(numbers, next, bidStart, bids)
    this.#packLevels(numbers, next + bids * LEVEL_NUMBERS, askStart, asks)
    if (this.bigSizes === undefined) return { numbers, bigSizes: undefined }
    const bigSizes = new Map([
      ...this.#bigSizesOf(bidStart, bids, 0),
      ...this.#bigSizesOf(askStart, asks, bids),
    ])
    return { numbers, bigSizes }
  }

  /** Forgets the last frame, and has event 0 say what `packed` says. */
  unpack({ numbers, bigSizes }: PackedEvent): void {
    this.clear()
    this.begin(KIND.delta)
    let next = 0
    for (const name of PACKED) this[name][0] = numbers[next++] ?? Number.NaN
    this.count = 1
    while (next < numbers.length) {
      this.reserve()
      const decimals = numbers[next + 2] ?? 0
      this.prices[this.levels] = numbers[next] ?? Number.NaN
      this.priceDecimals[this.levels] = decimals % DECIMALS_STEP
      this.sizes[this.levels] = numbers[next + 1] ?? Number.NaN
      this.sizeDecimals[this.levels++] = decimals / DECIMALS_STEP
      next += LEVEL_NUMBERS
    }
    this.askStart[0] = this.kind[0] === KIND.trade ? 1 : (this.bidCount[0] ?? 0)
    if (bigSizes !== undefined && bigSizes.size > 0) this.bigSizes = new Map(bigSizes)
  }

  #packLevels(numbers: Float64Array, next: number, start: number, count: number): void {
    for (let level = start; level < start + count; level++) {
      numbers[next++] = this.prices[level] ?? Number.NaN
      numbers[next++] = this.sizes[level] ?? Number.NaN
      numbers[next++] = (this.priceDecimals[level] ?? 0) + (this.sizeDecimals[level] ?? 0) * DECIMALS_STEP
    }
  }

  /** Sizes beyond 2^53 of `count` levels from `start`, as those of levels from `to`. */
  #bigSizesOf(start: number, count: number, to: number): readonly (readonly [number, bigint])[] {
    return [...(this.bigSizes ?? [])]
      .filter(([level]) => level >= start && level < start + count)
      .map(([level, size]) => [level - start + to, size] as const)
  }

  #growEvents(): void {
    if (this.kind.length >= EVENT_LIMIT) {
      throw new DecodeError('too_large', `more than ${EVENT_LIMIT} events in one frame`)
    }
    const size = Math.min(EVENT_LIMIT, this.kind.length * 2)
    this.kind = grown(this.kind, new Uint8Array(size))
    this.slot = grown(this.slot, new Int32Array(size))
    this.venueTimeUs = grown(this.venueTimeUs, new Float64Array(size))
    this.first = grown(this.first, new Float64Array(size))
    this.last = grown(this.last, new Float64Array(size))
    this.previous = grown(this.previous, new Float64Array(size))
    this.checksum = grown(this.checksum, new Float64Array(size))
    this.bidStart = grown(this.bidStart, new Int32Array(size))
    this.bidCount = grown(this.bidCount, new Int32Array(size))
    this.askStart = grown(this.askStart, new Int32Array(size))
    this.askCount = grown(this.askCount, new Int32Array(size))
    this.side = grown(this.side, new Uint8Array(size))
    this.flags = grown(this.flags, new Uint8Array(size))
    this.stream = grown(this.stream, new Uint8Array(size))
    this.idStart = grown(this.idStart, new Int32Array(size))
    this.idEnd = grown(this.idEnd, new Int32Array(size))
    this.fillFirst = grown(this.fillFirst, new Float64Array(size))
    this.fillLast = grown(this.fillLast, new Float64Array(size))
  }

  #growLevels(): void {
    if (this.prices.length >= LEVEL_LIMIT) {
      throw new DecodeError('too_large', `more than ${LEVEL_LIMIT} levels in one frame`)
    }
    const size = Math.min(LEVEL_LIMIT, this.prices.length * 2)
    this.prices = grown(this.prices, new Float64Array(size))
    this.priceDecimals = grown(this.priceDecimals, new Uint8Array(size))
    this.sizes = grown(this.sizes, new Float64Array(size))
    this.sizeDecimals = grown(this.sizeDecimals, new Uint8Array(size))
  }
}

function grown<Column extends Uint8Array | Int32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
