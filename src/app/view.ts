import type { VenueId } from '../core/ids.ts'
import type { BookStream, InstrumentStreams } from '../pipeline/streams.ts'
import type { Counts } from '../telemetry/counts.ts'

/** What a person is shown of a running collector at one moment. */
export interface CollectorView {
  readonly title: string
  readonly upMs: number
  /** Share of one core since the last view. */
  readonly cpuShare: number
  readonly rssBytes: number
  readonly journal: { readonly records: number; readonly bytes: number; readonly folder: string }
  readonly venues: readonly VenueView[]
  /** Set when something must be said: no venue can be reached, a check failed. */
  readonly notice: string | undefined
}

export interface VenueView {
  readonly venue: VenueId
  /** Why nothing comes, where something is wrong. */
  readonly trouble: string | undefined
  readonly sockets: { readonly open: number; readonly planned: number }
  readonly books: { readonly live: number; readonly total: number }
  readonly rates: Rates
  readonly lagMs: { readonly p50: number | undefined; readonly p99: number | undefined }
  readonly gaps: number
  /** Comparisons with the venue's true book, in the demo. */
  readonly checks: { readonly equal: number; readonly total: number } | undefined
  readonly tops: readonly TopView[]
}

export interface Rates {
  readonly frames: number
  readonly deltas: number
  readonly trades: number
}

/** The best of one book. */
export interface TopView {
  readonly symbol: string
  readonly bid: string
  readonly ask: string
  readonly levels: number
  readonly state: string
  /** Since the last good update; `undefined` before the first. */
  readonly ageMs: number | undefined
}

/** Turns counters into rates between one reading and the next. */
export class RateMeter {
  #last:
    | { readonly atMs: number; readonly frames: number; readonly deltas: number; readonly trades: number }
    | undefined

  read(counts: Counts, atMs: number): Rates {
    const last = this.#last ?? { atMs: atMs - 1, frames: 0, deltas: 0, trades: 0 }
    this.#last = { atMs, frames: counts.frames, deltas: counts.deltas, trades: counts.trades }
    const perSecond = (grown: number): number => (grown * 1_000) / Math.max(1, atMs - last.atMs)
    return {
      frames: perSecond(counts.frames - last.frames),
      deltas: perSecond(counts.deltas - last.deltas),
      trades: perSecond(counts.trades - last.trades),
    }
  }
}

/** The best of a book as text; dashes for a side that is empty or not known. */
export function topView({ instrument, book }: InstrumentStreams, nowUs: number): TopView {
  const levels = book.sync.book
  const side = (of: 'bids' | 'asks'): string =>
    book.sync.isLive && levels[of].count > 0 ? levels.priceText(levels[of], 0) : '-'
  return {
    symbol: instrument.symbol,
    bid: side('bids'),
    ask: side('asks'),
    levels: book.sync.isLive ? levels.bids.count + levels.asks.count : 0,
    state: stateOf(book),
    ageMs: book.goodTimeUs === undefined ? undefined : (nowUs - book.goodTimeUs) / 1_000,
  }
}

function stateOf(book: BookStream): string {
  if (book.sync.isLive) return book.crossed > 0 ? 'crossed' : 'live'
  return book.gap === undefined ? book.sync.state : `lost: ${book.gap.cause}`
}
