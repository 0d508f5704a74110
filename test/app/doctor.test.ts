import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { Journal } from '../../src/journal/journal.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { closedPort, http, type Loopback, tcp } from '../runtime/loopback.ts'
import { configOf, diagnose, faultsIn, find, temporaryFolder, told } from './doctor-world.ts'
import { startEmulatedVenues } from './emulated-venues.ts'
import { venueConfig } from './venue-config.ts'

/** A venue that tells its time, `aheadMs` off, and takes every WebSocket as its emulation does. */
const TIMES: Readonly<Record<VenueId, (ms: number) => string>> = {
  'binance-spot': (ms) => `{"serverTime":${ms}}`,
  'binance-derivatives': (ms) => `{"serverTime":${ms}}`,
  'okx-spot': (ms) => `{"code":"0","msg":"","data":[{"ts":"${ms}"}]}`,
  'okx-derivatives': (ms) => `{"code":"0","msg":"","data":[{"ts":"${ms}"}]}`,
  deribit: (ms) => `{"jsonrpc":"2.0","result":${ms},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}`,
}

/** A server that answers requests and handshakes with the same refusal. */
async function refusing(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Loopback<import('node:http').Server>> {
  const answer: RequestListener = (_, response) => response.writeHead(status, { ...headers }).end(body)
  const server = await http(answer)
  server.server.on('upgrade', (_, socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} No\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`)
  })
  return server
}

test('a healthy set-up has no fault, nothing stays of the checks, and each venue is seen', async () => {
  using folder = temporaryFolder()
  mkdirSync(`${folder.path}/journal`)
  const emulated = await startEmulatedVenues()
  try {
    for (const { id, hosts } of emulated.venues) {
      const checks = await diagnose(configOf(id, Number(new URL(hosts.rest).port), { folder: folder.path }))
      assert.deepEqual(faultsIn(checks), [])
      const results = ['name', 'rest', 'stream'].map((part) => find(checks, `venue ${id}`, part))
      for (const check of results) assert.equal(check.result, 'ok', told(check))
      assert.match(find(checks, `venue ${id}`, 'clock').text, /the venue's, give or take/)
      assert.match(find(checks, 'disk', 'journal').text, /a day.*fsync/)
      assert.match(find(checks, 'disk', 'parquet').text, /to be made below/)
    }
    assert.deepEqual(emulated.venues.map(({ id }) => id).toSorted(), VENUE_IDS.toSorted())
  } finally {
    await emulated.stop()
  }
  assert.deepEqual(readdirSync(folder.path, { recursive: true }), ['journal'])
})

test('a port where nobody listens is told as unreachable, by REST and by stream', async () => {
  using folder = temporaryFolder()
  const checks = await diagnose(configOf('okx-spot', await closedPort(), { folder: folder.path }))
  assert.deepEqual(faultsIn(checks), ['venue okx-spot: rest', 'venue okx-spot: stream'])
  assert.match(find(checks, 'venue okx-spot', 'rest').text, /^unreachable: .*ECONNREFUSED/)
  assert.match(find(checks, 'venue okx-spot', 'stream').text, /^unreachable: .*ECONNREFUSED/)
  assert.equal(find(checks, 'venue okx-spot', 'clock').result, 'skipped')
})

test('a name that does not exist is told once, and what needs it is skipped', async () => {
  using folder = temporaryFolder()
  const nowhere = { streamUrl: 'wss://venue.invalid', restUrl: 'https://venue.invalid' }
  const { journal, sinks, http: ports, supervisor } = configOf('deribit', 1, { folder: folder.path })
  const plain = venueConfig('deribit', nowhere, {}, {})
  const checks = await diagnose({ ...plain, journal, sinks, http: ports, supervisor })
  assert.deepEqual(faultsIn(checks), ['venue deribit: name'])
  assert.match(find(checks, 'venue deribit', 'name').text, /^dns: /)
  for (const part of ['rest', 'stream', 'clock'])
    assert.equal(find(checks, 'venue deribit', part).result, 'skipped')
})

for (const [name, venue, [status, headers, body]] of [
  [
    'Binance with 451',
    'binance-spot',
    [451, {}, '{"code":0,"msg":"Service unavailable from a restricted location"}'],
  ],
  ['OKX with a page under 403', 'okx-derivatives', [403, {}, '<html>Forbidden</html>']],
  ['OKX by sending elsewhere', 'okx-spot', [302, { location: 'https://blocked.invalid/' }, '']],
  [
    'Deribit with its own code',
    'deribit',
    [451, {}, '{"jsonrpc":"2.0","error":{"code":12005,"message":"country_is_banned"}}'],
  ],
] as const) {
  test(`a region that is turned away by ${name} is told as that`, async () => {
    using folder = temporaryFolder()
    await using server = await refusing(status, headers, body)
    const checks = await diagnose(configOf(venue, server.port, { folder: folder.path }))
    assert.deepEqual(faultsIn(checks), [`venue ${venue}: rest`, `venue ${venue}: stream`])
    assert.match(find(checks, `venue ${venue}`, 'rest').text, /^geo blocked: /)
    assert.match(find(checks, `venue ${venue}`, 'stream').text, /^geo blocked: /)
  })
}

test('a ban is told with its time, and too many requests are only a warning', async () => {
  using folder = temporaryFolder()
  await using banning = await refusing(418, { 'retry-after': '120' }, '{"code":-1003,"msg":"banned"}')
  const banned = await diagnose(configOf('binance-spot', banning.port, { folder: folder.path }))
  assert.match(told(find(banned, 'venue binance-spot', 'rest')), /^fault: banned: .* for 120\.0 s$/)
  assert.match(told(find(banned, 'venue binance-spot', 'stream')), /^fault: banned: .* for 120\.0 s$/)
  await using limiting = await refusing(429, { 'retry-after': '3' }, '{"code":-1003,"msg":"too many"}')
  const limited = await diagnose(configOf('binance-spot', limiting.port, { folder: folder.path }))
  assert.match(told(find(limited, 'venue binance-spot', 'rest')), /^warning: rate limited: /)
})

test('a login page in the place of a venue is no venue', async () => {
  using folder = temporaryFolder()
  await using server = await refusing(200, { 'content-type': 'text/html' }, '<html>Please log in</html>')
  const checks = await diagnose(configOf('binance-derivatives', server.port, { folder: folder.path }))
  assert.match(told(find(checks, 'venue binance-derivatives', 'rest')), /^fault: bad answer: /)
  assert.equal(find(checks, 'venue binance-derivatives', 'stream').result, 'fault')
})

for (const venue of VENUE_IDS) {
  test(`a clock that is five seconds off is told by ${venue}, with its side`, async () => {
    using folder = temporaryFolder()
    for (const [aheadMs, side] of [
      [5_000, 'behind'],
      [-5_000, 'ahead of'],
    ] as const) {
      await using server = await http((_, response) => response.end(TIMES[venue](Date.now() + aheadMs)))
      const checks = await diagnose(configOf(venue, server.port, { folder: folder.path }))
      assert.match(told(find(checks, `venue ${venue}`, 'clock')), new RegExp(`^fault: [45]\\.\\d s ${side} `))
      assert.equal(find(checks, `venue ${venue}`, 'rest').result, 'ok')
    }
  })
}

test('a folder that is a file, or lies below one, is told with its key', async () => {
  using folder = temporaryFolder()
  writeFileSync(`${folder.path}/journal`, 'no folder')
  writeFileSync(`${folder.path}/file`, 'no folder')
  const sinks = { parquet: { folder: `${folder.path}/file/store`, memory_mb: 128 } }
  const checks = await diagnose(configOf('deribit', await closedPort(), { folder: folder.path, sinks }))
  const disk = checks.filter(({ group }) => group === 'disk')
  assert.deepEqual(faultsIn(disk), ['disk: journal', 'disk: parquet'])
  assert.match(JSON.stringify(disk[0]), /ENOTDIR.*set journal\.folder/)
  assert.match(JSON.stringify(disk[1]), /ENOTDIR.*set sinks\.parquet\.folder/)
})

test('a port that somebody has is told with his process', async () => {
  using folder = temporaryFolder()
  await using server = await http((_, response) => response.end('something else'))
  const ports = { health_port: server.port, metrics_port: 0 }
  const config = configOf('deribit', await closedPort(), { folder: folder.path, http: ports })
  const taken = find(await diagnose(config), 'instance', 'health port')
  assert.match(
    told(taken),
    new RegExp(`^fault: 127\\.0\\.0\\.1:${server.port} .* process ${process.pid} \\(node `),
  )
  const off = configOf('deribit', 1, { folder: folder.path, http: { ...ports, enabled: false } })
  assert.equal(find(await diagnose(off), 'instance', 'ports').result, 'skipped')
})

test('a journal that another collector has is a fault; beside an instance at the ports it is expected', async () => {
  using folder = temporaryFolder()
  await using server = await http((request, response) => {
    if (request.url === '/version') response.end('{"name":"marketprism","version":"0.1.0"}')
    else response.writeHead(404).end()
  })
  const runtime = systemRuntime()
  const journal = new Journal(
    {
      folder: `${folder.path}/journal`,
      segmentBytes: 1_048_576,
      segmentMs: 60_000,
      flushMs: 2,
      fsyncMs: 200,
      limits: { limitBytes: 134_217_728, keepMs: 3_600_000, freeBytes: 0 },
      places: () => [],
    },
    runtime,
    { emit: () => undefined },
  )
  try {
    const port = await closedPort()
    const alone = await diagnose(configOf('deribit', port, { folder: folder.path }))
    assert.match(
      told(find(alone, 'instance', 'journal')),
      new RegExp(`^fault: held by process ${process.pid}$`),
    )
    const ports = { health_port: server.port, metrics_port: 0 }
    const beside = await diagnose(configOf('deribit', port, { folder: folder.path, http: ports }))
    assert.match(
      told(find(beside, 'instance', 'health port')),
      /^warning: .* an instance of marketprism, process/,
    )
    assert.match(told(find(beside, 'instance', 'journal')), /^warning: held by process/)
  } finally {
    await journal.close()
  }
  const after = await diagnose(configOf('deribit', await closedPort(), { folder: folder.path }))
  assert.equal(find(after, 'instance', 'journal').result, 'ok')
})

test('a secret that is not there is told', async () => {
  using folder = temporaryFolder()
  const sections = {
    health_port: 0,
    metrics_port: 0,
    user: 'prometheus',
    password_file: `${folder.path}/none`,
  }
  const checks = await diagnose(
    configOf('deribit', await closedPort(), { folder: folder.path, http: sections }),
  )
  assert.match(told(find(checks, 'configuration', 'secret')), /^fault: .*none cannot be read$/)
})

test('who accepts and never answers holds nothing up for ten seconds', async () => {
  using folder = temporaryFolder()
  await using server = await tcp(() => undefined)
  const sinks = {
    parquet: { enabled: false },
    nats: { enabled: true, servers: [`nats://127.0.0.1:${server.port}`] },
    clickhouse: { enabled: true, url: `http://127.0.0.1:${server.port}` },
  }
  const ports = { health_port: server.port, metrics_port: 0 }
  const startMs = performance.now()
  const checks = await diagnose(
    configOf('okx-spot', server.port, { folder: folder.path, sinks, http: ports }),
  )
  const tookMs = performance.now() - startMs
  assert.ok(tookMs < 10_000, `${tookMs} ms`)
  assert.deepEqual(faultsIn(checks), [
    'instance: health port',
    'venue okx-spot: rest',
    'venue okx-spot: stream',
    'sinks: nats',
    'sinks: clickhouse',
  ])
  for (const [group, subject] of [
    ['venue okx-spot', 'rest'],
    ['venue okx-spot', 'stream'],
    ['sinks', 'nats'],
    ['sinks', 'clickhouse'],
  ] as const)
    assert.match(find(checks, group, subject).text, /timeout: /)
  if (server.sockets.size > 0) await Promise.race([server.empty(), once(server.server, 'close')])
})
