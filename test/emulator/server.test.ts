import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { digestOf } from '../../src/emulator/digest.ts'
import { type EmulatedServer, serveVenue, serveVenues } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { PlainBook, readBook } from './plain-reader.ts'

const runtime = systemRuntime()

const serve = (venue: VenueId): Promise<EmulatedServer> =>
  serveVenue(venueModel(venue, runtime, { instruments: 3, depth: 100, speed: 5 }), runtime.timers)

const get = async (server: EmulatedServer, path: string): Promise<ReturnType<typeof JSON.parse>> => {
  const answer = await fetch(`${server.restUrl}${path}`)
  return answer.json()
}

async function open(url: string): Promise<{ readonly socket: WebSocket; readonly frames: string[] }> {
  const frames: string[] = []
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('message', (bytes: Buffer) => frames.push(bytes.toString('utf8')))
  await once(socket, 'open')
  return { socket, frames }
}

test('a book built over a real socket is the audited one at every sequence', async () => {
  const server = await serve('okx-spot')
  try {
    const { socket, frames } = await open(`${server.streamUrl}/ws/v5/public`)
    const audit = get(server, '/emulator/audit?symbol=BTC-USDT&ms=1500')
    socket.send('{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}')
    const digests = await audit
    const book = new PlainBook()
    let checked = 0
    for (const text of frames) {
      const frame = readBook('okx-spot', text)
      if (frame === undefined) continue
      book.apply(frame)
      if (digests[frame.last] === undefined) continue
      assert.equal(digestOf(book.levels()), digests[frame.last])
      checked++
    }
    assert.ok(checked > 20, `${checked} checked`)
    socket.terminate()
  } finally {
    await server.stop()
  }
})

test('Binance answers depth beside the stream, pings, and refuses over HTTP what it refuses', async () => {
  const server = await serve('binance-derivatives')
  try {
    const { socket, frames } = await open(`${server.streamUrl}/public/stream?streams=btcusdt@depth@100ms`)
    while (frames.length < 3) await once(socket, 'message')
    const { lastUpdateId, bids } = await get(server, '/fapi/v1/depth?symbol=BTCUSDT&limit=100')
    assert.ok(lastUpdateId >= JSON.parse(frames[2] ?? '').data.u && bids.length > 50)
    socket.ping('hello')
    const [payload] = await once(socket, 'pong')
    assert.equal(String(payload), 'hello')
    socket.close(1000)
    await once(socket, 'close')

    const refused = new WebSocket(`${server.streamUrl}/public/ws/a,b`)
    const [, response] = await once(refused, 'unexpected-response')
    assert.equal(response.statusCode, 400)
    refused.on('error', () => undefined)
    refused.terminate()
  } finally {
    await server.stop()
  }
})

test('faults are switched by URL, and a half-open socket answers nothing at all', async () => {
  const server = await serve('deribit')
  try {
    const { on } = await get(
      server,
      '/emulator/faults?set=drop&symbol=BTC-PERPETUAL&channel=book&share=0.5&times=3',
    )
    assert.deepEqual(on, [{ name: 'drop', symbol: 'BTC-PERPETUAL', channel: 'book', share: 0.5, times: 3 }])
    assert.deepEqual((await get(server, '/emulator/faults?clear=all')).on, [])
    assert.equal((await fetch(`${server.restUrl}/emulator/faults?set=nonsense`)).status, 400)
    assert.equal((await fetch(`${server.restUrl}/emulator/truth?symbol=NOPE`)).status, 400)
    assert.ok((await get(server, '/emulator/truth?symbol=BTC-PERPETUAL')).bids.length > 0)

    const { socket, frames } = await open(`${server.streamUrl}/ws/api/v2`)
    socket.send('{"jsonrpc":"2.0","id":1,"method":"public/test","params":{}}')
    await once(socket, 'message')
    const status = await get(server, '/emulator/status')
    assert.deepEqual([status.venue, status.connections, status.frames], ['deribit', 1, 1])
    await get(server, '/emulator/faults?set=half_open')
    // An audit answers after its time: the way to let some pass.
    await get(server, '/emulator/audit?symbol=BTC-PERPETUAL&ms=200')
    assert.equal((await get(server, '/emulator/faults')).struck.half_open, 1)
    socket.on('pong', () => frames.push('pong'))
    socket.ping()
    socket.send('{"jsonrpc":"2.0","id":2,"method":"public/test","params":{}}')
    await get(server, '/emulator/audit?symbol=BTC-PERPETUAL&ms=300')
    assert.equal(frames.length, 1)
    await get(server, '/emulator/faults?clear=all')
    const [code] = await once(socket, 'close')
    assert.equal(code, 1006)
  } finally {
    await server.stop()
  }
})

test('all five venues are served together, and stop leaves nothing behind', async () => {
  const models = VENUE_IDS.map((venue) => venueModel(venue, runtime, { instruments: 2 }))
  const servers = await serveVenues(models, runtime.timers)
  assert.deepEqual(
    servers.map(({ venue }) => venue),
    [...VENUE_IDS],
  )
  assert.equal(new Set(servers.map(({ port }) => port)).size, 5)
  const { socket } = await open(`${servers[0]?.streamUrl}/ws/btcusdt@trade`)
  const closed = once(socket, 'close')
  await Promise.all(servers.map((server) => server.stop()))
  assert.equal((await closed)[0], 1006)
  await assert.rejects(fetch(`${servers[0]?.restUrl}/api/v3/ping`))
})

test('when one venue cannot have its port, none is served', async () => {
  const taken = await serve('okx-spot')
  try {
    const models = [venueModel('okx-spot', runtime), venueModel('deribit', runtime)]
    await assert.rejects(
      serveVenues(models, runtime.timers, { firstPort: taken.port - 1 }),
      /could not be served/,
    )
    await assert.rejects(fetch(`http://127.0.0.1:${taken.port - 1}/`))
  } finally {
    await taken.stop()
  }
})
