import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client'
import { FailureError } from '../../core/errors.ts'
import { errorCodeOf, networkFailure } from '../../runtime/failure-of.ts'
import type { Timers } from '../../runtime/runtime.ts'
import { engineFailure } from './failures.ts'

/** One request at a time, and one that was cut off may still be ending. */
const SOCKET_LIMIT = 2
/** The client's own deadline is a silence of the socket; ours ends the request before. */
const SILENCE_MARGIN_MS = 5_000
/** Beyond the first level bytes shrink little, and time grows. */
const COMPRESSION_LEVEL = 1

type ExecParams = Parameters<ClickHouseClient['exec']>[0]
/** A stream of Node, which is what the client sends as it is: `(bytes) => Readable.from([bytes])`. */
export type RequestBody = Extract<ExecParams, { values: unknown }>['values']

/** How inserts are packed on the way. */
export const COMPRESSIONS = ['none', 'zstd', 'gzip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

export interface ServerOptions {
  /** `http://` or `https://`, host and port, no path. */
  readonly url: string
  readonly user: string
  /** Read at the first request, and again after a login that was refused: it may be exchanged. Empty: none. May throw `FailureError`. */
  readonly readPassword: () => string
  readonly compression: Compression
  /** For a whole request with its answer. */
  readonly requestMs: number
}

export interface Outside {
  readonly timers: Timers
  readonly bodyOf: (bytes: Uint8Array) => RequestBody
}

export interface Insert {
  /** Quoted and with its database. */
  readonly table: string
  /** Lines of JSON. */
  readonly bytes: Uint8Array
  readonly settings: ClickHouseSettings
}

/** Requests to one ClickHouse server over HTTP. Every failure is a `FailureError`. */
export class ClickHouseServer {
  readonly #options: ServerOptions
  #client: ClickHouseClient | undefined
  readonly #outside: Outside
  readonly #underWay = new Set<AbortController>()
  #isClosed = false

  constructor(options: ServerOptions, outside: Outside) {
    this.#options = options
    this.#outside = outside
  }

  /** Rows of a query, every cell as text. */
  rows(sql: string): Promise<readonly (readonly string[])[]> {
    return this.#request(async (client, signal) => {
      const result = await client.query({
        query: sql,
        format: 'JSONCompactStringsEachRow',
        abort_signal: signal,
      })
      const rows: readonly unknown[] = await result.json()
      return rows.map(textsOf)
    })
  }

  /** A statement without rows: DDL. */
  async command(sql: string): Promise<void> {
    await this.#request((client, signal) => client.command({ query: sql, abort_signal: signal }))
  }

  /** Resolves when the server has said that it stored the rows. */
  async insert(insert: Insert): Promise<void> {
    await this.#request(async (client, signal) => {
      const { stream } = await client.exec({
        query: `INSERT INTO ${insert.table} FORMAT JSONEachRow`,
        values: this.#outside.bodyOf(insert.bytes),
        // The answer comes when the insert is over, so its status is the outcome.
        clickhouse_settings: { ...insert.settings, wait_end_of_query: 1 },
        abort_signal: signal,
      })
      // The socket is not free again before the answer has been read.
      await stream.toArray()
    })
  }

  /** What is under way rejects; sockets are gone when it resolves. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const request of this.#underWay) request.abort(closedFailure())
    await this.#client?.close()
  }

  async #request<Answer>(
    run: (client: ClickHouseClient, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#isClosed) throw closedFailure()
    const controller = new AbortController()
    const { signal } = controller
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    const client = (this.#client ??= clientOf(this.#options))
    const { requestMs } = this.#options
    const timer = this.#outside.timers.after(requestMs, () => controller.abort(timeoutFailure(requestMs)))
    this.#underWay.add(controller)
    try {
      // The client stops to listen to `signal` once the head of the answer has come.
      return await Promise.race([run(client, signal), aborted])
    } catch (cause) {
      const failure = failureOf(cause)
      if (failure instanceof FailureError && failure.code === 'unauthorized') await this.#forget(client)
      throw failure
    } finally {
      timer.cancel()
      this.#underWay.delete(controller)
    }
  }

  /** The next request makes another client, which reads the password anew. */
  async #forget(client: ClickHouseClient): Promise<void> {
    if (this.#client === client) this.#client = undefined
    await client.close()
  }
}

function clientOf({ url, user, readPassword, requestMs, compression }: ServerOptions): ClickHouseClient {
  return createClient({
    url,
    username: user,
    password: readPassword(),
    application: 'marketprism',
    request_timeout: requestMs + SILENCE_MARGIN_MS,
    max_open_connections: SOCKET_LIMIT,
    ...(compression !== 'none' && {
      compression: { request: { codec: compression, level: COMPRESSION_LEVEL } },
    }),
    // Failures are told by whoever asked; the client would write to the console.
    log: { level: ClickHouseLogLevel.OFF },
  })
}

const closedFailure = (): FailureError =>
  new FailureError('unreachable', 'The sink was closed', { retryable: true })

const timeoutFailure = (requestMs: number): FailureError =>
  new FailureError('timeout', `No answer of ClickHouse within ${requestMs} ms`, { retryable: true })

/** An error of the client. One of the network has a code of Node; one without any is the text of an answer that is not ClickHouse's. */
function failureOf(cause: unknown): unknown {
  if (cause instanceof FailureError) return cause
  if (cause instanceof ClickHouseError) return engineFailure(Number(cause.code), cause.message, cause)
  if (!(cause instanceof Error)) return cause
  if (errorCodeOf(cause) !== undefined) return networkFailure(cause)
  return new FailureError('bad_answer', `No answer of ClickHouse: ${cause.message.slice(0, 200)}`, {
    retryable: true,
    cause,
  })
}

function textsOf(row: unknown): readonly string[] {
  if (Array.isArray(row) && row.every((cell) => typeof cell === 'string')) return row
  throw new FailureError('bad_answer', 'ClickHouse answered a row that is no list of texts', {
    retryable: true,
  })
}
