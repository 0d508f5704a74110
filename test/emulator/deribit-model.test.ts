import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type Client, connect, emulate } from './client.ts'

const PATH = '/ws/api/v2'
const call = (client: Client, method: string, params: unknown = {}, id: unknown = 42): void => {
  client.say({ jsonrpc: '2.0', id, method, params })
}
const answersOf = (client: Client): ReturnType<typeof JSON.parse>[] =>
  client.take().map((text) => JSON.parse(text))

test('a subscription answers with what it accepted, then sends snapshots', () => {
  const { model } = emulate('deribit')
  const client = connect(model, PATH)
  call(client, 'public/subscribe', {
    channels: ['book.BTC-PERPETUAL.100ms', 'book.NOPE.100ms', 'trades.BTC-PERPETUAL.100ms'],
  })
  const [answer, snapshot, ...rest] = answersOf(client)
  assert.deepEqual(answer.result, ['book.BTC-PERPETUAL.100ms', 'trades.BTC-PERPETUAL.100ms'])
  assert.deepEqual([answer.id, answer.jsonrpc, answer.testnet], [42, '2.0', false])
  assert.equal(answer.usOut - answer.usIn, answer.usDiff)
  assert.equal(snapshot.params.data.type, 'snapshot')
  assert.ok(!('prev_change_id' in snapshot.params.data))
  assert.deepEqual(rest, [])
  call(client, 'public/unsubscribe', { channels: ['book.BTC-PERPETUAL.100ms', 'book.NOPE.100ms'] }, 'x')
  assert.deepEqual(
    answersOf(client).map(({ id, result }) => [id, result]),
    [['x', ['book.BTC-PERPETUAL.100ms']]],
  )
  model.stop()
})

test('requests and the codes that refuse them', () => {
  const { model } = emulate('deribit')
  const client = connect(model, PATH)
  const channels = Array.from({ length: 501 }, (_, index) => `book.X${index}.100ms`)
  const cases: readonly (readonly [request: unknown, code: number])[] = [
    ['{', -32_700],
    [{ jsonrpc: '2.0', method: 'public/test' }, -32_600],
    [' '.repeat(33_000), -32_600],
    [{ jsonrpc: '2.0', id: 1, method: 'public/dance', params: {} }, -32_601],
    [{ jsonrpc: '2.0', id: 1, method: 'public/test', params: [] }, -32_602],
    [{ jsonrpc: '2.0', id: 1, method: 'public/subscribe', params: {} }, -32_602],
    [{ jsonrpc: '2.0', id: 1, method: 'public/set_heartbeat', params: { interval: 9 } }, -32_602],
    [{ jsonrpc: '2.0', id: 1, method: 'public/subscribe', params: { channels } }, 11_050],
    [
      { jsonrpc: '2.0', id: 1, method: 'public/subscribe', params: { channels: ['book.BTC-PERPETUAL.raw'] } },
      13_778,
    ],
    [{ jsonrpc: '2.0', id: 1, method: 'public/get_order_book', params: { instrument_name: 'NOPE' } }, 13_020],
  ]
  for (const [request, code] of cases) {
    client.say(request)
    assert.deepEqual(
      answersOf(client).map(({ error }) => error.code),
      [code],
    )
  }
  model.stop()
})

test('a client with a key gets raw channels', async () => {
  const { sim, model } = emulate('deribit', { deribit: { rawAllowed: true } })
  const client = connect(model, PATH)
  call(client, 'public/subscribe', { channels: ['book.BTC-PERPETUAL.raw'] })
  await sim.advance(2_000)
  assert.ok(answersOf(client).some(({ params }) => params?.data.type === 'change'))
  model.stop()
})

test('heartbeats alternate with test requests, and an unanswered one ends the socket', async () => {
  const { sim, model } = emulate('deribit')
  const client = connect(model, PATH)
  call(client, 'public/set_heartbeat', { interval: 10 })
  assert.equal(answersOf(client)[0].result, 'ok')
  const types: string[] = []
  for (let turn = 0; turn < 4; turn++) {
    await sim.advance(10_250)
    types.push(...answersOf(client).map(({ method, params }) => `${method} ${params?.type}`))
    call(client, 'public/test')
    assert.equal(answersOf(client)[0].result.version, '1.2.26')
  }
  assert.deepEqual(
    types,
    ['test_request', 'heartbeat', 'test_request', 'heartbeat'].map((type) => `heartbeat ${type}`),
  )
  assert.ok(client.isOpen)
  await sim.advance(20_000)
  assert.equal(client.closed?.code, 1001)
  model.stop()
})

test('who asks too much is told 10028 and cut off', () => {
  const { model } = emulate('deribit')
  const client = connect(model, PATH)
  for (let request = 0; request < 10; request++) call(client, 'public/subscribe', { channels: [] })
  assert.ok(client.isOpen)
  client.take()
  call(client, 'public/subscribe', { channels: [] })
  assert.equal(answersOf(client)[0].error.code, 10_028)
  assert.equal(client.closed?.code, 1008)
  model.stop()
})

test('the 33rd socket is refused with 429', () => {
  const { model } = emulate('deribit')
  for (let socket = 0; socket < 32; socket++) connect(model, PATH)
  assert.throws(() => connect(model, PATH), /refused with 429/)
  model.stop()
})

test('actions fit the book, numbers are JSON numbers, some with an exponent', async () => {
  const { sim, model } = emulate('deribit')
  const client = connect(model, PATH)
  const [btc = '', , , , , shib = ''] = model.symbols
  call(client, 'public/subscribe', { channels: [`book.${btc}.100ms`, `book.${shib}.100ms`] })
  await sim.advance(10_000)
  const texts = client.take()
  assert.ok(
    texts.some((text) => /,\d\.\d+e-\d\b/.test(text)),
    'a small price with an exponent',
  )
  assert.ok(
    texts.some((text) => /,\d\.\d+e\d\b/.test(text)),
    'a large amount with an exponent',
  )
  const held = new Set<string>()
  let changes = 0
  for (const { params } of texts.map((text) => JSON.parse(text))) {
    if (params?.data.instrument_name !== btc) continue
    for (const side of ['bids', 'asks']) {
      for (const [action, price, amount] of params.data[side]) {
        const level = `${side}${price}`
        assert.equal(action, amount === 0 ? 'delete' : held.has(level) ? 'change' : 'new')
        if (action === 'delete') assert.ok(held.delete(level))
        else held.add(level)
        changes++
      }
    }
  }
  assert.ok(changes > 1_000)
  model.stop()
})

test('trades come in arrays, numbered without a hole, with the tags of the venue', async () => {
  const { sim, model } = emulate('deribit')
  const client = connect(model, PATH)
  call(client, 'public/subscribe', { channels: ['trades.ETH-PERPETUAL.100ms'] })
  await sim.advance(120_000)
  const trades = answersOf(client).flatMap(({ params }) => (Array.isArray(params?.data) ? params.data : []))
  trades.forEach(({ trade_seq: seq, trade_id: id }, index) => {
    assert.equal(seq, trades[0].trade_seq + index)
    assert.equal(id, `ETH-${seq}`)
  })
  assert.equal(trades.at(-1).trade_seq, model.truth('ETH-PERPETUAL')?.lastTradeId)
  assert.ok(trades.some(({ liquidation }) => ['M', 'T'].includes(liquidation)))
  model.stop()
})

test('HTTP has the same calls; instruments are filtered by currency and kind', () => {
  const { model } = emulate('deribit', { instruments: 80 })
  const get = (path: string): ReturnType<typeof JSON.parse> =>
    JSON.parse(ask(model, `/api/v2/${path}`)?.body ?? '')
  const names = (path: string): readonly string[] =>
    get(path).result.map((listed: { instrument_name: string }) => listed.instrument_name)
  assert.deepEqual(names('public/get_instruments?currency=any'), model.symbols)
  assert.deepEqual(names('public/get_instruments?currency=BTC&kind=future'), ['BTC-PERPETUAL', 'BTC-25DEC26'])
  assert.equal(names('public/get_instruments?currency=BTC&kind=option').length, 20)
  assert.ok(names('public/get_instruments?currency=USDC').every((name) => name.includes('_USDC')))
  const book = get('public/get_order_book?instrument_name=BTC-PERPETUAL&depth=10').result
  assert.deepEqual(
    [book.bids.length, book.asks.length, book.change_id],
    [10, 10, model.truth('BTC-PERPETUAL')?.sequence],
  )
  assert.equal(ask(model, '/api/v2/public/nope')?.status, 400)
})
