import { FollowedBooks } from '../book/followed-books.ts'
import { Columns, KIND } from '../core/columns.ts'
import { DecodeError } from '../core/errors.ts'
import type { GapCause } from '../core/gap.ts'
import type { Channel } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Tier } from '../core/tier.ts'
import type { EpochMicros } from '../core/units.ts'
import type { Timers } from '../runtime/runtime.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Symbols } from '../venues/symbols.ts'
import type { Venue } from '../venues/venue.ts'
import { Books, type BookLinks } from './books.ts'
import { Conflation, type ConflationLinks } from './conflation.ts'
import { Encoder } from './encoder.ts'
import { GapLedger } from './gap-ledger.ts'
import { type Append, Recorder } from './recorder.ts'
import { type Shed, type ShedRules, topLimits } from './shedding.ts'
import {
  BookStream,
  carry,
  type InstrumentStreams,
  type Origin,
  type PublishChoice,
  release,
  StreamNumbers,
  succeed,
  TOP,
  TradeStream,
} from './streams.ts'
import { Trades } from './trades.ts'

export interface PipelineOptions {
  readonly venue: Venue
  readonly symbols: Symbols
  /** By slot. */
  readonly instruments: readonly Instrument[]
  /** The run: part of every record. */
  readonly session: string
  readonly publish: (instrument: Instrument) => PublishChoice
  /** A side that grows a quarter beyond this is cut back to it. */
  readonly levelLimit: number
  /** Without these there is nothing that `shed` leaves out. */
  readonly shedRules?: ShedRules
}

/** What the pipeline is connected to. */
export interface PipelineLinks {
  readonly timers: Timers
  readonly append: Append
  readonly recovery: BookLinks['recovery']
  readonly emit: Emit
  readonly counts: Counts
}

/** A stream by numbers: a channel of the instrument at `slot`. */
interface StreamRef {
  readonly slot: number
  readonly channel: Channel
}

/** The answer to a snapshot request that asked for `window` levels a side. */
interface SnapshotAnswer {
  readonly body: Uint8Array
  readonly window: number
  readonly receiveTimeUs: EpochMicros
}

/**
 * From the bytes of a frame to the bytes of records, in one synchronous call: decode, check the chain, apply, encode, append.
 * One pipeline a venue. It publishes nothing that is not verified, and a gap record for everything that it could not verify.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #emit: Emit
  readonly #counts: Counts
  readonly #recover: (slot: number) => void
  readonly #decoded = new Columns()
  /** What the frame in hand says. */
  #columns = this.#decoded
  readonly #snapshotColumns = new Columns()
  readonly #recorder: Recorder
  readonly #gaps: GapLedger
  /** One for each interval and tier. */
  readonly #conflations: {
    readonly everyMs: number
    readonly tier: Tier
    readonly conflation: Conflation
  }[] = []
  readonly #books: Books
  readonly #trades: Trades
  readonly #numbers: StreamNumbers
  /** By slot, for whoever shows or checks them. */
  readonly streams: readonly InstrumentStreams[]
  #isStopped = false

  constructor(options: PipelineOptions, links: PipelineLinks) {
    const { emit, counts, recovery } = links
    const { venue, levelLimit } = options
    const encoder = new Encoder(options.session, venue.tradeStreams, options.instruments)
    const recorder = new Recorder(encoder, links.append, counts)
    const gaps = new GapLedger(venue.id, recorder, { emit, counts })
    this.#options = options
    this.#emit = emit
    this.#counts = counts
    this.#recover = (slot) => recovery.recover(slot)
    this.#recorder = recorder
    this.#gaps = gaps
    const followed = new FollowedBooks(venue.link)
    const numbers = new StreamNumbers(options.instruments.length)
    this.#numbers = numbers
    this.#books = new Books({
      venue: venue.id,
      followed,
      numbers,
      recorder,
      gaps,
      recovery,
      emit,
      counts,
      levelLimit,
    })
    this.#trades = new Trades(numbers, recorder, gaps, counts)
    this.streams = options.instruments.map((instrument, slot) => {
      const publish = options.publish(instrument)
      const hear = followed.hearing(slot)
      numbers.publishesDeltas[slot] = publish.deltas ? 1 : 0
      numbers.topState[slot] = publish.depth > 0 ? TOP.clean : TOP.none
      return {
        slot,
        instrument,
        records: encoder.streams(instrument),
        book: new BookStream(venue.link, instrument, { numbers, slot, hear }),
        trades: new TradeStream({ numbers, slot }),
        depth: publish.depth,
        top: this.#conflation(instrument, publish.everyMs, {
          timers: links.timers,
          numbers,
          recorder,
          counts,
        }),
      }
    })
  }

  /** Reads and applies one frame. Answers what it said, good until the next call; `undefined` when it was refused. */
  frame(session: number, bytes: Uint8Array, receiveTimeUs: EpochMicros): Columns | undefined {
    if (this.#isStopped) return undefined
    this.#counts.frames++
    this.#counts.bytes += bytes.length
    try {
      this.#columns = this.#read(bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#gaps.refused(session, receiveTimeUs)
      this.#tellRefused(error)
      return undefined
    }
    const columns = this.#columns
    this.#counts.ignored += columns.ignored
    this.#counts.unknown += columns.unknown
    if (columns.count > 0) this.#take({ session, frame: bytes, receiveTimeUs })
    return columns
  }

  #read(bytes: Uint8Array): Columns {
    const { venue, symbols } = this.#options
    const scanned = venue.scan?.(bytes, symbols)
    if (scanned !== undefined) return scanned
    const decoded = this.#decoded
    venue.decode(bytes, symbols, decoded)
    if (decoded.count > 0) this.#counts.unscanned++
    return decoded
  }

  /** Joins a book with the answer to a snapshot request. */
  snapshot(slot: number, answer: SnapshotAnswer): 'joined' | 'stale' | 'ignored' | 'refused' {
    const streams = this.streams[slot]
    const requests = this.#options.venue.snapshot
    if (streams === undefined || requests === undefined || this.#isStopped) return 'ignored'
    try {
      requests.read(answer.body, slot, this.#snapshotColumns)
      const outcome = this.#books.snapshot(streams, this.#snapshotColumns, 0, { ...answer, isAnswer: true })
      if (outcome === 'checksum') return 'refused'
      return outcome === 'beside' ? 'joined' : outcome
    } catch (error) {
      this.#spoilt(streams, error)
      return 'refused'
    }
  }

  /** `session` will carry these streams; see `Ownership`. */
  carries(session: number, refs: readonly StreamRef[]): void {
    for (const { slot, channel } of refs) {
      const streams = this.streams[slot]
      if (streams !== undefined) carry(channel === 'book' ? streams.book : streams.trades, session)
    }
  }

  /** Streams of `session` that an older session still owns. */
  pending(session: number): readonly StreamRef[] {
    const pending: StreamRef[] = []
    for (const { slot, book, trades } of this.streams) {
      if (book.successor === session) pending.push({ slot, channel: 'book' })
      if (trades.successor === session) pending.push({ slot, channel: 'trade' })
    }
    return pending
  }

  /** `session` carries these streams no more. What no other session carries is lost, and a gap begins. */
  ended(session: number, refs: readonly StreamRef[], cause: GapCause): void {
    if (this.#isStopped) return
    for (const { slot, channel } of refs) {
      const streams = this.streams[slot]
      if (streams === undefined) continue
      if (channel === 'trade') {
        // As with books: what was the matter first is the cause, whatever follows before it speaks again.
        if (release(streams.trades, session)) streams.trades.suspect ??= cause
      } else if (release(streams.book, session)) this.#books.lose(streams, cause)
    }
  }

  /**
   * Nothing can be written: until `resume` nothing is handed to `append`, and no record is made, so that `seq` has no hole. Frames are
   * taken, books kept and recoveries made as ever. May be called from within `append`, which takes the record in hand all the same.
   */
  hold(): void {
    this.#recorder.hold()
  }

  /**
   * There is room again. What came while held is told: for each book a gap and the book in full, for trades a gap that counts them; a
   * stream on which nothing came has neither. All at once, hence possibly held again on the way: the next `resume` goes on from there.
   * Not to be called from within `append`, whose line it would overwrite.
   */
  resume(nowUs: EpochMicros): void {
    if (this.#isStopped || !this.#recorder.isHeld) return
    this.#recorder.resume()
    for (const streams of this.streams) {
      this.#books.resume(streams)
      this.#gaps.resume(streams, nowUs)
    }
    for (const { conflation } of this.#conflations) conflation.resume()
  }

  /** Leaves this out from here on, and nothing else. Not to be called from within `append`. */
  shed(shed: Shed): void {
    const { shedRules } = this.#options
    if (shedRules === undefined || this.#isStopped) return
    this.#books.isRenewing = !shed.noRenewals
    for (const { tier, conflation } of this.#conflations) conflation.limit(topLimits(tier, shed, shedRules))
  }

  /**
   * Publishes what waits, and gap records for what is lost at this moment. What comes afterwards is not taken. While held nothing can
   * be written: that records end with the hold is then all that the journal shows.
   */
  stop(nowUs: EpochMicros): void {
    this.#isStopped = true
    for (const { conflation } of this.#conflations) conflation.stop()
    for (const streams of this.streams) this.#gaps.leaveOpen(streams, nowUs)
  }

  #conflation(instrument: Instrument, everyMs: number, links: ConflationLinks): Conflation {
    const tier = this.#options.shedRules?.tier(instrument) ?? 1
    const found = this.#conflations.find((entry) => entry.everyMs === everyMs && entry.tier === tier)
    if (found !== undefined) return found.conflation
    const conflation = new Conflation(everyMs, links)
    this.#conflations.push({ everyMs, tier, conflation })
    return conflation
  }

  #take(origin: Origin): void {
    const columns = this.#columns
    const { bookOwner } = this.#numbers
    for (let at = 0; at < columns.count; at++) {
      const slot = columns.slot[at] ?? -1
      const streams = this.streams[slot]
      if (streams === undefined) this.#counts.unknown++
      else if (columns.kind[at] === KIND.trade) this.#trades.take(streams, columns, at, origin)
      else if (bookOwner[slot] === origin.session || this.#succeeds(streams.book, at, origin.session)) {
        this.#bookEvent(streams, at, origin)
      }
    }
  }

  #bookEvent(streams: InstrumentStreams, at: number, origin: Origin): void {
    const columns = this.#columns
    try {
      if (columns.kind[at] === KIND.snapshot) {
        const { window } = this.#options.venue
        const { receiveTimeUs } = origin
        this.#books.snapshot(streams, columns, at, { receiveTimeUs, window, isAnswer: false })
      } else this.#books.delta(streams, columns, at, origin)
    } catch (error) {
      this.#spoilt(streams, error)
      this.#recover(streams.slot)
    }
  }

  /** A number that the book cannot hold costs the book, not the process. */
  #spoilt(streams: InstrumentStreams, error: unknown): void {
    if (!(error instanceof DecodeError)) throw error
    this.#tellRefused(error)
    this.#books.lose(streams, 'malformed')
  }

  /** Whether a book event of another session than the owner proves that this session has joined, and is to be taken. */
  #succeeds(book: BookStream, at: number, session: number): boolean {
    if (book.successor !== session) return false
    const columns = this.#columns
    const { sequence } = book.sync.book
    if (!book.sync.isLive) {
      succeed(book)
      return true
    }
    if (columns.kind[at] === KIND.snapshot) {
      if (columns.last[at] === sequence) succeed(book)
      return false
    }
    const verdict = this.#options.venue.link.judge(sequence, columns, at, true)
    if (verdict !== 'next' && verdict !== 'old') return false
    succeed(book)
    return true
  }

  #tellRefused(error: DecodeError): void {
    this.#counts.refused++
    this.#emit({
      type: 'frame_refused',
      venue: this.#options.venue.id,
      code: error.code,
      text: error.message,
    })
  }
}
