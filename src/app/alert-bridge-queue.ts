import { Backlog, type BacklogEvent } from '../alerts/backlog.ts'
import type { BridgeEvent } from '../alerts/events.ts'
import { FailureError } from '../core/errors.ts'
import { crc32c } from '../journal/crc32c.ts'
import type { AppendFile, Runtime, Timer } from '../runtime/runtime.ts'

/** The file is written anew, without what is over, once it is larger than this and than twice what it was then. */
const REWRITE_BYTES = 4_194_304
/** How often it is tried whether the disk can be written again. */
const PROBE_MS = 5_000
const FILE_NAME = 'queue.log'
const CHECKSUM_DIGITS = 8

export interface QueueOptions {
  readonly folder: string
  /** Names of the robots that there are. */
  readonly robots: ReadonlySet<string>
  /** Robots of a route. */
  readonly robotsOf: (route: string) => readonly string[]
  readonly runtime: Pick<Runtime, 'files' | 'timers' | 'clock'>
  readonly emit: (event: BridgeEvent) => void
}

/**
 * The backlog with its file: lines of a checksum and an event, each forced to the disk before anybody is told that it happened. What was
 * queued survives the end of the process at any moment; of what was sent, at most the one message that had no answer yet may be sent again.
 */
export class AlertQueue {
  readonly backlog = new Backlog()
  readonly #options: QueueOptions
  readonly #path: string
  readonly #unlock: () => void
  #file: AppendFile | undefined
  /** Half a line may stand at the end of the file. */
  #isTorn = false
  /** Something has happened that the file does not say, or the file says what has not. */
  #isBehind = false
  #rewrittenBytes = 0
  #failure: string | undefined
  #probe: Timer | undefined

  private constructor(options: QueueOptions, unlock: () => void) {
    this.#options = options
    this.#path = `${options.folder}/${FILE_NAME}`
    this.#unlock = unlock
  }

  /** Throws `FailureError`: `locked` where another bridge has the folder, `disk` where it cannot be read. */
  static open(options: QueueOptions): AlertQueue {
    const { files } = options.runtime
    files.makeFolder(options.folder)
    const queue = new AlertQueue(options, files.lock(`${options.folder}/lock`))
    queue.#restore()
    return queue
  }

  /** Why nothing can be queued; `undefined`: it can. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Takes alerts in: they are on the disk when this returns. Throws `FailureError` (`disk`), and nothing is taken in. */
  take(event: BacklogEvent): void {
    this.#write(event)
    this.backlog.apply(event)
    this.#tidy()
  }

  /** Notes what has happened, whether or not it can be written: a full disk stops no alert that is in memory. */
  note(event: BacklogEvent): void {
    this.backlog.apply(event)
    try {
      this.#write(event)
    } catch (cause) {
      if (!(cause instanceof FailureError)) throw cause
      this.#isBehind = true
      return
    }
    this.#tidy()
  }

  close(): void {
    this.#probe?.cancel()
    this.#probe = undefined
    this.#file?.close()
    this.#file = undefined
    this.#unlock()
  }

  #write(event: BacklogEvent): void {
    try {
      this.#append(lineOf(event))
    } catch (cause) {
      if (cause instanceof FailureError) this.#fail(cause.message)
      throw cause
    }
    if (this.#failure !== undefined) this.#options.emit({ type: 'queue_recovered' })
    this.#failure = undefined
  }

  #append(line: string): void {
    this.#file ??= this.#options.runtime.files.openAppend(this.#path)
    const file = this.#file
    const sizeBytes = file.sizeBytes
    try {
      file.append(new TextEncoder().encode(this.#isTorn ? `\n${line}` : line))
      file.sync()
      this.#isTorn = false
    } catch (cause) {
      this.#cutBack(file, sizeBytes)
      throw cause
    }
  }

  #cutBack(file: AppendFile, sizeBytes: number): void {
    try {
      file.truncate(sizeBytes)
    } catch (cause) {
      if (!(cause instanceof FailureError)) throw cause
      this.#isTorn = true
      // Where only forcing it to the disk has failed the line is whole, and would be taken for what happened.
      this.#isBehind = true
    }
  }

  #fail(text: string): void {
    if (this.#failure === undefined) this.#options.emit({ type: 'queue_failed', text })
    this.#failure = text
    this.#probe ??= this.#options.runtime.timers.every(PROBE_MS, () => {
      this.#tryAgain()
    })
  }

  #tryAgain(): void {
    try {
      this.#write({ op: 'probe' })
    } catch (cause) {
      if (!(cause instanceof FailureError)) throw cause
      return
    }
    this.#tidy()
  }

  /** To be called once the backlog says what the file says: a file that is written anew holds what the backlog holds. */
  #tidy(): void {
    const sizeBytes = this.#file?.sizeBytes ?? 0
    const isLarge = sizeBytes > REWRITE_BYTES && sizeBytes > 2 * this.#rewrittenBytes
    if (this.#isBehind || isLarge) this.#rewrite()
    if (this.#isBehind) return
    this.#probe?.cancel()
    this.#probe = undefined
  }

  /** A file that cannot be written anew stays as it is: it is only longer than it needs to be. */
  #rewrite(): void {
    const bytes = new TextEncoder().encode(this.backlog.image().map(lineOf).join(''))
    this.#rewrittenBytes = bytes.length
    try {
      this.#options.runtime.files.replace(this.#path, bytes)
    } catch (cause) {
      if (!(cause instanceof FailureError)) throw cause
      return
    }
    this.#file?.close()
    this.#file = undefined
    this.#isTorn = false
    this.#isBehind = false
  }

  #restore(): void {
    const { runtime, robots, robotsOf, emit } = this.#options
    const { files } = runtime
    if (files.sizeOf(this.#path) === undefined) return
    const bytes = files.read(this.#path)
    const { events, damagedLines } = readLines(bytes)
    for (const event of events) this.backlog.apply(event)
    this.backlog.settle()
    const keptAs = damagedLines > 0 ? this.#keep(bytes) : undefined
    const lost = this.backlog.adopt(robots, robotsOf)
    if (lost > 0) emit({ type: 'orphaned', alerts: lost })
    const waiting = this.backlog.robots.reduce((sum, name) => sum + this.backlog.count(name), 0)
    if (waiting > 0 || damagedLines > 0) emit({ type: 'queue_restored', waiting, damagedLines, keptAs })
    // Half a line at the end is what a crash leaves: whoever sent it was not told that it is queued.
    this.#isTorn = true
    this.#rewrite()
  }

  #keep(bytes: Uint8Array): string | undefined {
    const path = `${this.#path}.damaged-${Math.floor(this.#options.runtime.clock.now() / 1_000)}`
    try {
      this.#options.runtime.files.replace(path, bytes)
      return path
    } catch (cause) {
      if (!(cause instanceof FailureError)) throw cause
      return undefined
    }
  }
}

function lineOf(event: BacklogEvent): string {
  const text = JSON.stringify(event)
  return `${checksumOf(text)} ${text}\n`
}

function checksumOf(text: string): string {
  const bytes = new TextEncoder().encode(text)
  return crc32c(bytes, 0, bytes.length).toString(16).padStart(CHECKSUM_DIGITS, '0')
}

function readLines(bytes: Uint8Array): {
  readonly events: readonly BacklogEvent[]
  readonly damagedLines: number
} {
  const lines = new TextDecoder().decode(bytes).split('\n')
  // What follows the last line feed is half a line, or nothing.
  lines.pop()
  const whole = lines.filter((line) => line !== '')
  const events = whole.flatMap((line) => readLine(line) ?? [])
  return { events, damagedLines: whole.length - events.length }
}

function readLine(line: string): BacklogEvent | undefined {
  const text = line.slice(CHECKSUM_DIGITS + 1)
  if (line.slice(0, CHECKSUM_DIGITS) !== checksumOf(text)) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this program: its checksum agrees
  return JSON.parse(text) as BacklogEvent
}
