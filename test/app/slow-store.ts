import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { RECORDS } from '../../src/core/record.ts'
import { columnsOf } from '../../src/sinks/clickhouse/columns.ts'
import { MIGRATIONS } from '../../src/sinks/clickhouse/migrations.ts'

type Rows = readonly (readonly string[])[]

/** Answers to the questions about tables that the sink asks when it opens: all there, and as they should be. */
const TABLES: readonly (readonly [asked: RegExp, rows: Rows])[] = [
  [/FROM system\.databases/, [['marketprism']]],
  [/SELECT name FROM system\.tables/, [['migrations']]],
  [/SELECT max\(version\)/, [[String(MIGRATIONS.at(-1)?.version)]]],
  [
    /FROM system\.columns/,
    RECORDS.flatMap((record) => columnsOf(record).map(({ name, type }) => [record.type, name, type])),
  ],
]

/** A server that speaks as much of ClickHouse's HTTP as the sink needs, and takes its time for each insert. */
export class SlowStore implements AsyncDisposable {
  /** Before each insert is answered. */
  delayMs: number
  /** Lines that it was given. */
  records = 0
  inserts = 0
  readonly #server: Server
  readonly #timers = new Set<NodeJS.Timeout>()

  private constructor(server: Server, delayMs: number) {
    this.#server = server
    this.delayMs = delayMs
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  static async start(delayMs: number): Promise<SlowStore> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SlowStore(server, delayMs)
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (body === undefined) return
    const statement = new URL(request.url ?? '/', 'http://store').searchParams.get('query')
    if (statement === null) {
      const [, rows = []] = TABLES.find(([asked]) => asked.test(body)) ?? []
      response.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.inserts++
      this.records += body.split('\n').filter((line) => line !== '').length
      response.end()
    }, this.delayMs)
    this.#timers.add(timer)
  }
}

/** `undefined` where the client left before its end. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) parts.push(part)
  } catch {
    return undefined
  }
  return Buffer.concat(parts).toString('utf8')
}
