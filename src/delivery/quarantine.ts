import type { FailureCode } from '../core/errors.ts'
import { sinksFolder } from '../journal/cursor.ts'
import type { Files } from '../runtime/runtime.ts'

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

  /** On the disk when it returns. Throws `FailureError` with code `disk`. */
  keep(records: readonly Quarantined[]): void {
    if (records.length === 0) return
    const decoder = new TextDecoder()
    const lines = records.map(({ record, code, reason }) =>
      JSON.stringify({ code, reason, record: decoder.decode(record).trimEnd() }),
    )
    const file = this.#files.openAppend(this.path)
    try {
      file.append(new TextEncoder().encode(`${lines.join('\n')}\n`))
      file.sync()
    } finally {
      file.close()
    }
  }
}
