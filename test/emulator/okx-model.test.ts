import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, connect, emulate } from './client.ts'

const subscribing = (...args: readonly (readonly [channel: string, instId: string])[]): unknown => ({
  id: '1512',
  op: 'subscribe',
  args: args.map(([channel, instId]) => ({ channel, instId })),
})

test('every arg is acknowledged by itself, before its snapshot; an error names its arg only in the text', () => {
  const { model } = emulate('okx-spot')
  const client = connect(model, '/ws/v5/public')
  client.say(subscribing(['books', 'BTC-USDT'], ['trades', 'NOPE-USDT'], ['trades', 'ETH-USDT']))
  const [book, snapshot, error, trades, ...rest] = client.take().map((text) => JSON.parse(text))
  const { connId, ...acknowledged } = book
  assert.match(connId, /^[0-9a-f]{8}$/)
  assert.deepEqual(acknowledged, {
    id: '1512',
    event: 'subscribe',
    arg: { channel: 'books', instId: 'BTC-USDT' },
  })
  assert.equal(snapshot.action, 'snapshot')
  assert.equal(snapshot.data[0].prevSeqId, -1)
  assert.equal(snapshot.data[0].checksum, 0)
  assert.equal(error.code, '60018')
  assert.equal(error.arg, undefined)
  assert.match(error.msg, /channel:trades,instId:NOPE-USDT/)
  assert.equal(trades.arg.instId, 'ETH-USDT')
  assert.deepEqual(rest, [])
  model.stop()
})

test('requests and the codes that answer them', () => {
  const { model } = emulate('okx-spot', { okx: { requestsPerHour: 4 } })
  const client = connect(model, '/ws/v5/public')
  const business = connect(model, '/ws/v5/business')
  const cases: readonly (readonly [to: typeof client, request: unknown, code: string])[] = [
    [client, 'no json', '60012'],
    [client, { op: 'subscribe', argss: [] }, '60012'],
    [client, { op: 'dance', args: [] }, '60019'],
    [client, { id: 'not-plain', op: 'subscribe', args: [] }, '60033'],
    [client, { op: 'subscribe', args: ['books'] }, '60013'],
    [client, subscribing(['trades-all', 'BTC-USDT']), '64001'],
    [client, subscribing(['books-l2-tbt', 'BTC-USDT']), '64003'],
    [client, subscribing(['nope', 'BTC-USDT']), '60018'],
    [client, subscribing(['books', 'BTC-USDT']), '60014'],
    [business, subscribing(['books', 'BTC-USDT']), '64002'],
  ]
  for (const [to, request, code] of cases) {
    to.say(request)
    const answers = to.take().map((text) => JSON.parse(text))
    assert.deepEqual(
      answers.map((answer) => [answer.event, answer.code]),
      [['error', code]],
      JSON.stringify(request),
    )
  }
  model.stop()
})

test('the text ping is answered with the text pong, and too long a request ends the socket', () => {
  const { model } = emulate('okx-spot')
  const client = connect(model, '/ws/v5/public')
  client.say('ping')
  assert.deepEqual(client.take(), ['pong'])
  client.say(subscribing(['books', 'X'.repeat(70_000)]))
  assert.equal(client.closed?.code, 1009)
  model.stop()
})

test('a socket without subscriptions, or without data and pings, ends after 30 s with 4004', async () => {
  const { sim, model } = emulate('okx-spot', { instruments: 100 })
  const idle = connect(model, '/ws/v5/public')
  const busy = connect(model, '/ws/v5/public')
  busy.say(subscribing(['books', 'BTC-USDT']))
  const quiet = connect(model, '/ws/v5/business')
  quiet.say(subscribing(['trades-all', model.symbols[99] ?? '']))
  model.faults.set({ name: 'mute', symbol: model.symbols[99] ?? '' })
  await sim.advance(29_000)
  assert.ok(idle.isOpen && busy.isOpen && quiet.isOpen)
  quiet.say('ping')
  await sim.advance(2_000)
  assert.equal(idle.closed?.code, 4004)
  assert.ok(busy.isOpen && quiet.isOpen)
  model.stop()
})

test('sequences jump; a quiet book says so with the same number twice', async () => {
  const { sim, model } = emulate('okx-spot', { instruments: 26, okx: { quietMs: 300 } })
  const client = connect(model, '/ws/v5/public')
  const quiet = model.symbols[25] ?? ''
  client.say(subscribing(['books', 'BTC-USDT'], ['books', quiet]))
  await sim.advance(20_000)
  const books = client
    .take()
    .map((text) => JSON.parse(text))
    .filter(({ action }) => action === 'update')
  const heartbeats = books.filter(({ data: [book] }) => book.seqId === book.prevSeqId)
  assert.ok(heartbeats.length > 0)
  for (const { data } of heartbeats) assert.deepEqual([data[0].asks, data[0].bids], [[], []])
  const jumps = books.map(({ data: [book] }) => book.seqId - book.prevSeqId).filter((jump) => jump !== 0)
  assert.ok(Math.min(...jumps) >= 7 && Math.max(...jumps) <= 93 && new Set(jumps).size > 10)
  assert.deepEqual(
    [true, false],
    [
      books.some(({ arg, data }) => arg.instId === 'BTC-USDT' && data[0].checksum === 0),
      books.some(({ arg, data }) => arg.instId === quiet && 'checksum' in data[0]),
    ],
  )
  model.stop()
})

test('trades are grouped with a count, and the last one is repeated to whoever subscribes', async () => {
  const { sim, model } = emulate('okx-spot')
  const grouped = connect(model, '/ws/v5/public')
  const single = connect(model, '/ws/v5/business')
  grouped.say(subscribing(['trades', 'BTC-USDT']))
  single.say(subscribing(['trades-all', 'BTC-USDT']))
  await sim.advance(10_000)
  const [groups, all] = [grouped, single].map((client) =>
    client.take().flatMap((text) => JSON.parse(text).data ?? []),
  )
  assert.ok(groups !== undefined && all !== undefined && all.length > groups.length && groups.length > 5)
  all.forEach(({ tradeId }, index) => assert.equal(Number(tradeId), Number(all[0].tradeId) + index))
  groups.forEach(({ tradeId, count }, index) => {
    const before = index === 0 ? Number(all[0].tradeId) - 1 : Number(groups[index - 1].tradeId)
    assert.equal(Number(tradeId) - Number(count), before)
  })
  await sim.advance(1_000)
  const last = grouped.take().at(-1) ?? JSON.stringify(groups.at(-1))
  const late = connect(model, '/ws/v5/public')
  late.say(subscribing(['trades', 'BTC-USDT']))
  assert.ok(late.take()[1]?.includes(JSON.parse(last).data?.[0]?.tradeId ?? JSON.parse(last).tradeId))
  model.stop()
})

test('four sockets in a second are one too many', async () => {
  const { sim, model } = emulate('okx-spot')
  for (let socket = 0; socket < 3; socket++) connect(model, '/ws/v5/public')
  assert.throws(() => connect(model, '/ws/v5/public'), /refused with 429/)
  await sim.advance(1_001)
  connect(model, '/ws/v5/public')
  model.stop()
})

test('REST: instruments by type, books, errors in a body of status 200', () => {
  const spot = emulate('okx-spot').model
  const swaps = emulate('okx-derivatives', { instruments: 12 }).model
  const data = (model: typeof spot, path: string): readonly Record<string, string>[] =>
    JSON.parse(ask(model, path)?.body ?? '').data
  assert.deepEqual(
    data(spot, '/api/v5/public/instruments?instType=SPOT').map(({ instId }) => instId),
    spot.symbols,
  )
  assert.deepEqual(data(spot, '/api/v5/public/instruments?instType=SWAP'), [])
  const listed = data(swaps, '/api/v5/public/instruments?instType=SWAP')
  const inverse = listed.find(({ instId }) => instId === 'BTC-USD-SWAP')
  assert.deepEqual(
    [inverse?.['ctType'], inverse?.['ctVal'], inverse?.['ctValCcy']],
    ['inverse', '100', 'USD'],
  )
  const linear = listed.find(({ instId }) => instId === 'BTC-USDT-SWAP')
  assert.deepEqual([linear?.['ctType'], linear?.['ctVal'], linear?.['ctValCcy']], ['linear', '0.01', 'BTC'])
  assert.deepEqual(
    data(swaps, '/api/v5/public/instruments?instType=FUTURES').map(({ instId }) => instId),
    ['BTC-USDT-261225'],
  )
  assert.equal(data(spot, '/api/v5/market/books?instId=BTC-USDT&sz=3')[0]?.['bids']?.length, 3)
  const unknown = ask(spot, '/api/v5/market/books?instId=NOPE')
  assert.deepEqual([unknown?.status, JSON.parse(unknown?.body ?? '').code], [200, '51001'])
})
