import type { RecordType } from '../../core/record.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../sink.ts'

/** Writes bytes; resolves once the operating system has them, rejects with `FailureError` when nobody reads any more. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>

/** Records as lines on a stream: for a pipe into another program. */
export class StdoutSink implements Sink {
  readonly name = 'stdout'
  readonly batching: Batching = { limitBytes: 256 * 1024, limitRecords: 10_000, lingerMs: 0, isFixed: false }
  readonly #write: WriteBytes

  constructor(write: WriteBytes) {
    this.#write = write
  }

  takes(_type: RecordType): boolean {
    return true
  }

  async open(): Promise<void> {
    // The stream is there as long as the process is.
  }

  async write({ bytes }: RecordBatch): Promise<readonly Rejected[]> {
    await this.#write(bytes)
    return []
  }

  async close(): Promise<void> {
    // The stream is the process's.
  }
}
