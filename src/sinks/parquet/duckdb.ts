import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  type DuckDBResult,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api'
import { FailureError } from '../../core/errors.ts'
import { epochMicros } from '../../core/units.ts'
import { timeText } from '../../runtime/time-text.ts'

export interface DatabaseOptions {
  readonly memoryMb: number
  readonly threads: number
  /** Where what does not fit into memory goes. */
  readonly spillFolder: string
}

/** A value of a result. Decimals are exact text without trailing zeros, times ISO 8601 in UTC with µs. */
export type Value =
  null | boolean | number | bigint | string | readonly Value[] | { readonly [key: string]: Value }

export interface ResultColumn {
  readonly name: string
  /** Numbers are aligned right; decimals among them are text as `Value`. */
  readonly isNumber: boolean
}

/** A result that is read as it is computed: no more of it is held than one batch. */
export interface Rows {
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly (readonly Value[])[]>
}

/** What a text of SQL is: one statement that only reads, or why it is refused. */
export type StatementCheck =
  { readonly name: 'reads' } | { readonly name: 'refused'; readonly reason: string }

/**
 * A database in memory, without network and without extensions from elsewhere. Whatever it does not do is a `FailureError`: `disk`,
 * `too_large` (out of memory), `bad_record` (a value is not of its type), `refused` (it does not understand the statement).
 */
export class Database {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open({ memoryMb, threads, spillFolder }: DatabaseOptions): Promise<Database> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${memoryMb}MB`,
      threads: String(threads),
      temp_directory: spillFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    return Database.#connect(instance)
  }

  /** Another connection: its statements run beside those of this one, in the same memory. Each is to be closed, in any order. */
  beside(): Promise<Database> {
    return Database.#connect(this.#instance)
  }

  static async #connect(instance: DuckDBInstance): Promise<Database> {
    const database = new Database(instance, await instance.connect())
    await database.run("SET TimeZone = 'UTC'")
    return database
  }

  /** Runs a statement for what it does. */
  async run(sql: string): Promise<void> {
    await guarded(this.#connection.run(sql))
  }

  /** The rows of a small result. */
  async all(sql: string): Promise<readonly (readonly Value[])[]> {
    const rows: (readonly Value[])[] = []
    for await (const batch of (await this.stream(sql)).batches) rows.push(...batch)
    return rows
  }

  async stream(sql: string): Promise<Rows> {
    const result = await guarded(this.#connection.stream(sql))
    const types = result.columnTypes()
    const columns = result
      .deduplicatedColumnNames()
      .map((name, at) => ({ name, isNumber: isNumber(types[at]) }))
    return { columns, batches: batchesOf(result) }
  }

  /** Rejects with `refused` where the text is no SQL, or names what does not exist. */
  async check(sql: string): Promise<StatementCheck> {
    // Extracting no statement at all fails inside of DuckDB without telling why.
    if (isBlank(sql)) return { name: 'refused', reason: 'no statement' }
    const statements = await guarded(this.#connection.extractStatements(sql))
    if (statements.count !== 1) {
      return { name: 'refused', reason: `one statement at a time, not ${statements.count}` }
    }
    const statement = await guarded(statements.prepare(0))
    try {
      if (statement.statementType !== StatementType.SELECT) {
        return { name: 'refused', reason: 'only statements that read, such as SELECT, are allowed' }
      }
      if (statement.parameterCount > 0) return { name: 'refused', reason: 'a parameter without a value' }
      return { name: 'reads' }
    } finally {
      statement.destroySync()
    }
  }

  /** Ends the statement that runs: whoever waits for it gets `refused`. */
  interrupt(): void {
    this.#connection.interrupt()
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

const isBlank = (sql: string): boolean =>
  sql
    .replaceAll(/--[^\n]*|\/\*[^]*?\*\//g, '')
    .replaceAll(';', '')
    .trim() === ''

async function* batchesOf(result: DuckDBResult): AsyncGenerator<readonly (readonly Value[])[]> {
  for (;;) {
    // Each batch is computed when it is asked for.
    // oxlint-disable-next-line no-await-in-loop -- see above
    const chunk = await guarded(result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) return
    yield chunk.getRows().map((row) => row.map(plainValue))
  }
}

const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
])

const isNumber = (type: DuckDBType | undefined): boolean => type !== undefined && NUMBERS.has(type.typeId)

function plainValue(value: DuckDBValue): Value {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof DuckDBDecimalValue) return withoutZeros(value.toString())
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue)
    return timestamp(value.micros)
  if (value instanceof DuckDBDateValue) return value.toString()
  if (value instanceof DuckDBListValue) return value.items.map(plainValue)
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, inner]) => [key, plainValue(inner)]))
  }
  return value.toString()
}

/** `2.500` is `2.5`, `10.0` is `10`, `10` stays. */
const withoutZeros = (decimal: string): string =>
  decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal

const MICROS_PER_SECOND = 1_000_000n

/** `2026-11-25T19:15:30.123456Z`; what no calendar reaches stays a number. */
function timestamp(micros: bigint): string {
  const fraction = ((micros % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND
  const whole = Number(micros - fraction)
  if (!Number.isSafeInteger(whole)) return String(micros)
  return timeText(epochMicros(whole)).replace('.000Z', `.${String(fraction).padStart(6, '0')}Z`)
}

/** Beginnings of the messages of DuckDB that tell of values which are not what they should be. */
const BAD_VALUE = /^(Invalid Input|Conversion|Out of Range|Invalid) Error/
const NO_ROOM = /No space left|disk quota|not enough disk space|max_temp_directory_size/i
/** A file that went away between naming and reading it. */
const GONE = /No files found|No such file|Too many open files/

async function guarded<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (cause) {
    // The binding throws plain errors: their text is all there is.
    if (cause instanceof Error) throw failureOf(cause)
    throw cause
  }
}

function failureOf(cause: Error): FailureError {
  const message = cause.message.replace(/^Failed to [a-z]+ statements?: /, '')
  if (NO_ROOM.test(message)) return new FailureError('disk', message, { retryable: true, cause })
  if (message.startsWith('IO Error')) {
    return new FailureError('disk', message, { retryable: GONE.test(message), cause })
  }
  if (message.startsWith('Out of Memory')) {
    return new FailureError('too_large', message, { retryable: false, cause })
  }
  if (BAD_VALUE.test(message)) return new FailureError('bad_record', message, { retryable: false, cause })
  return new FailureError('refused', message, { retryable: false, cause })
}
