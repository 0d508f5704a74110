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
 * record is written then. A trade's gap is found by the trade after it, hence written at once.
 */
export class GapLedger {
  readonly #venue: VenueId
  readonly #recorder: Recorder
  readonly #emit: Emit
  readonly #counts: Counts

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

  /**
   * A book is lost, `since` it was last good unless told otherwise. Before it was ever live there is nothing to lose; a gap that is
   * open stays as it began.
   */
  open(
    { book, instrument }: InstrumentStreams,
    cause: GapCause,
    since?: { readonly timeUs: EpochMicros; readonly sequence: number },
  ): void {
    if (book.gap !== undefined || book.goodTimeUs === undefined) return
    const { timeUs, sequence } = since ?? { timeUs: book.goodTimeUs, sequence: book.goodSequence }
    book.gap = { cause, fromTimeUs: timeUs, fromSequence: sequence }
    this.#counts.gaps++
    this.#emit({ type: 'gap_opened', venue: this.#venue, symbol: instrument.symbol, channel: 'book', cause })
  }

  /** The book stands at a snapshot. A gap in which provably nothing happened was none. */
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

  /** The collector ends while the book is lost: what is known of the gap is written. */
  leaveOpen({ book, records }: InstrumentStreams, nowUs: EpochMicros): void {
    const { gap } = book
    if (gap === undefined) return
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
