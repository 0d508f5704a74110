import { FailureError } from '../../core/errors.ts'
import type { RecordType } from '../../core/record.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../sink.ts'

/** Writes bytes; resolves once the operating system has them, rejects with `FailureError` when nobody reads any more. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>

/** Records as lines on a stream: for a pipe into another program. */
export class StdoutSink implements Sink {
  readonly name = 'stdout'
  readonly batching: Batching = { limitBytes: 256 * 1024, limitRecords: 10_000, lingerMs: 0, isFixed: false }
  readonly #write: WriteBytes
  readonly #closing = Promise.withResolvers<never>()

  constructor(write: WriteBytes) {
    this.#write = write
    // Most are closed while nothing is being written.
    this.#closing.promise.catch(() => undefined)
  }

  takes(_type: RecordType): boolean {
    return true
  }

  async open(): Promise<void> {
    // The stream is there as long as the process is.
  }

  async write({ bytes }: RecordBatch): Promise<readonly Rejected[]> {
    await Promise.race([this.#write(bytes), this.#closing.promise])
    return []
  }

  async close(): Promise<void> {
    // The stream is the process's, and its reader may never read again.
    this.#closing.reject(new FailureError('unreachable', 'the sink is closed', { retryable: true }))
  }
}
