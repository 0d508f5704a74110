import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { PATHS, routes } from '../../src/http/routes.ts'
import { type HttpServer, openHttpServer } from '../../src/runtime/http-server.ts'
import { type RawClient, rawClient } from '../runtime/raw-client.ts'
import { sourcesOf } from './sources.ts'

/** As large as that of a whole instance. */
const METRICS = Buffer.alloc(137_000, '# a line of metrics\n')
/** Sixteen of them are more than the buffers of the system hold for one connection. */
const LARGE = Buffer.alloc(1_000_000, '# a line of metrics\n')
const PIPELINED = 16

const SCRAPERS = 50
/** Each scraper once in a round, spread over it. */
const ROUND_MS = 500
/** Limits for headers (3 s) and for writing (5 s), and half a second until they are looked at. */
const FREE_LIMIT_MS = 5_500
/** Until the system's buffers for clients that read nothing are full, on a busy machine. */
const FILL_LIMIT_MS = 2_000
const SCRAPE_LIMIT_MS = 100

test('200 slow clients keep no scraper waiting, and are rid of within 5 s', async (context) => {
  const server = await openServer(context)
  const [port = 0] = server.ports
  const before = await scrape(server, 4)
  const startMs = performance.now()
  const [silent, dripping, reading] = await Promise.all([
    slow(context, { count: 95, port, torment: () => undefined }),
    slow(context, { count: 95, port, torment: drip }),
    slow(context, { count: 10, port, torment: askAndNotRead }),
  ])
  const requestsFreedMs = Promise.all([...silent, ...dripping].map((client) => client.ended())).then(
    () => performance.now() - startMs,
  )
  const readersFreedMs = readersEnded(server, reading.length).then(() => performance.now() - startMs)
  const besieged = await scrape(server, 12)
  const freedMs = { requests: await requestsFreedMs, readers: await readersFreedMs }

  const alone = [...before, ...(await scrape(server, 4))]

  context.diagnostic(`scrapes, nobody else there: ${figuresOf(alone)}`)
  context.diagnostic(`scrapes, 200 slow clients there: ${figuresOf(besieged)}`)
  context.diagnostic(
    `slow requests ended ${freedMs.requests.toFixed()} ms, slow readers ${freedMs.readers.toFixed()} ms after the start`,
  )
  assert.ok(freedMs.requests < FREE_LIMIT_MS, `${freedMs.requests} ms`)
  assert.ok(freedMs.readers < FREE_LIMIT_MS + FILL_LIMIT_MS, `${freedMs.readers} ms`)
  const { rejectedBy } = server.counts()
  assert.equal(rejectedBy.slow_request, silent.length + dripping.length)
  assert.equal(rejectedBy.address_limit + rejectedBy.connection_limit, 0)
  // A machine that needs longer than that for scrapes alone is busy with something else.
  const limitMs = Math.max(SCRAPE_LIMIT_MS, 5 * percentile(alone, 0.99))
  assert.ok(percentile(besieged, 0.99) < limitMs, `${figuresOf(besieged)}, limit ${limitMs} ms`)
})

test('more slow clients than one address may have keep no scraper of that address waiting', async (context) => {
  const server = await openServer(context)
  const [port = 0] = server.ports
  await slow(context, { count: 300, port, torment: drip })
  const latenciesMs = await scrape(server, 1)
  assert.equal(latenciesMs.length, SCRAPERS)
  assert.ok(server.counts().rejectedBy.address_limit >= 300 + 1 - 256)
})

async function openServer(context: TestContext): Promise<HttpServer> {
  const answer = routes(sourcesOf({ metrics: (format) => (format === 'text' ? METRICS : LARGE) }))
  const faults: unknown[] = []
  const server = await openHttpServer({
    host: '127.0.0.1',
    ports: [0, 0],
    paths: PATHS,
    answer,
    onFault: (fault) => faults.push(fault),
  })
  context.after(async () => {
    await server.close()
    assert.deepEqual(faults, [])
  })
  return server
}

interface SlowClients {
  readonly count: number
  readonly port: number
  readonly torment: (client: RawClient) => void
}

function slow(context: TestContext, { count, port, torment }: SlowClients): Promise<RawClient[]> {
  const one = async (): Promise<RawClient> => {
    const client = await rawClient(port)
    context.after(() => {
      client.socket.destroy()
    })
    torment(client)
    return client
  }
  return Promise.all(Array.from({ length: count }, one))
}

/** One header after the other, without an end. */
function drip(client: RawClient): void {
  client.send('GET /metrics HTTP/1.1\r\nHost: x\r\n')
  const timer = setInterval(() => client.send('X: y\r\n'), 200)
  client.socket.once('close', () => {
    clearInterval(timer)
  })
}

function askAndNotRead(client: RawClient): void {
  client.socket.pause()
  const asked = 'GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n'
  client.send(asked.repeat(PIPELINED))
}

/** Until so many slow readers were ended. Throws when they are not by long after the limit. */
async function readersEnded(server: HttpServer, count: number): Promise<void> {
  const endMs = performance.now() + 2 * (FREE_LIMIT_MS + FILL_LIMIT_MS)
  while (server.counts().rejectedBy.slow_reader < count) {
    assert.ok(
      performance.now() < endMs,
      `${server.counts().rejectedBy.slow_reader} of ${count} slow readers ended`,
    )
    await wait(20)
  }
}

/** Latencies of all scrapers over so many rounds, ms. Throws when one is not answered as it should. */
async function scrape(server: HttpServer, rounds: number): Promise<readonly number[]> {
  const scraper = async (_: unknown, index: number): Promise<number[]> => {
    await wait((ROUND_MS / SCRAPERS) * index)
    const latenciesMs: number[] = []
    for (let round = 0; round < rounds; round++) {
      latenciesMs.push(await scrapeOnce(server.ports[index % 2] ?? 0))
      await wait(ROUND_MS)
    }
    return latenciesMs
  }
  return (await Promise.all(Array.from({ length: SCRAPERS }, scraper))).flat()
}

/** Until the whole answer is there, over a connection of its own. */
async function scrapeOnce(port: number): Promise<number> {
  const startMs = performance.now()
  const request = get({ port, host: '127.0.0.1', path: '/metrics', agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.byteLength
  assert.deepEqual([response.statusCode, bytes], [200, METRICS.byteLength])
  return performance.now() - startMs
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

function figuresOf(latenciesMs: readonly number[]): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(latenciesMs, share).toFixed(1))
  return `${latenciesMs.length}, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
}
