import type { FollowedBooks } from '../book/followed-books.ts'
import type { HeldDelta, SnapshotOutcome } from '../book/sync.ts'
import { type BookView, boundAsks, boundBids, isCrossed, longestOf, sequenceOf } from '../book/view.ts'
import type { Columns } from '../core/columns.ts'
import type { GapCause } from '../core/gap.ts'
import type { VenueId } from '../core/ids.ts'
import type { EpochMicros } from '../core/units.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Emit } from '../telemetry/events.ts'
import type { GapLedger } from './gap-ledger.ts'
import type { Recorder } from './recorder.ts'
import { type BookStream, type InstrumentStreams, type Origin, type StreamNumbers, TOP } from './streams.ts'

/** A book may look crossed for one update, while the other side's change is on its way; after so many it is wrong. */
const CROSSED_LIMIT = 2
/** How far a side may outgrow its limit before it is cut back: cutting moves every level. */
const GROWTH = 1.25
/** A book that was known down to a window of levels is renewed when less than this part of them is left. */
const SHALLOW_SHARE = 0.25
/** A renewal costs request weight: at most one in this time a book. */
const RENEW_US = 60_000_000

/** What the books of a venue are connected to. */
export interface BookLinks {
  readonly venue: VenueId
  readonly followed: FollowedBooks
  readonly numbers: StreamNumbers
  readonly recorder: Recorder
  readonly gaps: GapLedger
  /** Makes a book live again; told when it is. */
  readonly recovery: { recover(slot: number): void; recovered(slot: number): void; renew(slot: number): void }
  readonly emit: Emit
  readonly counts: Counts
  readonly levelLimit: number
}

/** Where a snapshot came from: the stream, or the answer to a request. */
export interface SnapshotOrigin {
  readonly receiveTimeUs: EpochMicros
  /** Levels a side at most. */
  readonly window: number
  readonly isAnswer: boolean
}

/** The path of a book event: checked and applied, by the book's sync where it has not only to be followed; published only once verified. */
export class Books {
  /** Whether snapshots are asked for beside live books. */
  isRenewing = true
  readonly #links: BookLinks

  constructor(links: BookLinks) {
    this.#links = links
  }

  /** Takes the delta at `at`. */
  delta(streams: InstrumentStreams, columns: Columns, at: number, from: Origin): void {
    if (this.#links.followed.apply(columns, at)) {
      this.#applied(streams, columns, at, from.receiveTimeUs)
      return
    }
    const outcome = streams.book.sync.delta(columns, at, from.receiveTimeUs)
    switch (outcome) {
      case 'applied':
        this.#applied(streams, columns, at, from.receiveTimeUs)
        break
      case 'old':
        this.#links.counts.duplicates++
        break
      case 'held':
      case 'unsynced':
        this.#links.counts.unsynced++
        break
      case 'gap':
        this.#recover(streams, this.#links.gaps.suspect(from.session, streams.book.goodTimeUs))
        break
      case 'reset':
      case 'checksum':
        this.#recover(streams, outcome)
        break
    }
  }

  /** Takes the snapshot at `at`, with at most `window` levels a side. */
  snapshot(streams: InstrumentStreams, columns: Columns, at: number, from: SnapshotOrigin): SnapshotOutcome {
    const { sync } = streams.book
    const hear = {
      joined: () => {
        // Deltas that were held look at it right behind.
        streams.book.window = from.window
        this.#joined(streams, from.receiveTimeUs)
      },
      applied: (delta: Columns, held: HeldDelta) => this.#applied(streams, delta, 0, held.receiveTimeUs),
    }
    this.#links.counts.snapshots++
    const outcome = from.isAnswer
      ? sync.answer(columns, at, from.window, hear)
      : sync.snapshot(columns, at, from.window, hear)
    if (outcome === 'beside') this.#settle(streams, from.receiveTimeUs)
    if (outcome === 'joined' && streams.book.sync.isLive) this.#links.recovery.recovered(streams.slot)
    if (outcome === 'checksum') this.#recover(streams, 'checksum')
    if (outcome === 'stale') this.#links.counts.snapshotsStale++
    return outcome
  }

  /** The book cannot be followed any more; whether and how it comes back is for the caller. */
  lose(streams: InstrumentStreams, cause: GapCause): void {
    streams.book.sync.lose()
    this.#links.gaps.open(streams, cause)
  }

  /**
   * Records can be made again. A live book of which something could not be recorded begins an epoch, as of its last good update:
   * that much is proven. A lost one is recorded when it is live again.
   */
  resume(streams: InstrumentStreams): void {
    const { book } = streams
    if (!book.isWithheld || this.#links.recorder.isHeld) return
    book.isWithheld = false
    if (!book.sync.isLive || book.goodTimeUs === undefined) return
    // A delta that was held for the snapshot came before it, and moved the time of the last good update back.
    const fromUs = book.vouched?.timeUs ?? book.goodTimeUs
    const timeUs = fromUs > book.goodTimeUs ? fromUs : book.goodTimeUs
    book.epoch = nextEpoch(book, timeUs)
    this.#begin(streams, timeUs)
  }

  #recover(streams: InstrumentStreams, cause: GapCause): void {
    this.#links.gaps.open(streams, cause)
    this.#links.recovery.recover(streams.slot)
  }

  /** A snapshot is in the book: an epoch begins. */
  #joined(streams: InstrumentStreams, receiveTimeUs: EpochMicros): void {
    const { book } = streams
    const { isHeld } = this.#links.recorder
    this.#links.numbers.crossed[streams.slot] = 0
    book.epoch = nextEpoch(book, receiveTimeUs)
    if (isHeld) {
      this.#links.counts.unrecorded++
      this.#withhold(streams)
    }
    book.goodTimeUs = receiveTimeUs
    book.goodSequence = book.sync.book.sequence
    book.vouched = { timeUs: receiveTimeUs, sequence: book.goodSequence }
    this.#links.numbers.suspected[streams.slot] = 0
    if (!isHeld) this.#begin(streams, receiveTimeUs)
    const { symbol } = streams.instrument
    this.#links.emit({ type: 'book_live', venue: this.#links.venue, symbol, epoch: book.epoch })
  }

  /** Records the full book that begins an epoch, and the gap that is over with it. */
  #begin(streams: InstrumentStreams, receiveTimeUs: EpochMicros): void {
    const { recorder, gaps } = this.#links
    const { book } = streams
    gaps.close(streams, receiveTimeUs)
    // The record of the gap may have been the last that could be made. It ends here, and the next begins with the next change.
    if (recorder.isHeld) {
      book.isWithheld = true
      return
    }
    book.isRecorded = true
    recorder.book(streams.records, book.sync.book, Infinity, { epoch: book.epoch, receiveTimeUs })
  }

  /** A change of the book cannot be recorded: its gap begins at the last good update, hence called before that moves. */
  #withhold(streams: InstrumentStreams): void {
    this.#links.gaps.open(streams, 'unrecorded')
    streams.book.isWithheld = true
  }

  /**
   * A delta is in the book: it is published, unless it left the book crossed once too often. Of a followed book nothing is looked at but
   * columns: `streams` and all that it names are objects, which are waited for where there are thousands.
   */
  #applied(streams: InstrumentStreams, columns: Columns, at: number, receiveTimeUs: EpochMicros): void {
    const { followed, numbers, counts, levelLimit } = this.#links
    const slot = columns.slot[at] ?? 0
    if (longestOf(this.#levelsOf(streams, slot)) > levelLimit * GROWTH) streams.book.sync.trim(levelLimit)
    const levels = this.#levelsOf(streams, slot)
    if (this.#countCrossed(streams, slot, levels) >= CROSSED_LIMIT) {
      this.lose(streams, 'crossed')
      this.#links.recovery.recover(slot)
      return
    }
    counts.lag(receiveTimeUs, columns.venueTimeUs[at] ?? Number.NaN)
    if (isChange(columns, at)) this.#publish(streams, columns, at, receiveTimeUs)
    numbers.bookTimeUs[slot] = receiveTimeUs
    numbers.bookSequence[slot] = sequenceOf(levels)
    // What is built beside a book is settled; beside one that is followed there is nothing.
    if (!followed.has(slot)) this.#settle(streams, receiveTimeUs)
    const isSuspected = numbers.suspected[slot] !== 0
    if (isSuspected || isShallow(this.#levelsOf(streams, slot), numbers.window[slot] ?? Infinity))
      this.#renew(streams, receiveTimeUs)
  }

  /** Answers after how many updates in a row the book was crossed, with this one. */
  #countCrossed(streams: InstrumentStreams, slot: number, levels: BookView): number {
    const { crossed } = this.#links.numbers
    const count = isCrossed(levels) && streams.instrument.state !== 'auction' ? (crossed[slot] ?? 0) + 1 : 0
    crossed[slot] = count
    return count
  }

  /** The book as it stands; good until that of another slot is asked for. */
  #levelsOf(streams: InstrumentStreams, slot: number): BookView {
    return this.#links.followed.at(slot) ?? streams.book.sync.book
  }

  /**
   * Asks for a snapshot beside the live book: the market has moved so far that little of what the last one told is left, or the last
   * one differed.
   */
  #renew({ slot, book }: InstrumentStreams, nowUs: EpochMicros): void {
    if (nowUs - book.renewedUs < RENEW_US) return
    if (!this.isRenewing) {
      this.#links.counts.renewalsShed++
      book.renewedUs = nowUs
      return
    }
    if (!book.sync.renew()) return
    book.renewedUs = nowUs
    this.#links.recovery.renew(slot)
  }

  /**
   * A book that was built beside the live one takes its place when they are equal. When two in a row differ from it, the live one
   * was wrong, and nobody knows since when: the gap reaches back to the snapshot that it was last held against.
   */
  #settle(streams: InstrumentStreams, receiveTimeUs: EpochMicros): void {
    const { book, slot } = streams
    const { suspected } = this.#links.numbers
    const isSuspected = suspected[slot] !== 0
    const outcome = book.sync.settle({ isSuspected })
    if (outcome !== 'equal' && outcome !== 'different') return
    this.#links.recovery.recovered(slot)
    if (outcome === 'equal') {
      this.#links.counts.renewals++
      suspected[slot] = 0
      book.vouched = { timeUs: receiveTimeUs, sequence: book.sync.book.sequence }
      this.#deepen(streams, receiveTimeUs)
    } else if (isSuspected) {
      this.#links.gaps.open(streams, 'drift', book.vouched)
      this.#joined(streams, receiveTimeUs)
    } else {
      suspected[slot] = 1
      book.renewedUs = -Infinity
      this.#renew(streams, receiveTimeUs)
    }
  }

  /** The book reaches further down than what was recorded of it: readers get those levels too, in the same epoch. */
  #deepen({ book, records }: InstrumentStreams, receiveTimeUs: EpochMicros): void {
    const { recorder } = this.#links
    if (recorder.isHeld) book.isWithheld = true
    else recorder.book(records, book.sync.book, Infinity, { epoch: book.epoch, receiveTimeUs })
  }

  #publish(streams: InstrumentStreams, columns: Columns, at: number, receiveTimeUs: EpochMicros): void {
    const { numbers, recorder, counts } = this.#links
    const slot = columns.slot[at] ?? 0
    const isPublished = numbers.publishesDeltas[slot] !== 0
    const top = numbers.topState[slot]
    counts.deltas++
    if (recorder.isHeld) {
      if (isPublished) counts.unrecorded++
      if (isPublished || top !== TOP.none) this.#withhold(streams)
      return
    }
    if (isPublished) {
      const stamp = { epoch: numbers.epoch[slot] ?? 0, receiveTimeUs }
      recorder.delta(slot, columns, at, { book: this.#levelsOf(streams, slot), stamp })
    }
    if (top === TOP.clean) streams.top.touch(streams)
  }
}

/** Grows over restarts as well: the time of the book in ms, or one more than the last. */
function nextEpoch(book: BookStream, timeUs: EpochMicros): number {
  return Math.max(book.epoch + 1, Math.floor(timeUs / 1_000))
}

function isShallow(levels: BookView, window: number): boolean {
  const least = window * SHALLOW_SHARE
  return boundBids(levels) < least || boundAsks(levels) < least
}

/** False for a heartbeat: no level, and the number stays. */
function isChange(columns: Columns, at: number): boolean {
  const levels = (columns.bidCount[at] ?? 0) + (columns.askCount[at] ?? 0)
  return levels > 0 || columns.last[at] !== columns.previous[at]
}
