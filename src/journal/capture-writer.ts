import type { EpochMicros } from '../core/units.ts'
import { pack, packingSuffix, type Packing } from '../runtime/pack.ts'
import type { AppendFile, Runtime, Timer } from '../runtime/runtime.ts'
import { timeText } from '../runtime/time-text.ts'

export interface CaptureOptions {
  /** One folder a venue. */
  readonly folder: string
  readonly packing: Packing
  /** A file ends at this size, packed. */
  readonly rotateBytes: number
}

/** Text that waits to be packed; at this size it is packed at once. */
const CHUNK_BYTES = 256 * 1024
/** How long a line waits to be packed with others. */
const CHUNK_MS = 1_000

/**
 * Writes the exact frames of one venue, both directions, with their times, into rotating files of the capture format. Lines are
 * packed in chunks that stand for themselves: whatever happens, all but the last second can be read.
 */
export class CaptureWriter {
  readonly #options: CaptureOptions
  readonly #runtime: Runtime
  #chunk: string[] = []
  #chunkBytes = 0
  #file: AppendFile | undefined
  #timer: Timer | undefined
  #files = 0
  #isClosed = false
  lines = 0

  /** Makes the folder. Throws `FailureError` with code `disk`. */
  constructor(options: CaptureOptions, runtime: Runtime) {
    this.#options = options
    this.#runtime = runtime
    runtime.files.makeFolder(options.folder)
  }

  /** Takes one frame or answer. `timeUs` is when it was received or sent. */
  write(
    src: 'ws' | 'rest',
    conn: string,
    dir: 'in' | 'out',
    frame: { raw: string; timeUs: EpochMicros },
  ): void {
    if (this.#isClosed) return
    const { raw, timeUs } = frame
    const line = `${JSON.stringify({ t: timeUs / 1_000, src, conn, dir, raw })}\n`
    this.#chunk.push(line)
    this.#chunkBytes += line.length
    this.lines++
    if (this.#file === undefined) this.#open(timeUs)
    if (this.#chunkBytes >= CHUNK_BYTES) this.flush()
    else this.#timer ??= this.#runtime.timers.after(CHUNK_MS, () => this.flush())
  }

  /** Packs and writes what waits; ends the file when it is large enough. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#chunk.length === 0) return
    this.#file?.append(pack(this.#options.packing, new TextEncoder().encode(this.#chunk.join(''))))
    this.#chunk = []
    this.#chunkBytes = 0
    if ((this.#file?.sizeBytes ?? 0) >= this.#options.rotateBytes) this.#end()
  }

  /** Writes what waits and ends the file. What comes afterwards is not taken. */
  close(): void {
    this.flush()
    this.#end()
    this.#isClosed = true
  }

  #open(timeUs: EpochMicros): void {
    const { folder, packing } = this.#options
    const time = timeText(timeUs).replace(/[-:]|\.\d+Z/g, '')
    const number = String(++this.#files).padStart(4, '0')
    this.#file = this.#runtime.files.openAppend(`${folder}/${time}-${number}.ndjson${packingSuffix(packing)}`)
  }

  #end(): void {
    this.#file?.sync()
    this.#file?.close()
    this.#file = undefined
  }
}
