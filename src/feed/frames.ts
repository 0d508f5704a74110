import type { Columns } from '../core/columns.ts'
import type { GapCause } from '../core/gap.ts'
import type { Channel } from '../core/ids.ts'
import type { EpochMicros } from '../core/units.ts'

/** A stream by numbers: a channel of the instrument at `slot` of the venue's symbols. */
export interface StreamRef {
  readonly slot: number
  readonly channel: Channel
}

/**
 * Where a feed hands what it receives. The pipeline is one; the feed does not know it. All calls are synchronous, in the order of
 * receipt; `session` is the number of a socket's life, never used twice.
 */
export interface FrameTaker {
  /** Reads and applies one frame. Answers what it said (good until the next call); `undefined` when it was refused. */
  frame(session: number, bytes: Uint8Array, receiveTimeUs: EpochMicros): Columns | undefined
  /** Joins a book with the answer to a snapshot request. `window` is how many levels a side were asked for. */
  snapshot(slot: number, answer: SnapshotAnswer): 'joined' | 'stale' | 'ignored' | 'refused'
  /**
   * `session` will carry these streams. Streams that another session carries now stay with it until the two are proven to
   * overlap (make before break); the others are its own at once.
   */
  carries(session: number, streams: readonly StreamRef[]): void
  /** `session` ended, or these of its streams did: what no other session carries is lost, and a gap begins. */
  ended(session: number, streams: readonly StreamRef[], cause: GapCause): void
  /** Streams of `session` that it has not taken over yet from an older one. */
  pending(session: number): readonly StreamRef[]
}

export interface SnapshotAnswer {
  readonly body: Uint8Array
  readonly window: number
  readonly receiveTimeUs: EpochMicros
}

/** What the taker asks of a feed. */
export interface Recovery {
  /** The book at `slot` needs a new snapshot. Single flight: asking again while one is on its way changes nothing. */
  recover(slot: number): void
  /** The book at `slot` is live. */
  recovered(slot: number): void
  /** The book at `slot` is live and wants a snapshot beside it, to be known further down. Not for venues that send them unasked. */
  renew(slot: number): void
}
