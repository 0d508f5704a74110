import { recordTypeAt } from '../core/record.ts'
import type { Tally } from './tally.ts'

const NEWLINE = 10

/** Counts the records of a batch by type. Lines that are no records (the begin of a segment) count for nothing. */
export function tallyRecords(records: Uint8Array, tally: Tally): void {
  for (let at = 0; at < records.length;) {
    const code = recordTypeAt(records, at)
    if (code !== -1) tally.count(code)
    const end = records.indexOf(NEWLINE, at)
    if (end === -1) return
    at = end + 1
  }
}
