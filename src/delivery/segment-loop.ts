import { RECORD_TYPES, recordTypeAt } from '../core/record.ts'
import type { Cursor } from '../journal/cursor.ts'
import { segmentFile, type SegmentName, segmentsOf } from '../journal/format.ts'
import { unlessPassing } from '../journal/keeper.ts'
import { type Manifest, readManifest } from '../journal/manifest.ts'
import { Tally } from '../journal/tally.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { RejectedLine, SegmentSink, StoredSegment } from '../sinks/sink.ts'
import type { Emit } from '../telemetry/events.ts'
import type { SinkReport } from '../telemetry/report.ts'
import { Backlog } from './backlog.ts'
import { Pause } from './pause.ts'
import { Progress } from './progress.ts'
import type { Quarantine } from './quarantine.ts'
import { Retry, type Trouble } from './retry.ts'
import { Standing } from './standing.ts'
import { Waiter } from './waiter.ts'

/** What a loop of segments works with. */
export interface SegmentParts {
  readonly folder: string
  readonly cursor: Cursor
  readonly quarantine: Quarantine
}

/** Segments are sealed every few minutes at most: the folder is looked at, no notice is waited for. */
const LOOK_MS = 2_000

/** Brings sealed segments to one sink, as `DeliveryLoop` brings records. */
export class SegmentLoop {
  readonly sink: SegmentSink
  readonly cursor: Cursor
  readonly #folder: string
  readonly #quarantine: Quarantine
  readonly #runtime: Runtime
  readonly #emit: Emit
  readonly #waiter: Waiter
  readonly #retry: Retry
  readonly #progress: Progress
  readonly #pause = new Pause()
  readonly #standing: Standing
  #isStopping = false

  constructor(sink: SegmentSink, parts: SegmentParts, runtime: Runtime, emit: Emit) {
    this.sink = sink
    this.cursor = parts.cursor
    this.#folder = parts.folder
    this.#quarantine = parts.quarantine
    this.#runtime = runtime
    this.#emit = emit
    this.#waiter = new Waiter(runtime.timers)
    this.#retry = new Retry(sink.name, runtime, emit)
    this.#progress = new Progress(parts.cursor)
    this.#standing = new Standing({
      sink: sink.name,
      cursor: parts.cursor,
      retry: this.#retry,
      backlog: new Backlog(parts.folder, runtime.files),
      clock: runtime.clock,
      sealedOnly: true,
    })
  }

  get trouble(): Trouble | undefined {
    return this.#retry.trouble
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

  /** Runs until it is stopped, or with `untilEnd` until it has brought every sealed segment. */
  async run(until: { readonly untilEnd: boolean } = { untilEnd: false }): Promise<void> {
    await this.#retry.until(() => this.sink.open())
    while (!this.#isStopping) {
      // oxlint-disable-next-line no-await-in-loop -- one segment after the other
      await this.#pause.passed()
      // oxlint-disable-next-line no-await-in-loop -- see above
      const next = await this.#retry.until(async () => this.#next())
      if (next === undefined) break
      if (next.result === undefined) {
        if (until.untilEnd) break
        // oxlint-disable-next-line no-await-in-loop -- waits for what the loop is about
        await this.#waiter.wait(LOOK_MS)
        continue
      }
      // oxlint-disable-next-line no-await-in-loop -- see above
      if (!(await this.#give(next.result))) break
    }
    unlessPassing(() => this.cursor.save())
  }

  /** Ends `run` before its next segment; one that is under way rejects. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#pause.end()
    this.#waiter.wake()
    this.#retry.stop()
    await this.sink.close()
  }

  /** The first segment from the cursor on, once it is sealed. */
  #next(): Found | undefined {
    const { files } = this.#runtime
    const first = (): SegmentName | undefined =>
      segmentsOf(files.list(this.#folder)).find(({ number }) => number >= this.cursor.place.segment)
    const name = first()
    if (name?.isSealed !== true) return undefined
    // A listing may miss a file that is renamed meanwhile; two do not miss the same one.
    if (name.number !== this.cursor.place.segment && first()?.number !== name.number) return undefined
    const manifest = readManifest(files, this.#folder, name.stem)
    return manifest && { name, manifest }
  }

  /** Brings one segment; answers false when it was stopped before. */
  async #give({ name, manifest }: Found): Promise<boolean> {
    const { files } = this.#runtime
    const path = `${this.#folder}/${segmentFile(name)}`
    const segment = { path, number: name.number, records: manifest.records }
    const outcome = await this.#retry.until(async () => {
      // The limits of the journal may take it while it is tried again: then the next one tells what is lost.
      if (files.sizeOf(path) === undefined) return undefined
      return this.sink.store(segment)
    })
    if (outcome === undefined) return false
    const { result } = outcome
    if (result === undefined) return true
    const kept = await this.#retry.until(async () => this.#keep(result.rejected))
    if (kept === undefined) return false
    const lost = this.#progress.meet(manifest.before) + this.#account(manifest, result)
    if (lost > 0) this.#emit({ type: 'sink_lost', sink: this.sink.name, records: lost })
    this.#progress.settle({ segment: name.number + 1, offset: 0 })
    this.#standing.succeeded()
    const saved = await this.#retry.until(async () => this.cursor.save())
    return saved !== undefined
  }

  #keep(rejected: readonly RejectedLine[]): void {
    this.#quarantine.keep(rejected.map(({ bytes, code, reason }) => ({ record: bytes, code, reason })))
    const [first] = rejected
    if (first === undefined) return
    const { code, reason } = first
    this.#emit({ type: 'sink_rejected', sink: this.sink.name, records: rejected.length, code, text: reason })
  }

  /** What the journal says of the segment against what was stored of it. Answers how many records the disk has lost. */
  #account({ types }: Manifest, { stored, rejected }: StoredSegment): number {
    const { seen, delivered, skipped, lost } = this.#progress
    const refused = new Tally()
    for (const { bytes } of rejected) refused.count(recordTypeAt(bytes, 0))
    let missing = 0
    seen.add(types)
    for (const [code, type] of RECORD_TYPES.entries()) {
      const count = types.of(type)
      if (!this.sink.takes(type)) {
        skipped.count(code, count)
        continue
      }
      const there = stored[type] ?? 0
      delivered.count(code, there)
      missing += count - there - refused.of(type)
      lost.count(code, count - there - refused.of(type))
    }
    this.#progress.rejected.add(refused)
    return missing
  }
}

interface Found {
  readonly name: SegmentName
  readonly manifest: Manifest
}
