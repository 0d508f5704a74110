import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../config/schema.ts'
import { recordPlaces } from '../config/selection.ts'
import { FailureError } from '../core/errors.ts'
import { SystemFiles } from '../runtime/system-files.ts'
import { Database } from '../sinks/parquet/duckdb.ts'
import { viewStatement } from '../sinks/parquet/views.ts'
import { EXIT } from './exit.ts'
import type { Io, TextStream } from './io.ts'
import { type QueryFormat, writeRows } from './query-output.ts'
import { findAllSources } from './query-sources.ts'

export interface QueryRun {
  readonly config: Config
  readonly sql: string
  readonly format: QueryFormat
  readonly memoryMb: number
}

/** Where the records are, and how much memory a statement over them may take. */
export type RecordsPlace = Pick<QueryRun, 'config' | 'memoryMb'>

/** Other cores are for the collector that may run beside it. */
const THREADS_LIMIT = 4
/** So often the files are looked for again, because one was removed between being found and being read. */
const TRIES = 5
/** Table lines that go into a pipe or a file may be so long. */
const PIPE_COLUMNS = 400

const PRODUCT_HINT =
  'Prices and sizes are exact decimals, and a product of two of them has no room: write price::DOUBLE * size.'

/**
 * Answers one statement over everything that was recorded, to the last whole batch of the journal. Wrong SQL is told in a few lines,
 * and ends with `usage`.
 */
export async function runQuery(run: QueryRun, io: Io): Promise<number> {
  const output = new WatchedStream(io.stdout)
  const columns = io.isTerminal ? io.columns : PIPE_COLUMNS
  try {
    await withRecords(run, io, {
      answer: async (database) => {
        const check = await database.check(run.sql)
        if (check.name === 'refused') throw new FailureError('refused', check.reason, { retryable: false })
        await writeRows(await database.stream(run.sql), { format: run.format, columns }, output)
      },
      // What has been written cannot be taken back.
      mayRepeat: () => !output.isUsed,
    })
    return EXIT.ok
  } catch (failure) {
    if (!(failure instanceof FailureError) || !isFaultOfStatement(failure)) throw failure
    io.stderr.write(`marketprism query: ${withHint(failure.message)}\n`)
    return EXIT.usage
  }
}

/** A stream that knows whether anything was written to it. */
class WatchedStream implements TextStream {
  readonly #stream: TextStream
  #isUsed = false

  constructor(stream: TextStream) {
    this.#stream = stream
  }

  get isUsed(): boolean {
    return this.#isUsed
  }

  write(text: string): void {
    this.#isUsed = true
    this.#stream.write(text)
  }
}

export interface RecordsWork {
  /** Works with a database that has the views `trades`, `books`, `deltas` and `gaps`. */
  answer(database: Database): Promise<void>
  /** Whether `answer` may be called once more, when a file went away while it was read. */
  mayRepeat(): boolean
}

/** Opens the views over store and journal for the time of `answer`. A signal ends it as if it had come to its end. */
export async function withRecords(place: RecordsPlace, io: Io, work: RecordsWork): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'marketprism-query-'))
  try {
    await answerSometime(place, scratch, { io, work, tries: TRIES })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function answerSometime(
  place: RecordsPlace,
  scratch: string,
  { io, work, tries }: { readonly io: Io; readonly work: RecordsWork; readonly tries: number },
): Promise<void> {
  try {
    await answerOnce(place, scratch, { io, answer: (database) => work.answer(database) })
  } catch (failure) {
    const isGone = failure instanceof FailureError && failure.code === 'disk' && failure.retryable
    if (!isGone || tries === 1 || !work.mayRepeat()) throw failure
    await answerSometime(place, scratch, { io, work, tries: tries - 1 })
  }
}

async function answerOnce(
  { config, memoryMb }: RecordsPlace,
  scratch: string,
  { io, answer }: { readonly io: Io; readonly answer: RecordsWork['answer'] },
): Promise<void> {
  const places = recordPlaces(config).map(({ journal, store }) => ({
    journal: resolve(io.cwd, journal),
    store: resolve(io.cwd, store),
  }))
  const sources = findAllSources(places, scratch, new SystemFiles())
  const threads = Math.min(THREADS_LIMIT, availableParallelism())
  const database = await Database.open({ memoryMb, threads, spillFolder: join(scratch, 'spill') })
  let isStopped = false
  const unsubscribe = io.onSignal(() => {
    isStopped = true
    database.interrupt()
  })
  try {
    await database.run([...sources].map(([type, files]) => viewStatement(type, files)).join('; '))
    await answer(database)
  } catch (failure) {
    // An interrupted statement fails: that is what was asked for.
    if (!isStopped) throw failure
  } finally {
    unsubscribe()
    database.close()
  }
}

/** Whether another statement would succeed where this one failed. */
const isFaultOfStatement = ({ code }: FailureError): boolean => code === 'refused' || code === 'bad_record'

function withHint(message: string): string {
  return message.includes('multiplication of DECIMAL') ? `${message}\n${PRODUCT_HINT}` : message
}
