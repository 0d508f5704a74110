import type { EpochMicros } from '../../core/units.ts'
import { timeText } from '../../runtime/time-text.ts'
import type { ClickHouseServer } from './client.ts'
import { bytesOf, type Part, type Range } from './parts.ts'
import { literal } from './schema.ts'

/** Lines that one question asks for: with their ids and times it stays below the 256 KiB that a statement may have by default. */
const LINES = 1_000

/** Of a record, what names its row and finds it: the tables are sorted and parted by the time. */
interface Row {
  readonly id: string
  readonly timeUs: EpochMicros
}

/**
 * Whether the table, quoted and with its database, has a row for every line of the range; it has none for what retention has dropped. The
 * user must be allowed to read it.
 */
export async function areStored(
  server: ClickHouseServer,
  table: string,
  part: Part,
  range: Range,
): Promise<boolean> {
  for (let from = range.from; from < range.to; from += LINES) {
    const rows = rowsOf(part, { from, to: Math.min(from + LINES, range.to) })
    // oxlint-disable-next-line no-await-in-loop -- one that is missing ends it
    const [answer] = await server.rows(questionOf(table, rows))
    // A profile may say that a count of nothing has no row.
    if (Number(answer?.[0] ?? 0) < new Set(rows.map(({ id }) => id)).size) return false
  }
  return true
}

/** Keys of src/core/record.ts, which every record has. */
interface RowKeys {
  readonly id: string
  readonly venue_time_us: EpochMicros | null
  readonly recv_time_us: EpochMicros
}

const decoder = new TextDecoder()

/** The engine took the lines, so they are whole records. */
const rowsOf = (part: Part, range: Range): readonly Row[] =>
  decoder
    .decode(bytesOf(part, range))
    .trimEnd()
    .split('\n')
    .map((line) => {
      const record: RowKeys = JSON.parse(line)
      return { id: record.id, timeUs: record.venue_time_us ?? record.recv_time_us }
    })

/** The times are named one by one: between the first and the last, where one is old, there may be all of the table. */
function questionOf(table: string, rows: readonly Row[]): string {
  const times = [...new Set(rows.map(({ timeUs }) => literalOf(timeUs)))]
  const ids = rows.map(({ id }) => literal(id))
  return `SELECT uniqExact(id) FROM ${table} WHERE time_us IN (${times.join(', ')}) AND id IN (${ids.join(', ')})`
}

/** As the columns, which are in UTC, read it: `2023-11-14 22:13:20.000001`. */
function literalOf(timeUs: EpochMicros): string {
  const seconds = timeText(timeUs).slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replace('T', ' ')
  return literal(`${seconds}.${String(timeUs % 1_000_000).padStart(6, '0')}`)
}
