import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { FeedRig, HOST } from './rig.ts'

for (const id of VENUE_IDS) {
  test(`${id}: from nothing to live books within seconds, and to nothing again`, async () => {
    const rig = new FeedRig(id)
    rig.feed.start()
    assert.ok(await rig.until(3, 5_000), `${rig.live} books live`)
    await rig.sim.advance(60_000)
    const status = rig.feed.status()
    assert.equal(status.state, 'running')
    assert.deepEqual([status.counts.booksLive, status.counts.heard], [3, 6])
    assert.equal(status.sockets.actual, status.sockets.desired)
    assert.equal(rig.counts.gaps, 0)
    await rig.stop()
    assert.equal(rig.feed.status().state, 'stopped')
    assert.equal(rig.registry.counts().actual, 0)
    assert.equal(rig.sim.armedTimers, 0)
  })
}

test('one mute book is found, told, and subscribed to anew; its neighbours and its socket stay', async () => {
  const rig = new FeedRig('okx-spot')
  rig.feed.start()
  await rig.until(3, 5_000)
  await rig.sim.advance(120_000)
  const symbol = rig.model.symbols[1] ?? ''
  rig.model.faults.set({ name: 'mute', symbol, channel: 'book' })
  await rig.sim.advance(13_000)
  assert.deepEqual(
    rig.of('stream_silent').map((event) => [event.symbol, event.channel]),
    [[symbol, 'book']],
  )
  assert.deepEqual(
    rig.of('gap_opened').map((event) => [event.symbol, event.cause]),
    [[symbol, 'silent']],
  )
  rig.model.faults.clear()
  assert.ok(await rig.until(3, 30_000))
  assert.equal(rig.of('session_changed').filter(({ state }) => state === 'waiting').length, 0)
  await rig.stop()
})

test('a venue that turns this place away is told once, and probed each quarter of an hour', async () => {
  const rig = new FeedRig('binance-spot')
  rig.model.faults.set({ name: 'http_451' })
  rig.feed.start()
  await rig.sim.advance(3_600_000)
  assert.deepEqual(
    rig.of('venue_unreachable').map(({ code }) => code),
    ['geo_blocked'],
  )
  const refused = rig.of('rest_refused').length
  assert.ok(refused >= 4 && refused <= 5, `${refused} attempts`)
  assert.equal(rig.feed.status().unreachable?.code, 'geo_blocked')
  rig.model.faults.clear()
  assert.ok(await rig.until(3, 1_000_000))
  assert.equal(rig.feed.status().unreachable, undefined)
  await rig.stop()
})

test('what the venue does not list is told once and left out; all else goes on', async () => {
  const rig = new FeedRig('okx-spot', {
    timing: { catalogueMs: 30_000 },
    wanted: [
      { instrument: 'BTC-USDT', channels: ['book'] },
      { instrument: 'BTC-USDTT', channels: ['book'] },
    ],
  })
  rig.feed.start()
  assert.ok(await rig.until(1, 5_000))
  await rig.sim.advance(70_000)
  assert.deepEqual(
    rig.of('instrument_unknown').map(({ symbol, hint }) => [symbol, hint]),
    [['BTC-USDTT', 'BTC-USDT']],
  )
  assert.ok(rig.of('instruments_loaded').length >= 2)
  await rig.stop()
})

test('a stop before anything was loaded ends at once, and leaves nothing', async () => {
  const rig = new FeedRig('deribit')
  rig.sim.network.block(HOST, 'hang')
  rig.feed.start()
  await rig.sim.advance(1_000)
  await rig.stop()
  assert.equal(rig.feed.status().state, 'stopped')
  await rig.sim.advance(60_000)
  assert.equal(rig.sim.armedTimers, 0)
})

test('sockets of a dead network do not keep a feed from stopping', async () => {
  const rig = new FeedRig('binance-derivatives')
  rig.feed.start()
  await rig.until(3, 5_000)
  rig.sim.network.halfOpen(HOST)
  await rig.stop()
  assert.equal(rig.registry.counts().actual, 0)
})

test('a clock that is set forward or back moves nothing', async () => {
  const rig = new FeedRig('okx-spot')
  rig.feed.start()
  await rig.until(3, 5_000)
  await rig.sim.advance(60_000)
  rig.sim.stepWall(3_600_000)
  await rig.sim.advance(20_000)
  rig.sim.stepWall(-7_200_000)
  await rig.sim.advance(20_000)
  assert.equal(rig.of('session_changed').filter(({ state }) => state === 'live').length, 1)
  assert.deepEqual(rig.of('stream_silent'), [])
  await rig.stop()
})

test('a snapshot that arrives after its socket was lost makes no book live', async () => {
  const rig = new FeedRig('binance-spot')
  rig.feed.start()
  await rig.until(3, 5_000)
  rig.sim.network.setLatency(HOST, { minMs: 2_000, maxMs: 2_000 })
  await rig.sim.advance(5_000)
  rig.model.faults.set({ name: 'sequence_reset', times: 1 })
  const isLost = await rig.sim.runUntil(() => rig.feed.status().counts.snapshotsWanted > 0, 60_000)
  assert.ok(isLost, 'a snapshot is on its way')
  rig.model.faults.set({ name: 'refuse' })
  rig.model.faults.set({ name: 'close', times: 1 })
  await rig.sim.runUntil(() => rig.feed.status().sockets.actual === 0, 60_000)
  await rig.sim.advance(10_000)
  assert.equal(rig.live, 0)
  await rig.stop()
})

test('where OKX sends no snapshot at subscription, it is asked for, and the books become live and can be lost', async () => {
  const rig = new FeedRig('okx-spot', { emulator: { okx: { sendsSnapshots: false } } })
  rig.feed.start()
  assert.ok(await rig.until(3, 30_000))
  assert.equal(rig.counts.gaps, 0)
  const [symbol = ''] = rig.model.symbols
  rig.model.faults.set({ name: 'drop', symbol, channel: 'book', times: 1 })
  assert.ok(await rig.sim.runUntil(() => rig.live === 2, 30_000), 'the loss is found')
  assert.ok(await rig.until(3, 30_000), 'and mended')
  assert.equal(rig.counts.gaps, 1)
  await rig.stop()
  assert.equal(rig.sim.armedTimers, 0)
})
