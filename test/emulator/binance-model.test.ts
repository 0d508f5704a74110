import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, ask, connect, emulate } from './client.ts'

const SPOT = 'binance-spot'
const USDM = 'binance-derivatives'

/** Data frames of `client`, with its control answers left out. */
const dataOf = (client: Client): string[] => client.take().filter((text) => text.includes('"e":'))

test('requests and their answers on spot', async () => {
  const cases: readonly (readonly [request: unknown, answer: unknown])[] = [
    [
      { method: 'SUBSCRIBE', params: ['btcusdt@trade', 'nope@nope'], id: 1 },
      { result: null, id: 1 },
    ],
    [
      { method: 'LIST_SUBSCRIPTIONS', id: 'three' },
      { result: ['btcusdt@trade', 'nope@nope'], id: 'three' },
    ],
    [
      { method: 'UNSUBSCRIBE', params: ['nope@nope'], id: null },
      { result: null, id: null },
    ],
    [
      { method: 'LIST_SUBSCRIPTIONS', id: 4 },
      { result: ['btcusdt@trade'], id: 4 },
    ],
    [
      { method: 'GET_PROPERTY', params: ['combined'], id: 5 },
      { result: false, id: 5 },
    ],
    [
      { method: 'SET_PROPERTY', params: ['combined', true], id: 6 },
      { result: null, id: 6 },
    ],
    [
      { method: 'GET_PROPERTY', params: ['combined'], id: 7 },
      { result: true, id: 7 },
    ],
    [
      { method: 'SET_PROPERTY', params: ['combined', 1], id: 8 },
      { code: 1, msg: 'Invalid value type: expected Boolean', id: 8 },
    ],
    [
      { method: 'SET_PROPERTY', params: ['other', true], id: 9 },
      { code: 0, msg: 'Unknown property', id: 9 },
    ],
    [
      { method: 'SUBSCRIBE', params: 'btcusdt@trade', id: 10 },
      { code: 2, msg: 'Invalid request: too many parameters', id: 10 },
    ],
    [
      { method: 'SUBSCRIBE', params: [] },
      { code: 2, msg: 'Invalid request: request ID must be an unsigned integer' },
    ],
    ['{"id":1}', { code: 2, msg: 'Invalid request: missing field `method` at line 1 column 8', id: 1 }],
    ['no json', { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' }],
  ]
  const { sim, model } = emulate(SPOT)
  const client = connect(model, '/ws')
  for (const [request, answer] of cases) {
    client.say(request)
    assert.deepEqual(
      client
        .take()
        .filter((text) => !text.includes('"e":'))
        .map((text) => JSON.parse(text)),
      [answer],
    )
    await sim.advance(500)
  }
  model.stop()
})

test('USD-M nests its errors', () => {
  const { model } = emulate(USDM)
  const client = connect(model, '/public/ws')
  client.say({ method: 'NONSENSE', id: 1 })
  const { error, id } = JSON.parse(client.take()[0] ?? '')
  assert.equal(error.code, 2)
  assert.match(error.msg, /unknown variant NONSENSE/)
  assert.equal(id, 1)
  model.stop()
})

test('streams are served as the path says: raw, combined, in microseconds', async () => {
  const { sim, model } = emulate(SPOT)
  const raw = connect(model, '/ws/btcusdt@depth@100ms')
  const combined = connect(model, '/stream?streams=btcusdt@depth@100ms/ethusdt%40trade')
  const micros = connect(model, '/ws/btcusdt@depth@100ms?timeUnit=MICROSECOND')
  await sim.advance(1_000)
  const [own, wrapped, fine] = [dataOf(raw), dataOf(combined), dataOf(micros)].map((frames) =>
    JSON.parse(frames[0] ?? ''),
  )
  assert.equal(own.s, 'BTCUSDT')
  assert.deepEqual(wrapped, { stream: 'btcusdt@depth@100ms', data: own })
  assert.equal(Math.floor(fine.E / 1_000), own.E)
  assert.deepEqual(Object.keys(own), ['e', 'E', 's', 'U', 'u', 'b', 'a'])
  assert.match(own.b[0]?.[0] ?? own.a[0]?.[0], /^\d+\.\d{8}$/)
  model.stop()
})

test('on a wrong or missing route USD-M acknowledges and stays silent', async () => {
  const { sim, model } = emulate(USDM)
  const cases: readonly (readonly [path: string, stream: string, delivers: boolean])[] = [
    ['/public/ws', 'btcusdt@depth@100ms', true],
    ['/public/ws', 'btcusdt@aggTrade', false],
    ['/market/ws', 'btcusdt@aggTrade', true],
    ['/market/ws', 'btcusdt@depth@100ms', false],
    ['/ws', 'btcusdt@depth@100ms', true],
    ['/ws', 'btcusdt@aggTrade', false],
    ['/public/ws', 'BTCUSDT@depth@100ms', false],
    ['/public/ws', 'btcusdt@depth@250ms', false],
  ]
  for (const [path, stream, delivers] of cases) {
    const client = connect(model, path)
    client.say({ method: 'SUBSCRIBE', params: [stream], id: 1 })
    assert.deepEqual(client.take(), ['{"result":null,"id":1}'])
    client.say({ method: 'LIST_SUBSCRIPTIONS', id: 2 })
    assert.deepEqual(JSON.parse(client.take()[0] ?? '').result, [stream])
    await sim.advance(5_000)
    assert.equal(dataOf(client).length > 0, delivers, `${path} ${stream}`)
  }
  model.stop()
})

test('what cannot be opened is refused at the handshake', () => {
  const { model } = emulate(USDM)
  const refused = (path: string): number | undefined => {
    const answer = model.connect(path, connect(model, '/ws'))
    return 'refused' in answer ? answer.refused : undefined
  }
  assert.equal(refused('/public/ws/a@trade,b@trade'), 400)
  assert.equal(refused('/elsewhere'), 404)
  assert.equal(refused('/public/ws'), undefined)
  model.stop()
})

test('stream 1025 and message 6 of a second end the socket with 1008', async () => {
  const { sim, model } = emulate(SPOT)
  const greedy = connect(model, '/ws')
  greedy.say({
    method: 'SUBSCRIBE',
    params: Array.from({ length: 1_024 }, (_, index) => `s${index}@trade`),
    id: 1,
  })
  assert.ok(greedy.isOpen)
  greedy.say({ method: 'SUBSCRIBE', params: ['one@trade'], id: 2 })
  assert.deepEqual(JSON.parse(greedy.take().at(-1) ?? '').error, { code: 4, msg: 'Too many subscriptions' })
  assert.deepEqual(greedy.closed, { code: 1008, reason: 'Invalid request' })

  const hasty = connect(model, '/ws')
  for (let id = 1; id <= 5; id++) hasty.say({ method: 'LIST_SUBSCRIPTIONS', id })
  assert.ok(hasty.isOpen)
  await sim.advance(1_000)
  for (let id = 1; id <= 4; id++) hasty.say({ method: 'LIST_SUBSCRIPTIONS', id })
  hasty.connection?.pinged()
  assert.ok(hasty.isOpen)
  hasty.connection?.pinged()
  assert.deepEqual(hasty.closed, { code: 1008, reason: 'Too many requests' })
  model.stop()
})

test('spot pings every 20 s and ends a socket that does not answer for 60 s', async () => {
  const { sim, model } = emulate(SPOT)
  const alive = connect(model, '/ws')
  const dead = connect(model, '/ws')
  dead.answersPings = false
  await sim.advance(70_000)
  assert.equal(alive.pings.length, 3)
  assert.ok(dead.isOpen)
  await sim.advance(15_000)
  assert.equal(dead.closed?.code, 1008)
  assert.ok(alive.isOpen)
  model.stop()
})

test('a socket ends after 24 hours', async () => {
  const { sim, model } = emulate(SPOT, { binance: { lifetimeMs: 60_000 } })
  const client = connect(model, '/ws')
  await sim.advance(59_000)
  assert.ok(client.isOpen)
  await sim.advance(2_000)
  assert.equal(client.closed?.code, 1001)
  model.stop()
})

test('REST answers carry the weight used in the running minute; beyond it come 429, then 418', async () => {
  const { sim, model } = emulate(SPOT)
  const depth = (limit: number): ReturnType<typeof ask> =>
    ask(model, `/api/v3/depth?symbol=BTCUSDT&limit=${limit}`)
  assert.equal(depth(100)?.headers['x-mbx-used-weight-1m'], '5')
  assert.equal(depth(1_000)?.headers['x-mbx-used-weight-1m'], '55')
  assert.equal(ask(model, '/api/v3/exchangeInfo')?.headers['x-mbx-used-weight-1m'], '75')
  for (let call = 0; call < 23; call++) assert.equal(depth(5_000)?.status, 200)
  const refused = depth(5_000)
  assert.equal(refused?.status, 429)
  assert.equal(JSON.parse(refused?.body ?? '').code, -1003)
  assert.ok(Number(refused?.headers['retry-after']) > 0)
  for (let call = 0; call < 25; call++) depth(5_000)
  assert.equal(depth(5)?.status, 418)
  await sim.advance(61_000)
  assert.equal(depth(5)?.status, 418)
  await sim.advance(60_000)
  assert.equal(depth(5)?.headers['x-mbx-used-weight-1m'], '5')
})

test('REST refuses what the venue refuses', () => {
  const spot = emulate(SPOT).model
  const usdm = emulate(USDM).model
  const code = (model: typeof spot, path: string): readonly unknown[] => {
    const answer = ask(model, path)
    return [answer?.status, JSON.parse(answer?.body ?? '').code]
  }
  assert.deepEqual(code(spot, '/api/v3/depth?symbol=NOPE'), [400, -1121])
  assert.deepEqual(code(usdm, '/fapi/v1/depth?symbol=BTCUSDT&limit=7'), [400, -4021])
  assert.equal(ask(spot, '/api/v1/depth?symbol=BTCUSDT')?.status, 404)
  assert.equal(ask(usdm, '/fapi/v1/depth?symbol=BTCUSDT&limit=1000')?.headers['x-mbx-used-weight-1m'], '21')
})

test('the instrument lists name every symbol with its filters', () => {
  for (const [venue, path] of [
    [SPOT, '/api/v3/exchangeInfo'],
    [USDM, '/fapi/v1/exchangeInfo'],
  ] as const) {
    const { model } = emulate(venue, { instruments: 5_000 })
    const info = JSON.parse(ask(model, path)?.body ?? '')
    assert.deepEqual(
      info.symbols.map(({ symbol }: { symbol: string }) => symbol),
      model.symbols,
    )
    assert.equal(new Set(model.symbols).size, 5_000)
    const [btc] = info.symbols
    const steps = btc.filters.map((filter: Record<string, string>) =>
      Number(filter['tickSize'] ?? filter['stepSize']),
    )
    assert.deepEqual(steps, venue === SPOT ? [0.01, 0.00001] : [0.1, 0.001])
  }
})

test('trades: ids grow by one, aggregates cover the fills without a hole', async () => {
  const { sim, model } = emulate(SPOT)
  const single = connect(model, '/ws/btcusdt@trade')
  const aggregated = connect(model, '/ws/btcusdt@aggTrade')
  await sim.advance(10_000)
  const trades = dataOf(single).map((text) => JSON.parse(text))
  const aggregates = dataOf(aggregated).map((text) => JSON.parse(text))
  assert.ok(trades.length > aggregates.length && aggregates.length > 20)
  trades.forEach(({ t }, index) => assert.equal(t, trades[0].t + index))
  aggregates.forEach(({ a, f, l }, index) => {
    assert.equal(a, aggregates[0].a + index)
    assert.equal(f, index === 0 ? trades[0].t : aggregates[index - 1].l + 1)
    const covered = trades.filter(({ t }) => t >= f && t <= l)
    assert.equal(covered.length, l - f + 1)
    assert.equal(new Set(covered.map(({ p, m }) => `${p}${m}`)).size, 1)
  })
  assert.equal(trades.at(-1).t, model.truth('BTCUSDT')?.lastTradeId)
  model.stop()
})
