import { RECORD_TYPES } from '../core/record.ts'
import type { Cursor } from '../journal/cursor.ts'
import { segmentFile, type SegmentName, segmentsOf } from '../journal/format.ts'
import { unlessPassing } from '../journal/keeper.ts'
import { type Manifest, readManifest } from '../journal/manifest.ts'
import { recordTypeAt } from '../core/record.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { RejectedLine, SegmentSink } from '../sinks/sink.ts'
import type { Emit } from '../telemetry/events.ts'
import { Progress } from './progress.ts'
import type { Quarantine } from './quarantine.ts'
import { Retry, type Trouble } from './retry.ts'
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
  }

  get trouble(): Trouble | undefined {
    return this.#retry.trouble
  }

  /** Runs until it is stopped, or with `untilEnd` until it has brought every sealed segment. */
  async run(until: { readonly untilEnd: boolean } = { untilEnd: false }): Promise<void> {
    await this.#retry.until(() => this.sink.open())
    while (!this.#isStopping) {
      const next = this.#next()
      if (next === undefined) {
        if (until.untilEnd) break
        // oxlint-disable-next-line no-await-in-loop -- waits for what the loop is about
        await this.#waiter.wait(LOOK_MS)
        continue
      }
      // oxlint-disable-next-line no-await-in-loop -- one segment after the other
      if (!(await this.#give(next.name, next.manifest))) break
    }
    unlessPassing(() => this.cursor.save())
  }

  /** Ends `run` before its next segment; one that is under way rejects. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#waiter.wake()
    this.#retry.stop()
    await this.sink.close()
  }

  /** The first segment from the cursor on, once it is sealed. */
  #next(): { readonly name: SegmentName; readonly manifest: Manifest } | undefined {
    const { files } = this.#runtime
    const name = segmentsOf(files.list(this.#folder)).find(
      ({ number }) => number >= this.cursor.place.segment,
    )
    if (name?.isSealed !== true) return undefined
    const manifest = readManifest(files, this.#folder, name.stem)
    return manifest && { name, manifest }
  }

  async #give(name: SegmentName, manifest: Manifest): Promise<boolean> {
    const segment = {
      path: `${this.#folder}/${segmentFile(name)}`,
      number: name.number,
      records: manifest.records,
    }
    const stored = await this.#retry.until(() => this.sink.store(segment))
    if (stored === undefined) return false
    const kept = await this.#retry.until(async () => this.#keep(stored.result))
    if (kept === undefined) return false
    const lost = this.#progress.meet(manifest.before)
    if (lost > 0) this.#emit({ type: 'sink_lost', sink: this.sink.name, records: lost })
    this.#account(manifest, stored.result)
    this.#progress.settle({ segment: name.number + 1, offset: 0 })
    const saved = await this.#retry.until(async () => this.cursor.save())
    return saved !== undefined
  }

  #keep(rejected: readonly RejectedLine[]): void {
    this.#quarantine.keep(rejected.map(({ bytes, code, reason }) => ({ record: bytes, code, reason })))
    for (const { code, reason } of rejected) {
      this.#emit({ type: 'sink_rejected', sink: this.sink.name, code, text: reason })
    }
  }

  #account({ types }: Manifest, rejected: readonly RejectedLine[]): void {
    const { seen, delivered, skipped } = this.#progress
    seen.add(types)
    for (const [code, type] of RECORD_TYPES.entries()) {
      const into = this.sink.takes(type) ? delivered : skipped
      into.counts[code] = (into.counts[code] ?? 0) + (types.counts[code] ?? 0)
    }
    for (const { bytes } of rejected) {
      const code = recordTypeAt(bytes, 0)
      this.#progress.rejected.count(code)
      delivered.counts[code] = (delivered.counts[code] ?? 0) - 1
    }
  }
}
