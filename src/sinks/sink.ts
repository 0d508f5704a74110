import type { FailureCode } from '../core/errors.ts'
import type { RecordType } from '../core/record.ts'

/**
 * Complete records as they stand in the journal, in its order. A sink gets the bytes as they are and does not re-encode them; they
 * are good until the promise of `write` is settled.
 */
export interface RecordBatch {
  /** Whole lines of NDJSON: line `n` is from `starts[n]` to `starts[n + 1]`, its newline included. */
  readonly bytes: Uint8Array
  /** `count + 1` entries. */
  readonly starts: Uint32Array
  /** What each line is: index into `RECORD_TYPES`. */
  readonly types: Uint8Array
  readonly count: number
  /**
   * The same text for the same records and another one for others, also after a restart where `batching.isFixed`: for a far side
   * that drops repeats by batch.
   */
  readonly token: string
}

/** A record that the far side will never take. It goes to the quarantine of the sink and is counted; the others go on. */
export interface Rejected {
  /** Which line of the batch. */
  readonly line: number
  readonly code: FailureCode
  /** What the far side said, for people. */
  readonly reason: string
}

/** How much a sink wants to be given at a time. A batch of the journal (1 MiB at most, one record if that is larger) is never cut. */
export interface Batching {
  readonly limitBytes: number
  readonly limitRecords: number
  /** A batch that is not full waits so long for more; 0: it goes at once. */
  readonly lingerMs: number
  /** A batch is given again with the same records, also after a restart. Costs an fsync a batch. */
  readonly isFixed: boolean
}

/**
 * Somewhere that records go. A sink has no queue, cursor or retry of its own: the delivery loop gives it one batch at a time, gives
 * the same batch again until it is taken, and remembers how far it came. So a sink holds at most one batch, and records that come
 * twice are told apart by their `id`.
 *
 * Failures are `FailureError`. One that is `retryable` is tried again after a short wait; one that is not needs a person (wrong
 * password, a stream that is set up otherwise): it is told loudly and tried again after a long wait.
 */
export interface Sink {
  /** Names the cursor and the metrics: `nats`, `clickhouse`. */
  readonly name: string
  readonly batching: Batching
  /** Whether records of `type` go here at all; those that do not are counted as skipped. `write` gets them, and leaves them out. */
  takes(type: RecordType): boolean
  /** Makes ready: connects, and checks or creates what it writes to. Called until it has succeeded once. */
  open(): Promise<void>
  /** Resolves once every record of the batch is durable on the far side, except those it answers. */
  write(batch: RecordBatch): Promise<readonly Rejected[]>
  /** Gives back every resource within a second or two; a `write` that is under way rejects. */
  close(): Promise<void>
}

/**
 * A sealed segment of the journal: it never changes, but the limits of the journal may remove it while it is being stored; a disk may
 * have damaged it, and then it holds fewer than `records`.
 */
export interface SealedSegment {
  readonly path: string
  readonly number: number
  readonly records: number
}

/** What became of the records of a segment; those that are in neither were damaged. */
export interface StoredSegment {
  readonly stored: Readonly<Partial<Record<RecordType, number>>>
  readonly rejected: readonly RejectedLine[]
}

/** A sink that takes whole segments, one after the other, instead of batches. Otherwise as `Sink`. */
export interface SegmentSink {
  readonly name: string
  takes(type: RecordType): boolean
  open(): Promise<void>
  /** Resolves once every record of the segment that can be stored is durable; storing it again changes nothing. */
  store(segment: SealedSegment): Promise<StoredSegment>
  close(): Promise<void>
}

/** A record of a segment that cannot be stored, as it stands in the journal. */
export interface RejectedLine {
  readonly bytes: Uint8Array
  readonly code: FailureCode
  readonly reason: string
}
