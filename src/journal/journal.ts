import { FailureError } from '../core/errors.ts'
import { recordTypeAt } from '../core/record.ts'
import { type EpochMicros, epochMicros } from '../core/units.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import type { JournalReport } from '../telemetry/report.ts'
import { HEADER_BYTES, sealBatch } from './format.ts'
import { Keeper, unlessPassing } from './keeper.ts'
import { journalLock } from './lock.ts'
import { type JournalEnd, recoverJournal } from './recovery.ts'
import type { RetentionLimits, SinkPlace } from './retention.ts'
import { Segment } from './segment.ts'
import { Syncing } from './syncing.ts'
import { Tally } from './tally.ts'

export interface JournalOptions {
  readonly folder: string
  /** A segment is sealed at this size. */
  readonly segmentBytes: number
  /** A segment is sealed at this age. */
  readonly segmentMs: number
  /** Writes are at least this far apart: records that come in between are written together. */
  readonly flushMs: number
  /** What was written is forced to the disk after at most this time: what a power cut may cost. */
  readonly fsyncMs: number
  readonly limits: RetentionLimits
  /** How far each sink has come: what they have not read is kept while the limits allow it. */
  readonly places: () => readonly SinkPlace[]
}

/** What the journal tells the one who fills it. */
export interface JournalHearer {
  readonly emit: Emit
  /** The disk takes nothing: nothing may be appended until `resumed`. Without these two a full disk is thrown. */
  readonly held?: () => void
  readonly resumed?: () => void
}

export type JournalStatus = Omit<JournalReport, 'lostBy'>

/** Records that wait for the next write; more, and the write happens at once. One record may be larger. */
export const BATCH_LIMIT_BYTES = 1024 * 1024
/** Records that may wait while the disk takes nothing: whoever appends has been told to hold, and has one in hand. */
const STUCK_LIMIT_BYTES = 64 * 1024 * 1024
/** How often a disk that took nothing is tried again. */
const RETRY_MS = 1_000
/** How often is looked for segments that have to go. */
const KEEP_MS = 30_000

/**
 * The journal: everything that the collector publishes, as NDJSON segments of checksummed batches in one folder, written by one
 * process. Records are copied into a batch, which is written at the end of the turn of the loop, or a few milliseconds after the
 * last write; a timer runs only while something waits. See docs/decisions/0004-journal-format.md.
 *
 * Segments are named by number and time of their first record: `00000042-20261125T191530.ndjson`.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #runtime: Runtime
  readonly #hear: JournalHearer
  readonly #unlock: () => void
  readonly #keeper: Keeper
  readonly #keepTimer: Timer

  /** The batch: room for its header, then records up to `#end`. */
  #batch = new Uint8Array(HEADER_BYTES + BATCH_LIMIT_BYTES)
  #end = HEADER_BYTES
  readonly #types = new Tally()
  #batchRecords = 0
  #firstUs = epochMicros(0)
  #lastUs = epochMicros(0)

  #segment: Segment | undefined
  #openedUs = 0
  #number: number
  /** Every record that the journal has ever taken. */
  readonly #total: Tally
  readonly #sealing: Segment[] = []
  #flushMs: number
  #flushTimer: Timer | undefined
  #flushedUs = -Infinity
  readonly #syncing: Syncing
  #heldUs: number | undefined
  #writtenBytes = 0
  #writtenRecords = 0

  /**
   * Takes the folder for itself and makes whole what an earlier process left. Throws `FailureError`: `disk`, `locked`, or `corrupt`
   * where the folder holds something else.
   */
  constructor(options: JournalOptions, runtime: Runtime, hear: JournalHearer) {
    const { folder } = options
    this.#options = options
    this.#flushMs = options.flushMs
    this.#syncing = new Syncing(options.fsyncMs, runtime, () => this.#segment)
    this.#runtime = runtime
    this.#hear = hear
    runtime.files.makeFolder(folder)
    this.#unlock = runtime.files.lock(journalLock(folder))
    try {
      const { number, total } = this.#recover()
      this.#number = number
      this.#total = total
      this.#keeper = new Keeper(folder, options, runtime, hear.emit)
    } catch (failure) {
      this.#unlock()
      throw failure
    }
    this.#keepTimer = runtime.timers.every(KEEP_MS, () => this.#look())
  }

  get writtenBytes(): number {
    return this.#writtenBytes + this.#end - HEADER_BYTES
  }

  get writtenRecords(): number {
    return this.#writtenRecords + this.#batchRecords
  }

  /** Whether the disk takes nothing at present. */
  get isHeld(): boolean {
    return this.#heldUs !== undefined
  }

  /** How it is. The times are those since the last call. */
  status(): JournalStatus {
    const { folder, limits } = this.#options
    const { clock, files } = this.#runtime
    const storedBytes = this.#keeper.bytes + (this.#segment?.sizeBytes ?? 0)
    const freeBytes = unlessPassing(() => files.freeBytes(folder))
    // On a small disk the limit of free room comes first.
    const roomBytes = storedBytes + Math.max(0, (freeBytes ?? Infinity) - limits.freeBytes)
    return {
      folder,
      records: this.writtenRecords,
      bytes: this.writtenBytes,
      storedBytes,
      limitBytes: Math.min(limits.limitBytes, roomBytes),
      freeBytes,
      heldMs: this.#heldUs === undefined ? undefined : (clock.steadyUs() - this.#heldUs) / 1_000,
      fsyncSeconds: this.#syncing.takeSeconds(),
    }
  }

  /**
   * Takes one record: a line with its newline. The bytes are copied. A disk that takes nothing is told (`held`) before this returns;
   * the record is kept.
   */
  append(line: Uint8Array, receiveTimeUs: EpochMicros): void {
    const code = recordTypeAt(line, 0)
    if (code === -1) throw new RangeError('a record without a type')
    const isFull = this.#end + line.length > this.#batch.length
    const failure = isFull && !this.isHeld ? this.#write() : undefined
    if (this.#end + line.length > this.#batch.length) this.#grow(line.length)
    this.#batch.set(line, this.#end)
    this.#end += line.length
    this.#types.count(code)
    // A book that is recorded after a hold is older than what came before it.
    if (this.#batchRecords === 0 || receiveTimeUs < this.#firstUs) this.#firstUs = receiveTimeUs
    if (this.#batchRecords++ === 0 || receiveTimeUs > this.#lastUs) this.#lastUs = receiveTimeUs
    if (failure !== undefined) this.#hold(failure)
    else if (this.#flushTimer === undefined) this.#arm()
  }

  /** Writes are at least so far apart from here on; `undefined`: as the options say. */
  flushEvery(flushMs: number | undefined): void {
    this.#flushMs = flushMs ?? this.#options.flushMs
  }

  /** Writes what waits, and seals the segment when it is large or old enough. */
  flush(): void {
    this.#flushTimer?.cancel()
    this.#flushTimer = undefined
    const failure = this.#write()
    if (failure !== undefined) {
      this.#hold(failure)
      return
    }
    this.#resume()
    this.#retireIfDue()
  }

  /** Writes, syncs, seals, and gives the folder back. Nothing may be appended afterwards. */
  async close(): Promise<void> {
    this.#keepTimer.cancel()
    this.#flushTimer?.cancel()
    const failure = this.#write()
    if (this.#segment !== undefined) this.#sealing.push(this.#segment)
    this.#segment = undefined
    await this.#syncing.stop()
    try {
      if (failure !== undefined) throw failure
      while (this.#sealing.length > 0) this.#sealFirst()
    } finally {
      this.#unlock()
    }
  }

  /** A crash may have been due to a full disk: then what retention allows to go makes room first. */
  #recover(): JournalEnd {
    const { folder } = this.#options
    const { files } = this.#runtime
    try {
      return recoverJournal(folder, files, this.#hear.emit)
    } catch (failure) {
      if (!(failure instanceof FailureError) || !failure.retryable) throw failure
      new Keeper(folder, this.#options, this.#runtime, this.#hear.emit).keep(0)
      return recoverJournal(folder, files, this.#hear.emit)
    }
  }

  /** Writes at the end of this turn of the loop, or as soon as the last write is `flushMs` ago. */
  #arm(): void {
    const { clock, timers } = this.#runtime
    const sinceMs = (clock.steadyUs() - this.#flushedUs) / 1_000
    const delayMs = this.isHeld ? RETRY_MS : Math.max(0, this.#flushMs - sinceMs)
    this.#flushTimer = timers.after(delayMs, () => this.flush())
  }

  /** For a record that is larger than a batch, or that comes while the disk takes nothing. */
  #grow(bytes: number): void {
    const needed = this.#end + bytes
    if (needed > STUCK_LIMIT_BYTES) {
      throw new FailureError('disk', `${this.#options.folder}: takes nothing`, { retryable: false })
    }
    const grown = new Uint8Array(Math.min(STUCK_LIMIT_BYTES, Math.max(needed, this.#batch.length * 2)))
    grown.set(this.#batch.subarray(0, this.#end))
    this.#batch = grown
  }

  /** Writes the batch; answers why it could not, where that may pass and somebody is there to wait for it. */
  #write(): FailureError | undefined {
    if (this.#batchRecords === 0) return undefined
    try {
      this.#segment ??= this.#begin()
      sealBatch(this.#batch, this.#end, {
        records: this.#batchRecords,
        firstUs: this.#firstUs,
        lastUs: this.#lastUs,
      })
      const bytes = this.#batch.subarray(0, this.#end)
      this.#segment.write({ bytes, types: this.#types, firstUs: this.#firstUs, lastUs: this.#lastUs })
    } catch (failure) {
      const isPassing = failure instanceof FailureError && failure.retryable
      if (!isPassing || this.#hear.held === undefined) throw failure
      return failure
    }
    this.#total.add(this.#types)
    this.#writtenRecords += this.#batchRecords
    this.#writtenBytes += this.#end - HEADER_BYTES
    this.#batchRecords = 0
    this.#types.clear()
    this.#end = HEADER_BYTES
    if (this.#batch.length > HEADER_BYTES + BATCH_LIMIT_BYTES) {
      this.#batch = new Uint8Array(HEADER_BYTES + BATCH_LIMIT_BYTES)
    }
    this.#flushedUs = this.#runtime.clock.steadyUs()
    this.#syncing.due()
    return undefined
  }

  #begin(): Segment {
    const { folder } = this.#options
    const begin = { number: this.#number + 1, before: this.#total, firstUs: this.#firstUs }
    const segment = Segment.begin(folder, this.#runtime.files, begin)
    this.#number++
    this.#openedUs = this.#runtime.clock.steadyUs()
    return segment
  }

  #hold(failure: FailureError): void {
    if (this.#heldUs === undefined) {
      this.#heldUs = this.#runtime.clock.steadyUs()
      this.#hear.emit({ type: 'journal_held', text: failure.message })
      this.#hear.held?.()
    }
    this.#keep()
    this.#arm()
  }

  #resume(): void {
    if (this.#heldUs === undefined) return
    const heldMs = (this.#runtime.clock.steadyUs() - this.#heldUs) / 1_000
    this.#heldUs = undefined
    this.#hear.emit({ type: 'journal_resumed', heldMs })
    this.#hear.resumed?.()
  }

  /** While nothing comes there is no flush to do it. */
  #look(): void {
    if (this.#batchRecords === 0) this.#retireIfDue()
    this.#keep()
  }

  #retireIfDue(): void {
    const ageMs = (this.#runtime.clock.steadyUs() - this.#openedUs) / 1_000
    const { segmentBytes, segmentMs } = this.#options
    const size = this.#segment?.sizeBytes ?? 0
    if (size >= segmentBytes || (size > 0 && ageMs >= segmentMs)) this.#retire()
  }

  /** The segment takes nothing more; it is sealed once nothing is under way with it. */
  #retire(): void {
    if (this.#segment === undefined) return
    this.#sealing.push(this.#segment)
    this.#segment = undefined
    const { underWay } = this.#syncing
    if (underWay === undefined) this.#seal()
    else void underWay.then(() => this.#seal())
  }

  #seal(): void {
    try {
      this.#sealFirst()
      this.#keep()
    } catch (failure) {
      if (!(failure instanceof FailureError) || !failure.retryable) throw failure
      this.#runtime.timers.after(RETRY_MS, () => this.#seal())
    }
  }

  #sealFirst(): void {
    const [segment] = this.#sealing
    if (segment === undefined) return
    const sealed = segment.seal()
    this.#sealing.shift()
    this.#keeper.add({ number: segment.number, stem: segment.stem, lastUs: segment.lastUs, ...sealed })
    this.#hear.emit({ type: 'segment_sealed', ...sealed })
  }

  #keep(): void {
    unlessPassing(() => this.#keeper.keep(this.#segment?.sizeBytes ?? 0))
  }
}
