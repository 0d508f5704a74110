import { createHash } from 'node:crypto'
import { Book } from '../book/book.ts'
import { fullDepthDigest } from '../book/digest.ts'
import { BookSync, type HeldDelta } from '../book/sync.ts'
import type { CaptureLine } from '../core/capture.ts'
import { Columns, KIND } from '../core/columns.ts'
import { DecodeError } from '../core/errors.ts'
import { epochMicros } from '../core/units.ts'
import { Symbols } from '../venues/symbols.ts'
import type { Venue } from '../venues/venue.ts'
import { FollowedTrades, type TradeReport } from './verify-trades.ts'

/** A digest of the whole book after so many applied updates. */
export interface Checkpoint {
  readonly applied: number
  /** 1-based line of the update in the capture. */
  readonly line: number
  readonly update_id: number | string
  readonly bid_levels: number
  readonly ask_levels: number
  readonly best_bid: readonly string[] | null
  readonly best_ask: readonly string[] | null
  readonly full_depth_sha256: string
}

interface BookReport {
  symbol: string
  channel?: string
  conn?: string
  book_valid_at_end: boolean
  snapshots: number
  snapshots_ignored_while_in_sync: number
  updates_applied: number
  updates_dropped_older_than_snapshot: number
  updates_without_book: number
  gaps: number
  bid_levels?: number
  ask_levels?: number
  full_depth_sha256?: string
  checksum?: { verified: number; passed: number; failed: number; zero: number }
  checkpoints?: Checkpoint[]
}

/** What is in a capture, in the words of `captures/expected`. */
export interface CaptureReport {
  readonly venue: string
  readonly capture: string
  readonly frames: number
  /** Frames that were refused, by code; not in `captures/expected`, where nothing was. */
  readonly refused: Readonly<Record<string, number>>
  readonly symbols: readonly BookReport[]
  readonly trades: readonly TradeReport[]
}

/** One book of a capture, followed by the real sync. */
class FollowedBook {
  readonly #sync: BookSync
  readonly #window: number
  readonly #report: BookReport
  readonly #checkpoints: Checkpoint[] = []
  readonly #checksum = { verified: 0, passed: 0, failed: 0, zero: 0 }
  #line = 0
  /** Among the held deltas is the one that showed the last gap. */
  #isGapHeld = false

  constructor(venue: Venue, names: Pick<BookReport, 'symbol' | 'channel' | 'conn'>) {
    this.#sync = new BookSync(venue.link, new Book())
    this.#window = venue.window
    this.#report = {
      ...names,
      book_valid_at_end: false,
      snapshots: 0,
      snapshots_ignored_while_in_sync: 0,
      updates_applied: 0,
      updates_dropped_older_than_snapshot: 0,
      updates_without_book: 0,
      gaps: 0,
    }
  }

  delta(columns: Columns, at: number, line: number): void {
    const report = this.#report
    this.#line = line
    const heldBefore = this.#sync.held.count
    const outcome = this.#guarded(() => this.#sync.delta(columns, at, epochMicros(0), line))
    if (outcome === 'applied') this.#applied(columns, at)
    else if (outcome === 'old') report.updates_dropped_older_than_snapshot++
    else if (outcome === 'unsynced') report.updates_without_book++
    else if (outcome === 'held') report.updates_without_book += heldBefore + 1 - this.#sync.held.count
    else {
      report.gaps++
      if (outcome === 'checksum') this.#judgeChecksum(columns, at, false)
      // The update that shows the gap is counted as the gap, whether or not it waits for the next snapshot.
      this.#isGapHeld = this.#sync.held.count > 0
    }
  }

  /** Takes a snapshot, from the stream or as the answer to a request. */
  snapshot(columns: Columns, at: number, from: { readonly line: number; readonly isAnswer: boolean }): void {
    const report = this.#report
    this.#line = from.line
    const heldBefore = this.#sync.held.count
    let joinedHeld = 0
    const outcome = this.#guarded(() =>
      this.#sync[from.isAnswer ? 'answer' : 'snapshot'](columns, at, this.#window, {
        joined: () => {
          report.snapshots++
          if (from.isAnswer) this.#isGapHeld = false
          this.#judgeChecksum(columns, at, true)
        },
        applied: (delta: Columns, { tag }: HeldDelta) => {
          joinedHeld++
          this.#line = tag
          this.#applied(delta, 0)
        },
        dropped: () => {
          joinedHeld++
          report.updates_dropped_older_than_snapshot++
        },
      }),
    )
    if (outcome === 'ignored') report.snapshots_ignored_while_in_sync++
    if (outcome === 'stale' || outcome === 'checksum') {
      if (outcome === 'stale') report.snapshots++
      report.gaps++
    }
    // Held deltas that the snapshot made useless never had a book.
    this.#letGo(heldBefore - joinedHeld - this.#sync.held.count)
    if (outcome === 'checksum') this.#judgeChecksum(columns, at, false)
  }

  finish(hasChecksums: boolean): BookReport {
    const report = this.#report
    this.#letGo(this.#sync.held.count)
    report.book_valid_at_end = this.#sync.isLive
    if (hasChecksums) report.checksum = this.#checksum
    if (!this.#sync.isLive) return report
    const { book } = this.#sync
    report.bid_levels = book.bids.count
    report.ask_levels = book.asks.count
    report.full_depth_sha256 = digest(book)
    report.checkpoints = this.#checkpoints
    return report
  }

  /** Counts held deltas that will never be applied, but for the one that was counted as a gap. */
  #letGo(count: number): void {
    if (count === 0) return
    this.#report.updates_without_book += count - (this.#isGapHeld ? 1 : 0)
    this.#isGapHeld = false
  }

  #applied(columns: Columns, at: number): void {
    const applied = ++this.#report.updates_applied
    this.#judgeChecksum(columns, at, true)
    if (applied !== 1 && applied !== 10 && applied !== 100 && applied % 1_000 !== 0) return
    const { book } = this.#sync
    const last = columns.last[at] ?? Number.NaN
    this.#checkpoints.push({
      applied,
      line: this.#line,
      // Venues that number nothing (OKX before 2023) leave only their time to name an update by.
      update_id: Number.isNaN(last) ? String((columns.venueTimeUs[at] ?? 0) / 1_000) : last,
      bid_levels: book.bids.count,
      ask_levels: book.asks.count,
      best_bid: book.bids.count === 0 ? null : [book.priceText(book.bids, 0), book.sizeText(book.bids, 0)],
      best_ask: book.asks.count === 0 ? null : [book.priceText(book.asks, 0), book.sizeText(book.asks, 0)],
      full_depth_sha256: digest(book),
    })
  }

  /** A number that the book cannot hold costs the book: what was applied until then is not to be trusted. */
  #guarded<Outcome>(take: () => Outcome): Outcome {
    try {
      return take()
    } catch (error) {
      this.#sync.lose()
      this.#report.gaps++
      throw error
    }
  }

  #judgeChecksum(columns: Columns, at: number, agreed: boolean): void {
    const told = columns.checksum[at] ?? Number.NaN
    if (told === 0) this.#checksum.zero++
    if (Number.isNaN(told) || told === 0) return
    this.#checksum.verified++
    if (agreed) this.#checksum.passed++
    else this.#checksum.failed++
  }
}

/** Runs a capture through the real decode, link and book code, without a collector around it. */
export class CaptureVerifier {
  readonly #venue: Venue
  readonly #symbols = new Symbols([], { open: true })
  readonly #columns = new Columns()
  readonly #books = new Map<string, FollowedBook>()
  readonly #trades = new Map<string, FollowedTrades>()
  readonly #refused: Record<string, number> = {}
  #frames = 0

  constructor(venue: Venue) {
    this.#venue = venue
  }

  /** Takes the next line. A frame that is refused is counted, and changes nothing. */
  take(line: CaptureLine, number: number): void {
    this.#frames++
    if (line.dir === 'out') return
    try {
      if (line.src === 'rest') this.#rest(line, number)
      else this.#frame(line, number)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1
    }
  }

  /** The report over all lines taken. */
  finish(capture: string): CaptureReport {
    const hasChecksums = this.#venue.link.checksum !== undefined
    return {
      venue: this.#venue.id,
      capture,
      frames: this.#frames,
      refused: this.#refused,
      symbols: [...this.#books.values()].map((book) => book.finish(hasChecksums)).toSorted(bySymbol),
      trades: [...this.#trades.values()].map((trades) => trades.report()).toSorted(bySymbol),
    }
  }

  #rest(line: CaptureLine, number: number): void {
    const symbol = this.#venue.snapshot?.symbolOf(line.conn)
    if (symbol === undefined) return
    const slot = this.#symbols.add(symbol)
    this.#venue.snapshot?.read(new TextEncoder().encode(line.raw), slot, this.#columns)
    this.#book(line, 0).snapshot(this.#columns, 0, { line: number, isAnswer: true })
  }

  #frame(line: CaptureLine, number: number): void {
    const columns = this.#columns
    this.#venue.decode(new TextEncoder().encode(line.raw), this.#symbols, columns)
    for (let at = 0; at < columns.count; at++) {
      const kind = columns.kind[at]
      if (kind === KIND.trade) this.#tradesOf(at).take(columns, at)
      else if (kind === KIND.snapshot)
        this.#book(line, at).snapshot(columns, at, { line: number, isAnswer: false })
      else this.#book(line, at).delta(columns, at, number)
    }
  }

  /** Venues that send snapshots in the stream have a book a connection and channel; the others one a symbol. */
  #book(line: CaptureLine, at: number): FollowedBook {
    const symbol = this.#symbols.nameOf(this.#columns.slot[at] ?? -1)
    const isStream = this.#venue.link.snapshot !== 'request'
    const channel = isStream ? this.#venue.bookChannel?.(symbol, this.#columns.stream[at] ?? 0) : undefined
    const key = isStream ? `${line.conn} ${channel} ${symbol}` : symbol
    const known = this.#books.get(key)
    if (known !== undefined) return known
    const names = channel === undefined ? { symbol } : { symbol, channel, conn: line.conn }
    const book = new FollowedBook(this.#venue, names)
    this.#books.set(key, book)
    return book
  }

  #tradesOf(at: number): FollowedTrades {
    const symbol = this.#symbols.nameOf(this.#columns.slot[at] ?? -1)
    const stream = this.#venue.tradeStreams[this.#columns.stream[at] ?? 0] ?? ''
    const key = `${stream} ${symbol}`
    const trades = this.#trades.get(key) ?? new FollowedTrades({ stream, symbol })
    this.#trades.set(key, trades)
    return trades
  }
}

const digest = (book: Book): string => fullDepthDigest(book, createHash('sha256')).digest('hex')

const bySymbol = (a: { symbol: string }, b: { symbol: string }): number =>
  a.symbol < b.symbol ? -1 : Number(a.symbol > b.symbol)
