import type { GapCause } from '../core/gap.ts'
import type { VenueId } from '../core/ids.ts'
import type { EpochMicros } from '../core/units.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Recorder } from './recorder.ts'
import type { InstrumentStreams } from './streams.ts'

/** What the trade after a hole says of it. */
export interface TradeHole {
  readonly cause: GapCause
  /** Number of the first trade after the hole. */
  readonly first: number
  readonly receiveTimeUs: EpochMicros
}

/**
 * Keeps what is not known. A book's gap opens with the last good update and closes with the snapshot that makes it live; its
 * record is written then. A trade's gap is found by the trade after it, hence written at once; that of trades which could not be
 * recorded is written when records can be made again.
 */
export class GapLedger {
  readonly #venue: VenueId
  readonly #recorder: Recorder
  readonly #emit: Emit
  readonly #counts: Counts
  #refused: { readonly session: number; readonly timeUs: EpochMicros } | undefined

  constructor(
    venue: VenueId,
    recorder: Recorder,
    telemetry: { readonly emit: Emit; readonly counts: Counts },
  ) {
    this.#venue = venue
    this.#recorder = recorder
    this.#emit = telemetry.emit
    this.#counts = telemetry.counts
  }

  /** A frame of `session` was refused: the likely cause of a hole right after it. */
  refused(session: number, timeUs: EpochMicros): void {
    this.#refused = { session, timeUs }
  }

  /** What would explain a hole in a stream of `session` whose last good frame came at `goodTimeUs`. */
  suspect(session: number, goodTimeUs: EpochMicros | undefined): GapCause {
    const refused = this.#refused
    if (refused === undefined || refused.session !== session) return 'sequence'
    return refused.timeUs >= (goodTimeUs ?? 0) ? 'malformed' : 'sequence'
  }

  /**
   * A book is lost, or cannot be recorded, `since` it was last good unless told otherwise. Before it was ever recorded there is
   * nothing to lose; a gap that is open stays as it began, unless this one is told to reach further back.
   */
  open(
    { book, instrument }: InstrumentStreams,
    cause: GapCause,
    since?: { readonly timeUs: EpochMicros; readonly sequence: number },
  ): void {
    const { gap } = book
    if (!book.isRecorded || book.goodTimeUs === undefined) return
    if (gap !== undefined && (since === undefined || since.timeUs >= gap.fromTimeUs)) return
    const { timeUs, sequence } = since ?? { timeUs: book.goodTimeUs, sequence: book.goodSequence }
    book.gap = { cause, fromTimeUs: timeUs, fromSequence: sequence }
    if (gap !== undefined) return
    this.#counts.gaps++
    this.#emit({ type: 'gap_opened', venue: this.#venue, symbol: instrument.symbol, channel: 'book', cause })
  }

  /** The book is about to be recorded in full, as of `toTimeUs`. */
  close({ book, instrument, records }: InstrumentStreams, toTimeUs: EpochMicros): void {
    const { gap } = book
    if (gap === undefined) return
    book.gap = undefined
    const toSequence = book.sync.book.sequence
    const facts = { channel: 'book' as const, ...gap, toTimeUs, toSequence, missed: Number.NaN }
    this.#recorder.gap(records, { ...facts, repairedBy: 'snapshot' }, toTimeUs)
    this.#emit({
      type: 'gap_closed',
      venue: this.#venue,
      symbol: instrument.symbol,
      channel: 'book',
      cause: gap.cause,
    })
  }

  /** Trades are missing before one that came; the numbers say how many, unless the venue began to count anew. */
  trades({ trades, instrument, records }: InstrumentStreams, hole: TradeHole): void {
    const facts = {
      channel: 'trade' as const,
      cause: hole.cause,
      fromTimeUs: trades.goodTimeUs ?? hole.receiveTimeUs,
      toTimeUs: hole.receiveTimeUs,
      fromSequence: trades.last,
      toSequence: hole.first,
      missed: hole.first > trades.last ? hole.first - trades.last - 1 : Number.NaN,
      repairedBy: 'resumed' as const,
    }
    this.#recorder.gap(records, facts, hole.receiveTimeUs)
    this.#counts.gaps++
    const { symbol } = instrument
    this.#emit({ type: 'gap_closed', venue: this.#venue, symbol, channel: 'trade', cause: hole.cause })
  }

  /** A trade cannot be recorded: with it `missed` numbers are missed, those missing before it among them; NaN: nobody knows. */
  withhold({ trades, instrument }: InstrumentStreams, missed: number): void {
    if (!trades.isRecorded || trades.goodTimeUs === undefined) return
    if (trades.unrecorded !== undefined) {
      trades.unrecorded.missed += missed
      return
    }
    trades.unrecorded = { fromTimeUs: trades.goodTimeUs, fromSequence: trades.last, missed }
    this.#counts.gaps++
    const { symbol } = instrument
    this.#emit({ type: 'gap_opened', venue: this.#venue, symbol, channel: 'trade', cause: 'unrecorded' })
  }

  /**
   * Trades can be recorded again. Those that could not be are told at once, up to the number that comes next: the next trade may be a
   * day away, and whether one is missing before it is a gap of its own.
   */
  resume({ trades, instrument, records }: InstrumentStreams, nowUs: EpochMicros): void {
    const { unrecorded } = trades
    if (unrecorded === undefined || this.#recorder.isHeld) return
    trades.unrecorded = undefined
    const cause = 'unrecorded'
    const facts = { channel: 'trade' as const, cause, ...unrecorded, toTimeUs: nowUs } as const
    this.#recorder.gap(records, { ...facts, toSequence: trades.last + 1, repairedBy: 'resumed' }, nowUs)
    const { symbol } = instrument
    this.#emit({ type: 'gap_closed', venue: this.#venue, symbol, channel: 'trade', cause })
  }

  /** The collector ends while the book is lost: what is known of the gap is written, if anything can be. */
  leaveOpen({ book, records }: InstrumentStreams, nowUs: EpochMicros): void {
    const { gap } = book
    if (gap === undefined || this.#recorder.isHeld) return
    const facts = {
      channel: 'book' as const,
      ...gap,
      toTimeUs: undefined,
      toSequence: Number.NaN,
      missed: Number.NaN,
    }
    this.#recorder.gap(records, { ...facts, repairedBy: undefined }, nowUs)
  }
}
