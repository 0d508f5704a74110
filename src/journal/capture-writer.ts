import { FailureError } from '../core/errors.ts'
import { type EpochMicros, epochMicros } from '../core/units.ts'
import { pack, packingSuffix, type Packing } from '../runtime/pack.ts'
import type { AppendFile, Runtime, Timer } from '../runtime/runtime.ts'
import { timeText } from '../runtime/time-text.ts'
import type { Emit } from '../telemetry/events.ts'

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
  readonly #emit: Emit
  #chunk: string[] = []
  #chunkBytes = 0
  /** When its first line was received or sent. */
  #chunkUs = epochMicros(0)
  #file: AppendFile | undefined
  #timer: Timer | undefined
  #files = 0
  #isClosed = false
  lines = 0
  /** Lines that a disk which took nothing has cost since it last took some. */
  #lost = 0

  /** Makes the folder. Throws `FailureError` with code `disk`. */
  constructor(options: CaptureOptions, runtime: Runtime, emit: Emit) {
    this.#options = options
    this.#runtime = runtime
    this.#emit = emit
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
    if (this.#chunk.length === 1) this.#chunkUs = timeUs
    if (this.#chunkBytes >= CHUNK_BYTES) this.flush()
    else this.#timer ??= this.#runtime.timers.after(CHUNK_MS, () => this.flush())
  }

  /**
   * Packs and writes what waits; ends the file when it is large enough. A disk that takes nothing for a while costs the lines of that
   * time, and no more: they are counted and told, and the next file begins once it takes some.
   */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#chunk.length === 0) return
    const lines = this.#chunk.length
    const bytes = pack(this.#options.packing, new TextEncoder().encode(this.#chunk.join('')))
    this.#chunk = []
    this.#chunkBytes = 0
    try {
      this.#file ??= this.#open(this.#chunkUs)
      append(this.#file, bytes)
    } catch (failure) {
      if (!(failure instanceof FailureError) || !failure.retryable) throw failure
      this.#lose(lines, failure)
      return
    }
    if (this.#lost > 0)
      this.#emit({ type: 'capture_resumed', folder: this.#options.folder, lost: this.#lost })
    this.#lost = 0
    if (this.#file.sizeBytes >= this.#options.rotateBytes) this.#rotate(this.#file)
  }

  /** Writes what waits and ends the file. What comes afterwards is not taken. */
  close(): void {
    this.flush()
    this.#end()
    this.#isClosed = true
  }

  #lose(lines: number, { message }: FailureError): void {
    if (this.#lost === 0) this.#emit({ type: 'capture_failed', folder: this.#options.folder, text: message })
    this.#lost += lines
    this.#file?.close()
    this.#file = undefined
  }

  #open(timeUs: EpochMicros): AppendFile {
    const { folder, packing } = this.#options
    const time = timeText(timeUs).replace(/[-:]|\.\d+Z/g, '')
    const number = String(++this.#files).padStart(4, '0')
    return this.#runtime.files.openAppend(`${folder}/${time}-${number}.ndjson${packingSuffix(packing)}`)
  }

  /** Off this thread, which stamps frames: the file is large. */
  #rotate(file: AppendFile): void {
    this.#file = undefined
    file.syncAside().then(
      () => file.close(),
      (failure: unknown) => {
        file.close()
        this.#emit({ type: 'capture_failed', folder: this.#options.folder, text: String(failure) })
      },
    )
  }

  #end(): void {
    this.#file?.sync()
    this.#file?.close()
    this.#file = undefined
  }
}

/** All of a chunk, or nothing of it: what is left of one that did not fit cannot be unpacked. */
function append(file: AppendFile, bytes: Uint8Array): void {
  const { sizeBytes } = file
  try {
    file.append(bytes)
  } catch (failure) {
    file.truncate(sizeBytes)
    throw failure
  }
}
