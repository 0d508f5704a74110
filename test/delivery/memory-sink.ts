import { FailureError } from '../../src/core/errors.ts'
import type { RecordType } from '../../src/core/record.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../../src/sinks/sink.ts'

/** A far side in memory that does what the test tells it to: refuse, take and lose the answer, hang, reject. */
export class MemorySink implements Sink {
  readonly name = 'memory'
  readonly batching: Batching
  /** Every line of every batch that was taken, repeats included. */
  readonly lines: string[]
  readonly tokens: string[] = []
  opened = 0
  writes = 0
  /** Thrown by `open`, while set. */
  closedBy: FailureError | undefined
  /** Thrown by `write` before anything is taken, while set. */
  refusal: Error | undefined
  /** The next write is taken, and its answer is lost. */
  losesAnswer = false
  /** While set, `write` waits for it. */
  gate: Promise<void> | undefined
  skips: RecordType | undefined
  /** Lines that contain this are rejected. */
  poison: string | undefined

  constructor(batching: Partial<Batching> = {}, lines: string[] = []) {
    this.lines = lines
    this.batching = { limitBytes: 1_000_000, limitRecords: 1_000, lingerMs: 0, isFixed: false, ...batching }
  }

  takes(type: RecordType): boolean {
    return type !== this.skips
  }

  async open(): Promise<void> {
    this.opened++
    if (this.closedBy !== undefined) throw this.closedBy
  }

  async write(batch: RecordBatch): Promise<readonly Rejected[]> {
    this.writes++
    await this.gate
    if (this.refusal !== undefined) throw this.refusal
    const rejected: Rejected[] = []
    for (let at = 0; at < batch.count; at++) {
      const text = new TextDecoder()
        .decode(batch.bytes.subarray(batch.starts[at], batch.starts[at + 1]))
        .trimEnd()
      if (this.skips !== undefined && text.includes(`"type":"${this.skips}"`)) continue
      if (this.poison !== undefined && text.includes(this.poison)) {
        rejected.push({ line: at, code: 'bad_record', reason: 'poison' })
      } else this.lines.push(text)
    }
    this.tokens.push(batch.token)
    if (this.losesAnswer) {
      this.losesAnswer = false
      throw new FailureError('timeout', 'no answer', { retryable: true })
    }
    return rejected
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}
