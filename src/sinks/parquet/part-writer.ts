import { FailureError } from '../../core/errors.ts'
import type { RecordType } from '../../core/record.ts'
import type { AppendFile, Files, ReadFile } from '../../runtime/runtime.ts'
import type { RejectedLine } from '../sink.ts'
import { columnOf, definitionOf, isRequired, jsonSource, storedColumns, storedFields } from './columns.ts'
import type { Database } from './duckdb.ts'
import { checkLine } from './line-check.ts'
import { pathList, quoted } from './sql.ts'

/**
 * How files are written: docs/decisions/0005-parquet-layout.md. Version 2 of the format brings the delta encodings of integers,
 * times and texts that grow; a higher level of zstd gains 5 % for twice the time.
 */
const WRITE_OPTIONS = 'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, PARQUET_VERSION V2'
/** Within a file the records of an instrument are together, in their order. */
const ORDER = 'symbol, market_type, recv_time_us, seq'
const READ_BYTES = 1024 * 1024
const NEWLINE = 10

/** Lines of one type that become one file. */
export interface Lines {
  readonly type: RecordType
  /** Path of their file. */
  readonly lines: string
  readonly records: number
}

/**
 * Writes the records of `lines` to the Parquet file `path` and answers their number. Rejects with `bad_record` where any of them is
 * not what its definition says, and with `corrupt` where the file does not hold as many rows as there were lines.
 */
export async function writeParquet(
  database: Database,
  { type, lines, records }: Lines,
  path: string,
): Promise<number> {
  const definition = definitionOf(type)
  const rows = `SELECT ${storedColumns(definition, 'fail')} FROM ${jsonSource(definition, [lines], 'fail')} ORDER BY ${ORDER}`
  await database.run(`COPY (${rows}) TO ${quoted(path)} (${WRITE_OPTIONS})`)
  // The JSON reader lets a missing key be NULL; the footer of the file knows how many there are.
  const required = storedFields(definition)
    .filter((field) => isRequired(field) && field.kind !== 'levels' && field.kind !== 'texts')
    .map((field) => quoted(columnOf(field)))
  const file = pathList([path])
  const [facts] = await database.all(
    `SELECT (SELECT count(*) FROM read_parquet(${file})), (SELECT coalesce(sum(stats_null_count), 0) ` +
      `FROM parquet_metadata(${file}) WHERE path_in_schema IN (${required.join(', ')}))`,
  )
  const [count, missing] = (facts ?? []).map(Number)
  if (missing !== 0)
    throw new FailureError('bad_record', `${missing} values are missing`, { retryable: false })
  if (count !== records) {
    throw new FailureError('corrupt', `${path}: ${count} rows of ${records} records`, { retryable: false })
  }
  return count
}

/** Where lines are read from, and where the good ones go. */
interface Sieve {
  readonly type: RecordType
  readonly lines: string
  readonly good: string
}

/** Holds every line against the definition of its type, and writes those that are as they should be to a file of their own. */
export function keepGoodLines(
  files: Files,
  { type, lines, good }: Sieve,
): { readonly records: number; readonly rejected: readonly RejectedLine[] } {
  const source = files.openRead(lines)
  if (source === undefined) throw new FailureError('disk', `${lines}: is gone`, { retryable: true })
  try {
    const target = files.openAppend(good)
    try {
      return sieve(source, target, type)
    } finally {
      target.close()
    }
  } finally {
    source.close()
  }
}

function sieve(
  source: ReadFile,
  target: AppendFile,
  type: RecordType,
): { readonly records: number; readonly rejected: readonly RejectedLine[] } {
  const definition = definitionOf(type)
  const rejected: RejectedLine[] = []
  let records = 0
  for (const line of linesOf(source)) {
    const check = checkLine(line, definition)
    if (check.name === 'good') {
      target.append(check.line)
      records++
    } else rejected.push({ bytes: line.slice(), code: 'bad_record', reason: check.reason })
  }
  return { records, rejected }
}

/** The lines of a file, newline included; each is good until the next is taken. */
function* linesOf(file: ReadFile): Generator<Uint8Array> {
  let buffer = new Uint8Array(READ_BYTES)
  let at = 0
  for (;;) {
    const taken = file.read(buffer, at)
    if (taken === 0) return
    const isLast = taken < buffer.length
    let start = 0
    for (let end = endOfLine(buffer, start, taken); end !== -1; end = endOfLine(buffer, start, taken)) {
      yield buffer.subarray(start, end)
      start = end
    }
    if (isLast && start < taken) yield buffer.subarray(start, taken)
    if (isLast) return
    // Not a single whole line: it is longer than the buffer.
    if (start === 0) buffer = new Uint8Array(buffer.length * 2)
    at += start
  }
}

/** Where the line that begins at `start` ends, its newline included; -1 where it goes on beyond `taken`. */
function endOfLine(buffer: Uint8Array, start: number, taken: number): number {
  const newline = buffer.indexOf(NEWLINE, start)
  return newline === -1 || newline >= taken ? -1 : newline + 1
}
