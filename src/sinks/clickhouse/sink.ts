import { FailureError } from '../../core/errors.ts'
import { RECORD_TYPES, RECORDS, type RecordType } from '../../core/record.ts'
import type { Random } from '../../runtime/runtime.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../sink.ts'
import { ClickHouseServer, type Outside, type ServerOptions } from './client.ts'
import { hasOptionalList } from './columns.ts'
import { rowIn } from './failures.ts'
import { bytesOf, type Part, partOf, type Range, splitAt } from './parts.ts'
import { Schema, type SchemaOptions } from './schema.ts'
import { areStored } from './stored.ts'

export interface ClickHouseOptions extends ServerOptions, SchemaOptions {
  /** Types of records that go there. */
  readonly types: readonly RecordType[]
  readonly batching: Omit<Batching, 'isFixed'>
}

/**
 * Bad records that are looked for in one batch. Each costs some inserts and leaves small parts behind; where there are more, the
 * tables do not fit the records, and a person must look.
 */
const REJECTED_LIMIT = 100

/** As the records are, and nothing guessed: a profile of the user may say otherwise. */
const READ_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  // Integers are µs then, as the columns count.
  date_time_input_format: 'basic',
  // Levels are pairs, `["price","size"]`, no objects.
  input_format_json_named_tuples_as_objects: 0,
  input_format_json_read_numbers_as_strings: 0,
  input_format_json_read_bools_as_strings: 0,
  input_format_json_read_arrays_as_strings: 0,
  input_format_json_read_objects_as_strings: 0,
  input_format_null_as_default: 0,
  input_format_skip_unknown_fields: 0,
  input_format_allow_errors_num: '0',
  input_format_allow_errors_ratio: 0,
  // A batch of what comes seldom may reach over more days than the limit of partitions.
  throw_on_max_partitions_per_insert_block: 0,
  // Its default of 10 MiB is more than a batch: one core would read it all.
  min_chunk_bytes_for_parallel_parsing: '1048576',
} as const

/** Types whose rows are refused when a key is absent. */
const WHOLE_TYPES: ReadonlySet<RecordType> = new Set(
  RECORDS.filter((record) => !hasOptionalList(record)).map(({ type }) => type),
)

/**
 * Records as rows of ClickHouse, one table a type, one insert a type and batch. The token of the batch goes along, so that an insert
 * whose answer was lost changes nothing when it comes again.
 *
 * The engine notes a token before it puts the rows in their place. One that ends between takes what comes again for a repeat of rows
 * that it does not have. So an insert that may have been cut off is looked for in the table when it comes again, and stored under
 * another token where it is not there.
 */
export class ClickHouseSink implements Sink {
  readonly name = 'clickhouse'
  readonly batching: Batching
  readonly #types: readonly RecordType[]
  readonly #server: ClickHouseServer
  readonly #schema: Schema
  readonly #random: Random
  #isReady = false
  /** The batch may have been given before: here, or to the process before this one. */
  #isRepeat = true

  constructor(options: ClickHouseOptions, outside: Outside & { readonly random: Random }) {
    this.batching = { ...options.batching, isFixed: true }
    this.#types = options.types
    this.#server = new ClickHouseServer(options, outside)
    this.#schema = new Schema(this.#server, options)
    this.#random = outside.random
  }

  takes(type: RecordType): boolean {
    return this.#types.includes(type)
  }

  async open(): Promise<void> {
    await this.#schema.prepare()
    this.#isReady = true
  }

  async write(batch: RecordBatch): Promise<readonly Rejected[]> {
    if (!this.#isReady) await this.open()
    const rejected: Rejected[] = []
    try {
      for (const type of this.#types) {
        // oxlint-disable-next-line no-await-in-loop -- one copy of lines at a time
        await this.#store(batch, type, rejected)
      }
      this.#isRepeat = false
    } catch (cause) {
      this.#isRepeat = true
      // Tables that are gone are made again by the next try, and others are told by their columns.
      if (cause instanceof FailureError && cause.code === 'mismatch') this.#isReady = false
      throw cause
    }
    return rejected
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  /** Stores the lines of one type, and adds those that are refused to `rejected`. */
  async #store(batch: RecordBatch, type: RecordType, rejected: Rejected[]): Promise<void> {
    const part = partOf(batch, RECORD_TYPES.indexOf(type))
    const token = `${batch.token}:${type}`
    const waiting: Range[] = part.count === 0 ? [] : [{ from: 0, to: part.count }]
    for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
      // oxlint-disable-next-line no-await-in-loop -- what comes next depends on the answer
      const refusal = await this.#insert(type, part, range, token)
      if (refusal === undefined) continue
      if (range.to - range.from > 1) {
        waiting.push(...splitAt(range, rowIn(refusal.message)).toReversed())
      } else {
        addRejected(rejected, part.lines[range.from] ?? 0, refusal)
      }
    }
  }

  /** Answers why, where the engine refused a row of the range: none of its rows is stored then. */
  async #insert(
    type: RecordType,
    part: Part,
    range: Range,
    token: string,
  ): Promise<FailureError | undefined> {
    const table = this.#schema.tableOf(type)
    const bytes = bytesOf(part, range)
    const settings = {
      ...READ_SETTINGS,
      input_format_force_null_for_omitted_fields: WHOLE_TYPES.has(type) ? 1 : 0,
      insert_deduplication_token: tokenOf(part, range, token),
    } as const
    const refusal = await refusalOf(this.#server.insert({ table, bytes, settings }))
    if (refusal !== undefined || !this.#isRepeat) return refusal
    if (await areStored(this.#server, table, part, range)) return undefined
    // The engine looks for repeats whatever `insert_deduplicate` says (26.7), so this is under a token that it cannot know.
    const fresh = { ...settings, insert_deduplication_token: `${token}:${this.#random.next()}` }
    return refusalOf(this.#server.insert({ table, bytes, settings: fresh }))
  }
}

/** Why a row of an insert was refused; `undefined`: all are stored. Rejects with every other failure. */
async function refusalOf(insert: Promise<void>): Promise<FailureError | undefined> {
  try {
    await insert
    return undefined
  } catch (cause) {
    if (cause instanceof FailureError && cause.code === 'bad_record') return cause
    throw cause
  }
}

/** Some lines of a part are known by which lines of the batch they are. */
const tokenOf = (part: Part, { from, to }: Range, token: string): string =>
  from === 0 && to === part.count ? token : `${token}:${part.lines[from]}-${part.lines[to - 1]}`

function addRejected(rejected: Rejected[], line: number, refusal: FailureError): void {
  if (rejected.length === REJECTED_LIMIT) {
    throw new FailureError(
      'mismatch',
      `More than ${REJECTED_LIMIT} records of a batch were refused, the last: ${refusal.message}`,
      { retryable: false, cause: refusal },
    )
  }
  rejected.push({ line, code: refusal.code, reason: refusal.message })
}
