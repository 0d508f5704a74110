/**
 * A ClickHouse for tests. The engine is the real one: the package `chdb` holds ClickHouse's own parser, types, tables, parts and
 * deduplication in this process. The HTTP front before it is ours and knows only what the sink asks for: `/ping`, statements,
 * `INSERT … FORMAT JSONEachRow`, settings in the URL, basic authentication, gzip and zstd bodies, error codes in the header.
 *
 * Started with `fork`, arguments: data folder, port, user, password. Sends `{ ready: port }`. Takes
 * `{ fault: { kind, times, … } }` for the next inserts, answered by `{ armed: kind }`:
 *
 * - `lose_answer`: executes, then cuts the connection
 * - `lose_request`: cuts the connection without executing
 * - `slow`: executes after `delayMs`
 * - `error`: answers `status` and `code`, without executing
 */
import { rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { Session } from 'chdb'

/** Of the interface itself, no settings of the engine. */
const INTERFACE_KEYS = new Set([
  'query',
  'database',
  'query_id',
  'session_id',
  'role',
  'default_format',
  'enable_http_compression',
  'wait_end_of_query',
])
const INSERT = /^\s*INSERT\s+INTO\s+(\S+)\s+FORMAT\s+JSONEachRow\s*$/i
const FORMAT = /\sFORMAT\s+(\w+)\s*;?\s*$/i

const [folder, port, user = 'default', password = ''] = process.argv.slice(2)
const session = new Session(folder)
/** One statement at a time: `SET` concerns the whole session. */
let last = Promise.resolve()
let fault

const unpack = { gzip: gunzipSync, zstd: zstdDecompressSync }

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return unpack[request.headers['content-encoding']]?.(body) ?? body
}

function settingsOf(url) {
  const settings = {}
  for (const [key, value] of url.searchParams) {
    if (!INTERFACE_KEYS.has(key)) settings[key] = /^-?\d+$/.test(value) ? Number(value) : value
  }
  return settings
}

async function runStatement(sql, settings) {
  const format = FORMAT.exec(sql)
  const plain = format === null ? sql : sql.slice(0, format.index)
  const names = Object.keys(settings)
  for (const name of names) await session.queryAsync(`SET ${name} = ${literal(settings[name])}`)
  try {
    const result = await session.queryAsync(plain, { format: format?.[1] ?? 'TabSeparated' })
    return Buffer.from(result.bytes())
  } finally {
    for (const name of names) await session.queryAsync(`SET ${name} = DEFAULT`)
  }
}

const literal = (value) =>
  typeof value === 'number' ? String(value) : `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`

async function run(url, body) {
  const query = url.searchParams.get('query') ?? ''
  const settings = settingsOf(url)
  const insert = INSERT.exec(query)
  if (insert === null) return runStatement(`${query}${body.toString()}`, settings)
  await runInsert(insert[1], body, settings)
  return Buffer.alloc(0)
}

/**
 * The rows go by a file. Behind the statement, as the package's own `insert` sends them, the engine would read all of them as words of
 * SQL before it reads them as JSON, for a third of all the time of an insert; a server that gets them as the body of a request does not.
 */
async function runInsert(table, rows, settings) {
  const path = join(folder, 'rows.ndjson')
  const changes = Object.entries(settings).map(([name, value]) => `${name} = ${literal(value)}`)
  const clause = changes.length > 0 ? `SETTINGS ${changes.join(', ')}` : ''
  await writeFile(path, rows)
  try {
    await session.queryAsync(`INSERT INTO ${table} FROM INFILE ${literal(path)} ${clause} FORMAT JSONEachRow`)
  } finally {
    await rm(path)
  }
}

/** The fault that is due for this request, if one is. */
function takeFault(url) {
  if (fault === undefined || !INSERT.test(url.searchParams.get('query') ?? '')) return undefined
  const due = fault
  fault = due.times > 1 ? { ...due, times: due.times - 1 } : undefined
  return due
}

const isAllowed = (request) =>
  request.headers.authorization === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function refuse(response, status, code, text) {
  response.writeHead(status, { 'x-clickhouse-exception-code': code })
  response.end(text)
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost')
  if (url.pathname === '/ping') return response.end('Ok.\n')
  const body = await bodyOf(request)
  if (!isAllowed(request)) {
    const text = `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)`
    return refuse(response, 403, 516, text)
  }
  const due = takeFault(url)
  if (due?.kind === 'lose_request') return request.socket.destroy()
  if (due?.kind === 'error') {
    return refuse(response, due.status, due.code, `Code: ${due.code}. DB::Exception: asked for. (ASKED_FOR)`)
  }
  if (due?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, due.delayMs))
  const job = last.then(() => run(url, body))
  last = job.catch(() => undefined)
  const result = await job
  if (due?.kind === 'lose_answer') return request.socket.destroy()
  return response.end(result)
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    const code = /Code: (\d+)/.exec(error.message)?.[1] ?? '1000'
    refuse(response, code === '60' || code === '81' ? 404 : 500, code, error.message)
  })
})
server.listen(Number(port), '127.0.0.1', () => process.send({ ready: server.address().port }))

process.on('message', (message) => {
  fault = message.fault
  process.send({ armed: fault.kind })
})
// The test has gone: so does the engine.
process.on('disconnect', () => process.exit(0))
