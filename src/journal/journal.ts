import type { EpochMicros } from '../core/units.ts'
import type { AppendFile, Files, Runtime, Timer } from '../runtime/runtime.ts'
import { timeText } from '../runtime/time-text.ts'
import type { Emit } from '../telemetry/events.ts'

export interface JournalOptions {
  readonly folder: string
  /** A segment is sealed at this size. */
  readonly segmentBytes: number
  /** A segment is sealed at this age. */
  readonly segmentMs: number
  /** Records wait at most this long before they are written to the file. */
  readonly flushMs: number
  /** What was written is forced to the disk after at most this time: what a power cut may cost. */
  readonly fsyncMs: number
}

/** Bytes that may wait for the next write; more, and the write happens at once. */
export const BATCH_LIMIT_BYTES = 1024 * 1024

/** A segment that is still being written ends so; sealed ones end in `.ndjson`. */
const OPEN_SUFFIX = '.ndjson.open'
/** Names the process that writes the folder. */
const LOCK = 'lock'
const SEALED = /^(\d{8})-.*\.ndjson$/

/**
 * The journal: everything that the collector publishes, as NDJSON segments in one folder, written by one process. Records are
 * copied into a batch and written every few milliseconds; a timer runs only while something waits.
 *
 * Segments are named by number and time of their first record: `00000042-20261125T191530.ndjson`.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #runtime: Runtime
  readonly #emit: Emit
  readonly #batch = new Uint8Array(BATCH_LIMIT_BYTES)
  #batched = 0
  #batchedRecords = 0
  #file: AppendFile | undefined
  #name = ''
  #number: number
  readonly #unlock: () => void
  #records = 0
  #openedUs = 0
  #flush: Timer | undefined
  #sync: Timer | undefined
  #writtenBytes = 0
  #writtenRecords = 0

  /** Takes the folder for itself and seals what an earlier process left open. Throws `FailureError`: `disk`, or `locked`. */
  constructor(options: JournalOptions, runtime: Runtime, emit: Emit) {
    this.#options = options
    this.#runtime = runtime
    this.#emit = emit
    runtime.files.makeFolder(options.folder)
    this.#unlock = runtime.files.lock(`${options.folder}/${LOCK}`)
    this.#number = sealLeftovers(options.folder, runtime.files)
  }

  get writtenBytes(): number {
    return this.#writtenBytes + this.#batched
  }

  get writtenRecords(): number {
    return this.#writtenRecords + this.#batchedRecords
  }

  /** Takes one record: a line with its newline. The bytes are copied. */
  append(line: Uint8Array, receiveTimeUs: EpochMicros): void {
    if (this.#batched + line.length > BATCH_LIMIT_BYTES) this.flush()
    if (this.#file === undefined) this.#open(receiveTimeUs)
    if (line.length > BATCH_LIMIT_BYTES) this.#write(line)
    else {
      this.#batch.set(line, this.#batched)
      this.#batched += line.length
    }
    this.#batchedRecords++
    this.#flush ??= this.#runtime.timers.after(this.#options.flushMs, () => this.flush())
  }

  /** Writes what waits, and seals the segment when it is large or old enough. */
  flush(): void {
    this.#flush?.cancel()
    this.#flush = undefined
    if (this.#batched > 0) this.#write(this.#batch.subarray(0, this.#batched))
    this.#batched = 0
    this.#writtenRecords += this.#batchedRecords
    this.#records += this.#batchedRecords
    this.#batchedRecords = 0
    const ageMs = (this.#runtime.clock.steadyUs() - this.#openedUs) / 1_000
    const size = this.#file?.sizeBytes ?? 0
    if (size >= this.#options.segmentBytes || (size > 0 && ageMs >= this.#options.segmentMs)) this.#seal()
  }

  /** Writes, syncs, seals, and gives the folder back. Nothing may be appended afterwards. */
  close(): void {
    this.flush()
    this.#seal()
    this.#unlock()
  }

  #open(firstUs: EpochMicros): void {
    this.#number++
    const number = String(this.#number).padStart(8, '0')
    this.#name = `${number}-${timeText(firstUs).replace(/[-:]|\.\d+Z/g, '')}`
    this.#file = this.#runtime.files.openAppend(`${this.#options.folder}/${this.#name}${OPEN_SUFFIX}`)
    this.#openedUs = this.#runtime.clock.steadyUs()
    this.#records = 0
  }

  #write(bytes: Uint8Array): void {
    this.#file?.append(bytes)
    this.#writtenBytes += bytes.length
    this.#sync ??= this.#runtime.timers.after(this.#options.fsyncMs, () => {
      this.#sync = undefined
      this.#file?.sync()
    })
  }

  #seal(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    this.#sync?.cancel()
    this.#sync = undefined
    file.sync()
    file.close()
    const path = `${this.#options.folder}/${this.#name}.ndjson`
    this.#runtime.files.rename(file.path, path)
    this.#emit({ type: 'segment_sealed', path, records: this.#records, bytes: file.sizeBytes })
  }
}

/** Seals segments that a process left open when it ended, and answers the highest number in use. */
function sealLeftovers(folder: string, files: Files): number {
  let highest = 0
  for (const name of files.list(folder)) {
    const sealed = name.endsWith(OPEN_SUFFIX) ? name.slice(0, -'.open'.length) : name
    const match = SEALED.exec(sealed)
    if (match === null) continue
    if (sealed !== name) files.rename(`${folder}/${name}`, `${folder}/${sealed}`)
    highest = Math.max(highest, Number(match[1]))
  }
  return highest
}
