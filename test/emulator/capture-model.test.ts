import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { CaptureLine } from '../../src/core/capture.ts'
import type { VenueId } from '../../src/core/ids.ts'
import { captureModel } from '../../src/emulator/capture-model.ts'
import type { PlayOptions } from '../../src/emulator/capture-source.ts'
import type { EmulatedVenue, Reply } from '../../src/emulator/model.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { capturesFolder } from '../captures.ts'
import { ask, connect } from './client.ts'

const ws = (t: number | null, raw: string): CaptureLine => ({ t, src: 'ws', conn: 'ws1', dir: 'in', raw })
const out = (raw: string): CaptureLine => ({ t: null, src: 'ws', conn: 'ws1', dir: 'out', raw })

const DEPTH_URL = 'https://api.binance.com/api/v3/depth?symbol=BNBBTC&limit=1000'
const BINANCE: readonly CaptureLine[] = [
  ws(1_000, '{"result":null,"id":1}'),
  ws(
    1_000,
    '{"stream":"bnbbtc@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[]}}',
  ),
  ws(
    1_050,
    '{"stream":"bnbbtc@bookTicker","data":{"u":160,"s":"BNBBTC","b":"0.0024","B":"10","a":"0.0026","A":"100"}}',
  ),
  {
    t: 1_100,
    src: 'rest',
    conn: DEPTH_URL,
    dir: 'in',
    raw: '{"lastUpdateId":160,"bids":[["0.00240","10.5"]],"asks":[["0.0026","100"]]}',
  },
  ws(
    1_200,
    '{"stream":"bnbbtc@trade","data":{"e":"trade","E":2,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":2,"m":true,"M":true}}',
  ),
  ws(
    1_300,
    '{"stream":"bnbbtc@depth@100ms","data":{"e":"depthUpdate","E":3,"s":"BNBBTC","U":161,"u":161,"b":[],"a":[["0.0026","0"]]}}',
  ),
]

function play(
  venue: VenueId,
  lines: Iterable<CaptureLine>,
  options: Partial<PlayOptions> = {},
): { sim: Simulation; model: EmulatedVenue; isDone: () => boolean } {
  const sim = new Simulation({ seed: 1 })
  let done = 0
  const model = captureModel({ venue, lines, done: () => done++ }, sim, options)
  return { sim, model, isDone: () => done === 1 }
}

test('frames go byte for byte, at their pace, to whoever subscribed to their stream', async () => {
  const { sim, model, isDone } = play('binance-spot', BINANCE, { speed: 0.5 })
  const client = connect(model, '/stream?streams=bnbbtc@depth@100ms')
  await sim.advance(1_000)
  assert.deepEqual(client.take(), [])
  client.say({ method: 'SUBSCRIBE', params: ['bnbbtc@trade'], id: 9 })
  assert.deepEqual(client.take(), ['{"result":null,"id":9}'])
  const depths: Reply[] = []
  model.request('/api/v3/depth?symbol=BNBBTC&limit=1000', (reply) => {
    depths.push(reply)
  })
  await sim.advance(100)
  assert.deepEqual(client.take(), [BINANCE[1]?.raw])
  assert.deepEqual(depths, [])
  await sim.advance(150)
  assert.deepEqual(
    depths.map(({ status, body }) => [status, body]),
    [[200, BINANCE[3]?.raw]],
  )
  await sim.advance(100)
  assert.deepEqual(client.take(), [])
  await sim.advance(100)
  assert.deepEqual(client.take(), [BINANCE[4]?.raw])
  await sim.advance(200)
  assert.deepEqual(client.take(), [BINANCE[5]?.raw])
  await sim.advance(100)
  assert.ok(isDone())
  model.stop()
})

test('without an answer asked for, the play waits, then goes on and answers later', async () => {
  const { sim, model, isDone } = play('binance-spot', BINANCE, { speed: Infinity, requestMs: 2_000 })
  const client = connect(model, '/stream?streams=bnbbtc@depth@100ms/bnbbtc@trade/bnbbtc@bookTicker')
  await sim.advance(1_500)
  assert.deepEqual(client.take(), [BINANCE[1]?.raw, BINANCE[2]?.raw])
  await sim.advance(1_000)
  assert.deepEqual(client.take(), [BINANCE[4]?.raw, BINANCE[5]?.raw])
  assert.ok(isDone())
  assert.equal(ask(model, '/api/v3/depth?symbol=BNBBTC')?.body, BINANCE[3]?.raw)
  model.stop()
})

test('the play begins without the missing subscriptions after a while', async () => {
  const { sim, model, isDone } = play('binance-spot', BINANCE, {
    speed: Infinity,
    subscribeMs: 3_000,
    requestMs: 0,
  })
  const client = connect(model, '/stream?streams=bnbbtc@trade')
  await sim.advance(2_900)
  assert.deepEqual(client.take(), [])
  await sim.advance(400)
  assert.deepEqual(client.take(), [BINANCE[4]?.raw])
  assert.ok(isDone())
  model.stop()
})

test('the instrument list is made from what was recorded', () => {
  const { model } = play('binance-spot', BINANCE)
  const { symbols } = JSON.parse(ask(model, '/api/v3/exchangeInfo')?.body ?? '')
  assert.equal(symbols.length, 1)
  const [{ symbol, baseAsset, quoteAsset, filters }] = symbols
  assert.deepEqual([symbol, baseAsset, quoteAsset], ['BNBBTC', 'BNB', 'BTC'])
  assert.deepEqual([Number(filters[0].tickSize), Number(filters[1].stepSize)], [0.0001, 0.1])
  model.stop()
})

test('OKX and Deribit: acknowledged like the venue, recorded acknowledgements are left out', async () => {
  const okxBook =
    '{"arg":{"channel":"books-l2-tbt","instId":"UNI-USD-SWAP"},"action":"snapshot","data":[{"asks":[],"bids":[["8.1","3","0","1"]],"ts":"1","checksum":0,"seqId":1,"prevSeqId":-1}]}'
  const okx = play('okx-derivatives', [
    out('{"op":"subscribe","args":[{"channel":"books-l2-tbt","instId":"UNI-USD-SWAP"}]}'),
    ws(null, '{"event":"subscribe","arg":{"channel":"books-l2-tbt","instId":"UNI-USD-SWAP"}}'),
    ws(null, okxBook),
  ])
  const client = connect(okx.model, '/ws/v5/public')
  client.say({ op: 'subscribe', args: [{ channel: 'books-l2-tbt', instId: 'UNI-USD-SWAP' }] })
  await okx.sim.advance(200)
  const [ack, ...rest] = client.take()
  assert.match(ack ?? '', /"event":"subscribe"/)
  assert.deepEqual(rest, [okxBook])
  const swaps = JSON.parse(ask(okx.model, '/api/v5/public/instruments?instType=SWAP')?.body ?? '').data
  assert.deepEqual([swaps[0].instId, swaps[0].tickSz, swaps[0].ctType], ['UNI-USD-SWAP', '0.1', 'inverse'])
  okx.model.stop()

  const bookFrame =
    '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-25MAR22-40000-C.raw","data":{"type":"snapshot","timestamp":1,"instrument_name":"BTC-25MAR22-40000-C","change_id":5,"bids":[["new",0.0425,1.5]],"asks":[]}}}'
  const deribit = play('deribit', [
    ws(null, '{"jsonrpc":"2.0","id":0,"result":["book.BTC-25MAR22-40000-C.raw"]}'),
    ws(null, bookFrame),
  ])
  const caller = connect(deribit.model, '/ws/api/v2')
  caller.say({
    jsonrpc: '2.0',
    id: 3,
    method: 'public/subscribe',
    params: { channels: ['book.BTC-25MAR22-40000-C.raw'] },
  })
  await deribit.sim.advance(200)
  assert.deepEqual(caller.take().slice(1), [bookFrame])
  const [listed] = JSON.parse(
    ask(deribit.model, '/api/v2/public/get_instruments?currency=BTC')?.body ?? '',
  ).result
  assert.deepEqual(
    [listed.kind, listed.strike, listed.option_type, listed.tick_size],
    ['option', 40_000, 'call', 0.0001],
  )
  assert.equal(listed.expiration_timestamp, Date.UTC(2022, 2, 25, 8))
  deribit.model.stop()
})

const recorded = `${capturesFolder() ?? ''}/binance-spot/2021-04-05-10sym.ndjson.gz`

test(
  'a real capture is delivered once, in order, byte for byte',
  { skip: existsSync(recorded) ? false : `no captures at ${recorded}` },
  async () => {
    const lines: CaptureLine[] = gunzipSync(readFileSync(recorded))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { sim, model, isDone } = play('binance-spot', lines, { speed: 1_000, requestMs: 0, subscribeMs: 0 })
    const frames = lines.filter(({ src, dir }) => src === 'ws' && dir === 'in').map(({ raw }) => raw)
    const streams = [...new Set(frames.map((raw) => String(JSON.parse(raw).stream)))]
    const client = connect(model, `/stream?streams=${streams.join('/')}`)
    await sim.advance(2_000)
    assert.ok(isDone())
    assert.ok(frames.length > 10_000)
    assert.deepEqual(client.take(), frames)
    model.stop()
  },
)
