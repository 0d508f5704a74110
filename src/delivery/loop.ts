import { FailureError } from '../core/errors.ts'
import { type RecordType, RECORD_TYPES } from '../core/record.ts'
import type { Cursor } from '../journal/cursor.ts'
import type { JournalReader, Place } from '../journal/reader.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Rejected, Sink } from '../sinks/sink.ts'
import type { Emit } from '../telemetry/events.ts'
import type { SinkReport } from '../telemetry/report.ts'
import { Backlog } from './backlog.ts'
import { BatchBuilder } from './batch-builder.ts'
import { Pause } from './pause.ts'
import { Progress } from './progress.ts'
import type { Quarantine } from './quarantine.ts'
import { Retry, type Trouble } from './retry.ts'
import { Standing } from './standing.ts'
import { Waiter } from './waiter.ts'

/** What a loop works with. The reader stands where the cursor does. */
export interface LoopParts {
  readonly reader: JournalReader
  readonly cursor: Cursor
  readonly quarantine: Quarantine
}

/** A notice of the journal may be missed, so the loop looks by itself this often. */
const LOOK_MS = 250
/** How often the cursor is saved while batches go through: what is given again after a crash. */
const SAVE_MS = 500

/**
 * Brings records from the journal to one sink: read, write, advance the cursor once the sink has them for good. One batch at a time,
 * given again until it is taken, so memory is one batch whatever the sink does, and nothing else notices.
 */
export class DeliveryLoop {
  readonly sink: Sink
  readonly cursor: Cursor
  readonly #reader: JournalReader
  readonly #quarantine: Quarantine
  readonly #runtime: Runtime
  readonly #emit: Emit
  readonly #waiter: Waiter
  readonly #retry: Retry
  readonly #builder: BatchBuilder
  readonly #progress: Progress
  readonly #pause = new Pause()
  readonly #standing: Standing
  readonly #takes: readonly boolean[]
  #savedUs = -Infinity
  /** The cursor has moved since it was saved. */
  #isMoved = false
  #isStopping = false

  constructor(sink: Sink, parts: LoopParts, runtime: Runtime, emit: Emit) {
    this.sink = sink
    this.cursor = parts.cursor
    this.#reader = parts.reader
    this.#quarantine = parts.quarantine
    this.#runtime = runtime
    this.#emit = emit
    this.#waiter = new Waiter(runtime.timers)
    this.#retry = new Retry(sink.name, runtime, emit)
    this.#builder = new BatchBuilder(sink.batching)
    this.#progress = new Progress(parts.cursor)
    this.#takes = RECORD_TYPES.map((type: RecordType) => sink.takes(type))
    this.#standing = new Standing({
      sink: sink.name,
      cursor: parts.cursor,
      retry: this.#retry,
      backlog: new Backlog(parts.reader.folder, runtime.files),
      clock: runtime.clock,
      sealedOnly: false,
    })
  }

  get trouble(): Trouble | undefined {
    return this.#retry.trouble
  }

  /** The journal has changed. */
  wake(): void {
    this.#waiter.wake()
  }

  /** Finishes what is under way and takes nothing more until `resume`; the cursor keeps its place. */
  pause(): void {
    this.#pause.pause()
    this.#waiter.wake()
  }

  resume(): void {
    this.#pause.resume()
  }

  get isPaused(): boolean {
    return this.#pause.isPaused
  }

  /** How it stands. */
  report(): SinkReport {
    return this.#standing.report({ isPaused: this.isPaused })
  }

  /** Runs until it is stopped, or with `untilEnd` until it has brought all that the journal has. */
  async run(until: { readonly untilEnd: boolean } = { untilEnd: false }): Promise<void> {
    await this.#retry.until(() => this.sink.open())
    while (!this.#isStopping) {
      // oxlint-disable-next-line no-await-in-loop -- one batch after the other
      if (this.isPaused) await this.#rest()
      // oxlint-disable-next-line no-await-in-loop -- see above
      const isMore = await this.#gather(until.untilEnd)
      // oxlint-disable-next-line no-await-in-loop -- see above
      if (this.#builder.count > 0 && !(await this.#give())) break
      // oxlint-disable-next-line no-await-in-loop -- see above
      await this.#advance()
      if (!isMore) break
    }
    this.#trySave()
    this.#reader.close()
  }

  /** Ends `run` before its next batch; one that is under way rejects. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#pause.end()
    this.#waiter.wake()
    this.#retry.stop()
    await this.sink.close()
  }

  /** Waits while it is paused: nothing that was settled may be given again after a crash meanwhile. */
  async #rest(): Promise<void> {
    this.#trySave()
    await this.#pause.passed()
  }

  /** Fills the builder. Answers false when there will be nothing after it. */
  async #gather(untilEnd: boolean): Promise<boolean> {
    this.#builder.clear()
    const { pending } = this.cursor
    let sinceUs: number | undefined
    while (!this.#isStopping) {
      if (pending === undefined ? this.#isFilled : isReached(this.#reader.place, pending)) return true
      // oxlint-disable-next-line no-await-in-loop -- one after the other, in the order of the journal
      if (await this.#next()) {
        sinceUs ??= this.#runtime.clock.steadyUs()
        continue
      }
      if (pending !== undefined) return true
      const lingerMs = this.#lingerMs(sinceUs)
      if (lingerMs <= 0) return true
      if (untilEnd) return false
      // oxlint-disable-next-line no-await-in-loop -- see above
      await this.#saveIfDue()
      // oxlint-disable-next-line no-await-in-loop -- waits for what the loop is about
      await this.#waiter.wait(Math.min(LOOK_MS, lingerMs))
    }
    return false
  }

  /** What is in the builder is given as it is. */
  get #isFilled(): boolean {
    return this.#builder.isFull || this.isPaused
  }

  /** How long a batch that is begun may still wait for more; for ever where none is. */
  #lingerMs(sinceUs: number | undefined): number {
    if (sinceUs === undefined || this.#builder.count === 0) return Infinity
    return this.sink.batching.lingerMs - (this.#runtime.clock.steadyUs() - sinceUs) / 1_000
  }

  /** As `#take`; where the journal cannot be read at the moment, it is tried again. Nothing is taken by a try that failed. */
  async #next(): Promise<boolean> {
    try {
      return this.#take()
    } catch {
      const taken = await this.#retry.until(async () => this.#take())
      return taken?.result ?? false
    }
  }

  /** Takes what comes next in the journal; answers false at its end. */
  #take(): boolean {
    const reading = this.#reader.next()
    switch (reading.kind) {
      case 'batch':
        this.#builder.add(reading.records, this.#progress.seen)
        return true
      case 'segment': {
        const records = this.#progress.meet(reading.before)
        if (records > 0) this.#emit({ type: 'sink_lost', sink: this.sink.name, records })
        return true
      }
      case 'damaged':
        return true
      case 'end':
        return false
    }
  }

  /** Gives the batch until it is taken; answers false when it was stopped before. */
  async #give(): Promise<boolean> {
    const builder = this.#builder
    const isWanted = builder.types.subarray(0, builder.count).some((type) => this.#takes[type])
    if (this.sink.batching.isFixed && isWanted) {
      this.cursor.pending = this.#reader.place
      const saved = await this.#retry.until(async () => this.cursor.save())
      if (saved === undefined) return false
    }
    const written = await this.#retry.until(() => (isWanted ? this.sink.write(builder) : this.#turn()))
    if (written === undefined) return false
    const kept = await this.#retry.until(async () => this.#keep(written.result))
    if (kept === undefined) return false
    this.#account(written.result)
    if (isWanted) this.#standing.succeeded()
    return true
  }

  /** Nothing of the batch goes to this sink: the other sinks get their turn, as they do while one is waited for. */
  #turn(): Promise<readonly Rejected[]> {
    return new Promise((resolve) => {
      this.#runtime.timers.after(0, () => resolve([]))
    })
  }

  #keep(rejected: readonly Rejected[]): void {
    const { bytes, starts } = this.#builder
    this.#quarantine.keep(
      rejected.map(({ line, code, reason }) => ({
        record: bytes.subarray(starts[line], starts[line + 1]),
        code,
        reason,
      })),
    )
    const [first] = rejected
    if (first === undefined) return
    const { code, reason } = first
    this.#emit({ type: 'sink_rejected', sink: this.sink.name, records: rejected.length, code, text: reason })
  }

  #account(rejected: readonly Rejected[]): void {
    const { types, count } = this.#builder
    const { delivered, skipped } = this.#progress
    for (let at = 0; at < count; at++) {
      const type = types[at] ?? 0
      if (this.#takes[type]) delivered.count(type)
      else skipped.count(type)
    }
    for (const { line } of rejected) {
      const type = types[line] ?? 0
      this.#progress.rejected.count(type)
      delivered.count(type, -1)
    }
  }

  /** The cursor moves to where the reader is. */
  async #advance(): Promise<void> {
    const { cursor } = this
    const wasPending = cursor.pending !== undefined
    this.#isMoved ||= wasPending || !isReached(cursor.place, this.#reader.place)
    cursor.pending = undefined
    this.#progress.settle(this.#reader.place)
    if (wasPending) this.#savedUs = -Infinity
    await this.#saveIfDue()
  }

  async #saveIfDue(): Promise<void> {
    const nowUs = this.#runtime.clock.steadyUs()
    if (!this.#isMoved || nowUs - this.#savedUs < SAVE_MS * 1_000) return
    this.#savedUs = nowUs
    // A full disk must not hold up the sink: what is not saved is given again after a crash, no more.
    if (this.#trySave()) return
    await this.#retry.until(async () => this.cursor.save())
    this.#isMoved = false
  }

  /** False where a person has to do something about it. */
  #trySave(): boolean {
    try {
      this.cursor.save()
      this.#isMoved = false
      return true
    } catch (failure) {
      if (!(failure instanceof FailureError)) throw failure
      return failure.retryable
    }
  }
}

const isReached = (place: Place, target: Place): boolean =>
  place.segment > target.segment || (place.segment === target.segment && place.offset >= target.offset)
