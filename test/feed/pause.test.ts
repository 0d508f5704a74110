import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VENUE_IDS } from '../../src/core/ids.ts'
import type { Instrument } from '../../src/core/instrument.ts'
import { worstOf } from '../../src/feed/worst.ts'
import { onlooker } from './onlooker.ts'
import { FeedRig, HOST } from './rig.ts'

/** All but the first `kept` of the model's symbols. */
const butFirst =
  (rig: FeedRig, kept = 1) =>
  ({ symbol }: Instrument): boolean =>
    !rig.model.symbols.slice(0, kept).includes(symbol)

async function running(rig: FeedRig): Promise<void> {
  rig.feed.start()
  assert.ok(await rig.until(3, 5_000), `${rig.live} books live`)
  await rig.sim.advance(30_000)
}

/** Epoch and owner of the book at `slot`: neither changes while nobody touches it. */
function bookAt(rig: FeedRig, slot: number): readonly [epoch: number | undefined, owner: number | undefined] {
  const book = rig.pipeline?.streams[slot]?.book
  return [book?.epoch, book?.owner]
}

for (const id of VENUE_IDS) {
  test(`${id}: what is paused is left, told as a gap and comes back; what is not is never touched`, async () => {
    const rig = new FeedRig(id)
    const other = onlooker(id, HOST, rig.sim, rig.model.symbols.slice(0, 3))
    await running(rig)
    const kept = bookAt(rig, 0)
    rig.feed.pause(butFirst(rig))
    await rig.sim.advance(60_000)
    const status = rig.feed.status()
    assert.deepEqual([status.paused, status.counts.streams, status.counts.booksLive, rig.live], [2, 2, 1, 1])
    assert.deepEqual(
      rig.of('gap_opened').map(({ symbol, cause }) => [symbol, cause]),
      rig.model.symbols.slice(1, 3).map((symbol) => [symbol, 'shed']),
    )
    assert.deepEqual(rig.of('stream_silent'), [])
    rig.feed.resume()
    assert.ok(await rig.until(3, 20_000), `${rig.live} books live again`)
    await rig.sim.advance(30_000)
    const closed = rig.of('gap_closed')
    for (const symbol of rig.model.symbols.slice(1, 3)) {
      const causes = closed.filter((event) => event.symbol === symbol)
      assert.ok(causes.every(({ cause }) => cause === 'shed'))
      assert.deepEqual(
        causes.map(({ channel }) => channel).toSorted(),
        ['book', 'trade'],
        `${symbol}: one gap of each`,
      )
    }
    assert.equal(closed.length, 4)
    assert.deepEqual(bookAt(rig, 0), kept)
    const { sockets, paused } = rig.feed.status()
    assert.deepEqual([paused, sockets.actual], [0, sockets.desired])
    assert.equal(rig.feed.pausings(butFirst(rig)), 2)
    void other.stop()
    await rig.stop()
    assert.equal(rig.sim.armedTimers, 0)
  })
}

test('where everything is paused no socket is open, and none is opened until it is resumed', async () => {
  const rig = new FeedRig('okx-spot')
  await running(rig)
  rig.feed.pause(() => true)
  await rig.sim.advance(60_000)
  assert.equal(rig.feed.status().sockets.actual, 0)
  assert.deepEqual(
    rig.of('gap_opened').map(({ cause }) => cause),
    ['shed', 'shed', 'shed'],
  )
  rig.feed.resume()
  assert.ok(await rig.until(3, 20_000))
  await rig.stop()
})

test('what is paused before the instruments are known is not collected, and no gap is told of it', async () => {
  const rig = new FeedRig('binance-spot')
  rig.feed.pause(butFirst(rig))
  rig.feed.start()
  await rig.sim.advance(30_000)
  assert.deepEqual([rig.live, rig.feed.status().paused], [1, 2])
  rig.feed.resume()
  assert.ok(await rig.until(3, 20_000))
  assert.equal(rig.counts.gaps, 0)
  await rig.stop()
})

test('a later list of instruments brings nothing back that is paused', async () => {
  const rig = new FeedRig('deribit', { timing: { catalogueMs: 30_000 } })
  await running(rig)
  rig.feed.pause(butFirst(rig))
  await rig.sim.advance(120_000)
  assert.ok(rig.of('instruments_loaded').length >= 4)
  assert.deepEqual([rig.live, rig.feed.status().counts.streams], [1, 2])
  assert.equal(
    rig.feed.pausings(() => true),
    2,
    'paused once',
  )
  await rig.stop()
})

test('pausing more, then less, and the same twice: each instrument is paused once for each time', async () => {
  const rig = new FeedRig('okx-derivatives')
  await running(rig)
  rig.feed.pause(butFirst(rig, 2))
  rig.feed.pause(butFirst(rig, 2))
  await rig.sim.advance(10_000)
  rig.feed.pause(butFirst(rig, 1))
  await rig.sim.advance(10_000)
  rig.feed.pause(butFirst(rig, 2))
  assert.ok(await rig.until(2, 20_000))
  assert.deepEqual([rig.feed.pausings(() => true), rig.feed.status().paused], [2, 1])
  rig.feed.resume()
  assert.ok(await rig.until(3, 20_000))
  assert.deepEqual(
    rig.of('gap_opened').map(({ cause }) => cause),
    ['shed', 'shed'],
  )
  await rig.stop()
})

test('what is paused while its socket is lost keeps the cause of its gap, and comes back', async () => {
  const rig = new FeedRig('binance-spot')
  await running(rig)
  rig.model.faults.set({ name: 'refuse' })
  rig.sim.network.disconnect(HOST)
  await rig.sim.advance(1_000)
  rig.feed.pause(() => true)
  rig.model.faults.clear()
  await rig.sim.advance(60_000)
  assert.equal(rig.feed.status().sockets.actual, 0)
  rig.feed.resume()
  assert.ok(await rig.until(3, 30_000))
  await rig.sim.advance(30_000)
  const causes = new Set(rig.of('gap_closed').map(({ cause }) => cause))
  assert.deepEqual(causes, new Set(['disconnected']))
  await rig.stop()
})

test('the connection that is worst off is replaced without a gap, and not while it is being replaced', async () => {
  const rig = new FeedRig('okx-spot')
  await running(rig)
  const number = rig.feed.status().sessions[0]?.number
  rig.feed.worst()?.replace()
  assert.equal(rig.feed.worst(), undefined)
  await rig.sim.advance(90_000)
  assert.deepEqual(
    rig.of('rotation').map(({ step }) => step),
    ['begun', 'done'],
  )
  assert.notEqual(rig.feed.status().sessions[0]?.number, number)
  assert.deepEqual([rig.live, rig.counts.gaps, rig.endedEarly], [3, 0, 0])
  assert.ok(rig.feed.worst() !== undefined)
  await rig.stop()
})

test('the worst is the one that failed most often, then the one without data for longest; of none there is none', () => {
  const calm = { attempt: 0, quietUs: 10 }
  const quiet = { attempt: 0, quietUs: 5_000 }
  const failed = { attempt: 2, quietUs: 1 }
  assert.equal(worstOf([calm, quiet]), quiet)
  assert.equal(worstOf([calm, failed, quiet]), failed)
  assert.equal(worstOf([]), undefined)
})
