import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import type { Fault, FaultName, Reply } from '../../src/emulator/model.ts'
import { ask, type Client, connect, emulate, type Emulated, PATHS, subscribe } from './client.ts'
import { readBook } from './plain-reader.ts'

interface Watched extends Emulated {
  readonly client: Client
  readonly symbol: string
}

/** A model with one client on the book of its first symbol, its first frames taken. */
async function watched(venue: VenueId): Promise<Watched> {
  const emulated = emulate(venue)
  const symbol = emulated.model.symbols[0] ?? ''
  const client = connect(emulated.model, PATHS[venue].book)
  subscribe(client, venue, 'book', symbol)
  await emulated.sim.advance(500)
  client.take()
  return { ...emulated, client, symbol }
}

/** Previous and last number of each update. */
const linksOf = (venue: VenueId, texts: readonly string[]): (readonly [number, number])[] =>
  texts.flatMap((text) => {
    const frame = readBook(venue, text)
    if (frame === undefined || frame.isSnapshot) return []
    return [[frame.previous ?? frame.first - 1, frame.last] as const]
  })

/** How many of the updates do not follow the one before them. */
const breaks = (links: readonly (readonly [number, number])[]): number =>
  links.filter(([previous], index) => index > 0 && previous !== links[index - 1]?.[1]).length

for (const venue of VENUE_IDS) {
  test(`${venue}: a dropped, a doubled and a reordered frame each break the chain, and only as often as told`, async () => {
    const { sim, model, client, symbol } = await watched(venue)
    const play = async (fault?: Fault): Promise<readonly (readonly [number, number])[]> => {
      if (fault !== undefined) model.faults.set(fault)
      await sim.advance(3_000)
      return linksOf(venue, client.take())
    }
    assert.equal(breaks(await play()), 0)
    const dropped = await play({ name: 'drop', symbol, channel: 'book', times: 1 })
    assert.ok(breaks(dropped) <= 1)
    const doubled = await play({ name: 'duplicate', times: 1 })
    assert.equal(doubled.length - new Set(doubled.map(([, last]) => last)).size, 1)
    const reordered = await play({ name: 'reorder', times: 1 })
    const lasts = reordered.map(([, last]) => last)
    assert.notDeepEqual(
      lasts,
      lasts.toSorted((one, other) => one - other),
    )
    assert.equal(new Set(lasts).size, lasts.length)
    const whole = [...dropped, ...doubled, ...reordered]
    assert.ok(whole.length > 60)
    assert.deepEqual(
      (['drop', 'duplicate', 'reorder', 'mute'] as const).map((name) => model.faults.struck.get(name)),
      [1, 1, 1, 0],
    )
    assert.deepEqual(model.faults.on, [])
    model.stop()
  })

  test(`${venue}: a reset of the sequence begins with a small number`, async () => {
    const { sim, model, client } = await watched(venue)
    model.faults.set({ name: 'sequence_reset', times: 1 })
    await sim.advance(2_000)
    const links = linksOf(venue, client.take())
    const reset = links.findIndex(([, last]) => last < 1_000_000)
    assert.ok(reset >= 0)
    // OKX links the small number to the large one before it; the others begin a chain of their own.
    if (venue.startsWith('okx')) assert.ok((links[reset]?.[0] ?? 0) > 1_000_000)
    else assert.ok((links[reset]?.[0] ?? Infinity) < 1_000_000)
    assert.equal(breaks(links.slice(reset)), 0)
    model.stop()
  })

  test(`${venue}: a muted stream stays acknowledged while others go on`, async () => {
    const { sim, model, client, symbol } = await watched(venue)
    const other = model.symbols[1] ?? ''
    subscribe(client, venue, 'book', other)
    await sim.advance(200)
    client.take()
    model.faults.set({ name: 'mute', symbol })
    await sim.advance(2_000)
    const symbols = new Set(client.take().map((text) => readBook(venue, text)?.symbol))
    assert.deepEqual([...symbols], [other])
    model.faults.clear('mute')
    await sim.advance(2_000)
    assert.ok(client.take().some((text) => readBook(venue, text)?.symbol === symbol))
    model.stop()
  })

  test(`${venue}: close, maintenance and half-open end sockets, each in its way`, async () => {
    const { sim, model, client } = await watched(venue)
    model.faults.set({ name: 'close', times: 1, value: 1012 })
    await sim.advance(100)
    assert.equal(client.closed?.code, 1012)

    const notified = connect(model, PATHS[venue].book)
    if (venue === 'deribit') {
      notified.say({
        jsonrpc: '2.0',
        id: 1,
        method: 'public/subscribe',
        params: { channels: ['platform_state'] },
      })
    }
    model.faults.set({ name: 'maintenance', times: 1, value: 2_000 })
    await sim.advance(100)
    const notices: Readonly<Record<VenueId, RegExp | undefined>> = {
      'binance-spot': /serverShutdown/,
      'binance-derivatives': undefined,
      'okx-spot': /"event":"notice","code":"64008"/,
      'okx-derivatives': /"event":"notice","code":"64008"/,
      deribit: /"platform_state","data":\{"maintenance":true\}/,
    }
    assert.match(notified.take().join('\n'), notices[venue] ?? /^$/)
    assert.ok(notified.isOpen)
    await sim.advance(2_000)
    assert.equal(notified.closed?.code, 1001)

    const frozen = connect(model, PATHS[venue].book)
    subscribe(frozen, venue, 'book', model.symbols[0] ?? '')
    model.faults.set({ name: 'half_open', times: 1 })
    await sim.advance(100)
    frozen.take()
    frozen.say({ id: '1', op: 'subscribe', args: [] })
    await sim.advance(5_000)
    assert.deepEqual(
      [frozen.take(), frozen.closed, frozen.wasCut, frozen.isFrozen],
      [[], undefined, false, true],
    )
    model.faults.clear()
    await sim.advance(500)
    assert.ok(frozen.wasCut)
    assert.equal(model.status.connections, 0)
    model.stop()
  })

  test(`${venue}: refused handshakes, refused requests, and requests without an answer`, async () => {
    const { model, symbol } = await watched(venue)
    const key =
      { 'okx-spot': 'instId', 'okx-derivatives': 'instId', deribit: 'instrument_name' }[venue as string] ??
      'symbol'
    const statusOf = (name: FaultName): number | undefined => {
      model.faults.set({ name, times: 1 })
      return ask(model, `/anything?${key}=${symbol}`)?.status
    }
    model.faults.set({ name: 'refuse', times: 1, value: 502 })
    assert.throws(() => connect(model, PATHS[venue].book), /refused with 502/)
    model.faults.set({ name: 'http_451', times: 1 })
    assert.throws(() => connect(model, PATHS[venue].book), /refused with 451/)
    assert.equal(statusOf('hang'), undefined)
    assert.equal(statusOf('http_451'), 451)
    assert.equal(statusOf('http_503'), 503)
    assert.ok([200, 429].includes(statusOf('http_429') ?? 0))
    assert.ok([418, 429, 403].includes(statusOf('http_418') ?? 0))
    model.faults.set({ name: 'http_503', symbol: 'OTHER' })
    assert.notEqual(ask(model, `/anything?${key}=${symbol}`)?.status, 503)
    model.stop()
  })

  test(`${venue}: malformed frames are no JSON, oversized ones are too long, slow ones come late and in order`, async () => {
    const { sim, model, client } = await watched(venue)
    model.faults.set({ name: 'malformed', times: 1 })
    await sim.advance(1_000)
    const cut = client.take().filter((text) => !text.endsWith('}'))
    assert.equal(cut.length, 1)
    assert.throws(() => JSON.parse(cut[0] ?? ''), SyntaxError)

    model.faults.set({ name: 'oversized', times: 1, value: 100_000 })
    await sim.advance(1_000)
    assert.deepEqual(
      client
        .take()
        .map((text) => text.length)
        .filter((length) => length >= 100_000),
      [100_000],
    )

    model.faults.set({ name: 'slow', times: 5, value: 3_000 })
    await sim.advance(2_000)
    assert.deepEqual(client.take(), [])
    await sim.advance(4_000)
    const late = linksOf(venue, client.take())
    assert.ok(late.length > 30)
    assert.equal(breaks(late), 0)
    model.stop()
  })
}

test('a stale snapshot is that of the begin of the day', async () => {
  const { sim, model } = await watched('binance-spot')
  const opening = model.truth('ETHUSDT')?.sequence
  const other = connect(model, '/ws/ethusdt@depth@100ms')
  await sim.advance(2_000)
  model.faults.set({ name: 'stale_snapshot', times: 1 })
  const last = (answer: Reply | undefined): number => JSON.parse(answer?.body ?? '').lastUpdateId
  assert.equal(last(ask(model, '/api/v3/depth?symbol=ETHUSDT')), opening)
  assert.equal(last(ask(model, '/api/v3/depth?symbol=ETHUSDT')), model.truth('ETHUSDT')?.sequence)
  const first = other.take().map((text) => readBook('binance-spot', text)?.first)[0]
  assert.equal(first, (opening ?? 0) + 1)
  model.stop()
})

test('a stale snapshot in the stream does not join the updates that follow', async () => {
  for (const venue of ['okx-spot', 'deribit'] as const) {
    const { sim, model, symbol } = await watched(venue)
    model.faults.set({ name: 'stale_snapshot', times: 1 })
    const client = connect(model, PATHS[venue].book)
    subscribe(client, venue, 'book', symbol)
    await sim.advance(1_000)
    const [snapshot, update] = client.take().flatMap((text) => readBook(venue, text) ?? [])
    assert.equal(snapshot?.isSnapshot, true)
    assert.ok((update?.previous ?? 0) > (snapshot?.last ?? Infinity))
    model.stop()
  }
})

test('a refused symbol is refused in the words of the venue', () => {
  const cases: readonly (readonly [VenueId, RegExp])[] = [
    ['binance-spot', /"code":2/],
    ['binance-derivatives', /"error":\{"code":2/],
    ['okx-spot', /"60018"/],
    ['deribit', /"result":\[\]/],
  ]
  for (const [venue, words] of cases) {
    const { model } = emulate(venue)
    const symbol = model.symbols[0] ?? ''
    const client = connect(model, PATHS[venue].book)
    model.faults.set({ name: 'refuse', symbol, times: 1 })
    subscribe(client, venue, 'book', symbol)
    assert.match(client.take().join(''), words)
    model.stop()
  }
})

test('a fault strikes its share of the frames', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000), fc.constantFrom(0.1, 0.5, 0.9), async (seed, share) => {
      const { sim, model } = emulate('deribit', { seed })
      const client = connect(model, PATHS.deribit.book)
      subscribe(client, 'deribit', 'book', 'BTC-PERPETUAL')
      client.take()
      model.faults.set({ name: 'drop', share })
      await sim.advance(60_000)
      model.stop()
      const dropped = model.faults.struck.get('drop') ?? 0
      const sent = client.take().length
      assert.ok(Math.abs(dropped / (dropped + sent) - share) < 0.1, `${dropped} of ${dropped + sent}`)
    }),
    { numRuns: 9 },
  )
})
