import { type FailureCode, FailureError } from '../core/errors.ts'
import { sinksFolder } from '../journal/cursor.ts'
import type { Files } from '../runtime/runtime.ts'

/** A sink that refuses so much is set up wrongly, rather than given poison. */
const LIMIT_BYTES = 256 * 1024 * 1024

/** A record that a sink will never take, and why. */
export interface Quarantined {
  readonly record: Uint8Array
  readonly code: FailureCode
  readonly reason: string
}

/** A file of one sink: its refused records, one JSON object a line with `code`, `reason` and the `record` as text. */
export class Quarantine {
  readonly path: string
  readonly #files: Files

  constructor(journal: string, sink: string, files: Files) {
    this.path = `${sinksFolder(journal)}/${sink}.quarantine.ndjson`
    this.#files = files
  }

  /**
   * On the disk when it returns, or nothing of it is there. Throws `FailureError`: `disk`, or `full` when it is so large that a person
   * must look why.
   */
  keep(records: readonly Quarantined[]): void {
    if (records.length === 0) return
    const decoder = new TextDecoder()
    const lines = records.map(({ record, code, reason }) =>
      JSON.stringify({ code, reason, record: decoder.decode(record).trimEnd() }),
    )
    const file = this.#files.openAppend(this.path)
    const { sizeBytes } = file
    try {
      if (sizeBytes > LIMIT_BYTES) {
        throw new FailureError(
          'full',
          `${this.path}: holds over ${LIMIT_BYTES} bytes; look why, and move it`,
          {
            retryable: false,
          },
        )
      }
      file.append(new TextEncoder().encode(`${lines.join('\n')}\n`))
      file.sync()
    } catch (failure) {
      if (file.sizeBytes > sizeBytes) file.truncate(sizeBytes)
      throw failure
    } finally {
      file.close()
    }
  }
}
