import { createHash } from 'node:crypto'
import { fullDepthDigest } from '../book/digest.ts'
import { FailureError } from '../core/errors.ts'
import type { InstrumentStreams } from '../pipeline/streams.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'

/** The emulator listens so long for what a book goes through. */
const AUDIT_MS = 1_000
/** Our book is looked at in the middle of it. */
const SAMPLE_MS = 500
/** Between two comparisons of one venue: every book of 200 is compared once in ten minutes. */
const PAUSE_MS = 2_000

/**
 * Holds the books of a venue, one after the other and on and on, against the true ones of the emulator: it tells the digest of the
 * whole book at every sequence of a second, and ours must be the one at our sequence.
 */
export class TruthCheck {
  equal = 0
  total = 0
  /** The first difference, in words. */
  difference: string | undefined
  readonly #restUrl: string
  readonly #streams: () => readonly InstrumentStreams[]
  readonly #runtime: Runtime
  readonly #timers = new Set<Timer>()
  #turn = 0
  #stopped = false

  constructor(restUrl: string, streams: () => readonly InstrumentStreams[], runtime: Runtime) {
    this.#restUrl = restUrl
    this.#streams = streams
    this.#runtime = runtime
  }

  start(): void {
    this.#after(SAMPLE_MS, () => this.#next())
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
  }

  #next(): void {
    if (this.#stopped) return
    const streams = this.#streams()
    const stream = streams[this.#turn++ % Math.max(1, streams.length)]
    if (stream === undefined || !stream.book.sync.isLive) this.#after(SAMPLE_MS, () => this.#next())
    else void this.#compare(stream).then(() => this.#after(PAUSE_MS, () => this.#next()))
  }

  async #compare(stream: InstrumentStreams): Promise<void> {
    const { symbol } = stream.instrument
    let ours: { readonly sequence: number; readonly digest: string } | undefined
    this.#after(SAMPLE_MS, () => {
      const { book } = stream.book.sync
      const isShown = stream.book.sync.isLive && !stream.book.isCrossed
      if (isShown)
        ours = { sequence: book.sequence, digest: fullDepthDigest(book, createHash('sha256')).digest('hex') }
    })
    const truths = await this.#truths(symbol)
    if (ours === undefined || truths === undefined) return
    const truth = truths.get(String(ours.sequence))
    // A book that is more than half a second behind has not come to the first number that was told.
    if (truth === undefined) return
    this.total++
    if (truth === ours.digest) this.equal++
    else this.difference ??= `${symbol} differs from the true book at ${ours.sequence}`
  }

  async #truths(symbol: string): Promise<ReadonlyMap<string, unknown> | undefined> {
    try {
      const { status, body } = await this.#runtime.http.get({
        url: `${this.#restUrl}/emulator/audit?symbol=${encodeURIComponent(symbol)}&ms=${AUDIT_MS}`,
        deadlineMs: AUDIT_MS * 5,
        bodyLimitBytes: 1024 * 1024,
      })
      const told: unknown = status === 200 ? JSON.parse(new TextDecoder().decode(body)) : undefined
      return typeof told === 'object' && told !== null ? new Map(Object.entries(told)) : undefined
    } catch (error) {
      if (error instanceof FailureError) return undefined
      throw error
    }
  }

  #after(delayMs: number, run: () => void): void {
    if (this.#stopped) return
    const timer = this.#runtime.timers.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }
}
