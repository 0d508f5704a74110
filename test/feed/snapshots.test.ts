import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rest } from '../../src/feed/rest.ts'
import { IN_FLIGHT_LIMIT, Snapshots } from '../../src/feed/snapshots.ts'
import type { Endpoint, EndpointReply } from '../../src/runtime/sim-socket.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import type { Venue } from '../../src/venues/venue.ts'

type Outcome = 'joined' | 'stale' | 'ignored' | 'refused'

const HOST = 'venue.test'
const GOOD: EndpointReply = { status: 200, headers: {}, body: '{"lastUpdateId":1,"bids":[],"asks":[]}' }
const BUSY: EndpointReply = { status: 503, headers: {}, body: '{"code":-1000,"msg":"busy"}' }

/** Snapshots of a venue that answers as it is told; `outcomes` is what the taker says, one after another. */
function rig(
  options: {
    readonly replies?: () => EndpointReply
    readonly outcomes?: Outcome[]
    readonly venue?: Venue
  } = {},
) {
  const { replies = () => GOOD, outcomes = [], venue = binanceSpot } = options
  const sim = new Simulation({ seed: 11 })
  const asked: { readonly symbol: string; readonly atMs: number }[] = []
  let inFlight = 0
  let most = 0
  const endpoint: Endpoint = {
    connect: () => ({ refused: 404, headers: {}, body: '' }),
    request: (path, reply) => {
      const symbol = venue.snapshot?.symbolOf(`https://${HOST}${path}`) ?? path
      asked.push({ symbol, atMs: sim.clock.steadyUs() / 1_000 })
      most = Math.max(most, ++inFlight)
      sim.timers.after(100, () => {
        inFlight--
        reply(replies())
      })
    },
  }
  sim.network.register(HOST, endpoint, { minMs: 5, maxMs: 5 })
  const events: SystemEvent[] = []
  const taken: number[] = []
  const ready = new Set(Array.from({ length: 100 }, (_, slot) => slot))
  const rest = new Rest({
    venue,
    restHost: `https://${HOST}`,
    runtime: sim,
    emit: (event) => events.push(event),
    requestMs: 10_000,
    banned: () => undefined,
  })
  const { snapshot } = venue
  assert.ok(snapshot)
  const snapshots = new Snapshots({
    venue,
    snapshot,
    rest,
    runtime: sim,
    taker: {
      snapshot: (slot) => {
        taken.push(slot)
        return outcomes.shift() ?? 'joined'
      },
    },
    emit: (event) => events.push(event),
    depth: 1_000,
    policy: { firstMs: 500, maxMs: 60_000 },
    symbolOf: (slot) => `C${slot}USDT`,
    isReady: (slot) => ready.has(slot),
  })
  return { sim, snapshots, rest, asked, taken, events, ready, most: () => most }
}

test('asking again while one is on its way changes nothing', async () => {
  const { sim, snapshots, asked, taken } = rig()
  snapshots.want(3, 'recovery')
  snapshots.want(3, 'recovery')
  await sim.advance(50)
  snapshots.want(3, 'recovery')
  await sim.advance(10_000)
  assert.equal(asked.length, 1)
  assert.deepEqual(taken, [3])
  assert.equal(snapshots.size, 0)
})

test('no more than four are on their way at once, and all come', async () => {
  const { sim, snapshots, taken, most } = rig()
  for (let slot = 0; slot < 20; slot++) snapshots.want(slot, 'bootstrap')
  await sim.advance(60_000)
  assert.equal(most(), IN_FLIGHT_LIMIT)
  assert.equal(new Set(taken).size, 20)
})

test('lost books go before books that never were', async () => {
  const { sim, snapshots, asked } = rig()
  for (let slot = 0; slot < 8; slot++) snapshots.want(slot, 'bootstrap')
  snapshots.want(9, 'recovery')
  await sim.advance(10_000)
  const order = asked.map(({ symbol }) => symbol)
  assert.ok(order.indexOf('C9USDT') <= IN_FLIGHT_LIMIT, order.join(' '))
  assert.equal(order.length, 9)
})

test('a renewal is asked for too, after everything that is more urgent', async () => {
  const { sim, snapshots, asked, taken } = rig()
  snapshots.want(0, 'audit')
  for (let slot = 1; slot < 8; slot++) snapshots.want(slot, 'audit')
  snapshots.want(9, 'recovery')
  await sim.advance(10_000)
  const order = asked.map(({ symbol }) => symbol)
  assert.ok(order.indexOf('C9USDT') <= IN_FLIGHT_LIMIT, order.join(' '))
  assert.equal(new Set(taken).size, 9)
  assert.equal(snapshots.size, 0)
})

test('a book that is lost while its renewal waits becomes urgent', async () => {
  const { sim, snapshots, asked } = rig()
  for (let slot = 0; slot < 8; slot++) snapshots.want(slot, 'audit')
  snapshots.want(7, 'recovery')
  await sim.advance(10_000)
  const order = asked.map(({ symbol }) => symbol)
  assert.ok(order.indexOf('C7USDT') <= IN_FLIGHT_LIMIT, order.join(' '))
  assert.equal(order.length, 8)
})

test('failures are told and tried again until one succeeds', async () => {
  let failures = 5
  const { sim, snapshots, taken, events } = rig({ replies: () => (failures-- > 0 ? BUSY : GOOD) })
  snapshots.want(0, 'recovery')
  await sim.advance(120_000)
  const told = events.flatMap((event) => (event.type === 'snapshot_failed' ? [event.attempt] : []))
  assert.deepEqual(told, [1, 2, 3, 4, 5])
  assert.deepEqual(taken, [0])
  assert.equal(sim.armedTimers, 0)
})

test('stale ones are asked for again: three times quickly, then ever more rarely, but always', async () => {
  const { sim, snapshots, asked, taken } = rig({ outcomes: Array.from({ length: 12 }, () => 'stale') })
  snapshots.want(0, 'recovery')
  await sim.advance(300_000)
  assert.equal(taken.length, 13)
  assert.equal(snapshots.size, 0)
  const gaps = asked.slice(1).map(({ atMs }, at) => atMs - (asked[at]?.atMs ?? 0))
  assert.ok(
    gaps.slice(0, 3).every((gap) => gap < 600),
    gaps.join(' '),
  )
  assert.ok(
    gaps.every((gap) => gap < 10_500),
    gaps.join(' '),
  )
})

test('a refused snapshot is told, and asked for again', async () => {
  const { sim, snapshots, taken, events } = rig({ outcomes: ['refused'] })
  snapshots.want(0, 'recovery')
  await sim.advance(10_000)
  assert.deepEqual(taken, [0, 0])
  assert.equal(events.filter(({ type }) => type === 'snapshot_failed').length, 1)
})

test('what is not wanted any more is taken back, also while it is on its way', async () => {
  const { sim, snapshots, taken } = rig()
  snapshots.want(0, 'recovery')
  await sim.advance(50)
  snapshots.done(0)
  await sim.advance(10_000)
  assert.deepEqual(taken, [])
  snapshots.want(0, 'recovery')
  await sim.advance(10_000)
  assert.deepEqual(taken, [0])
})

test('a book without deltas waits until it is ready', async () => {
  const { sim, snapshots, asked, taken, ready } = rig()
  ready.delete(0)
  snapshots.want(0, 'bootstrap')
  await sim.advance(60_000)
  assert.equal(asked.length, 0)
  ready.add(0)
  snapshots.pump()
  await sim.advance(1_000)
  assert.deepEqual(taken, [0])
})

test('while the venue wants silence nothing is asked at all', async () => {
  const limited: EndpointReply = {
    status: 429,
    headers: { 'Retry-After': '30' },
    body: '{"code":-1003,"msg":"x"}',
  }
  let isFirst = true
  const { sim, snapshots, asked, rest } = rig({
    replies: () => {
      const reply = isFirst ? limited : GOOD
      isFirst = false
      return reply
    },
  })
  snapshots.want(0, 'recovery')
  await sim.advance(1_000)
  assert.ok(rest.heldMs > 28_000)
  for (let slot = 1; slot < 5; slot++) snapshots.want(slot, 'recovery')
  await sim.advance(28_000)
  assert.equal(asked.length, 1)
  await sim.advance(60_000)
  assert.equal(snapshots.size, 0)
})

test('a budget that is spent delays, and loses nothing', async () => {
  const venue: Venue = {
    ...binanceSpot,
    limits: { ...binanceSpot.limits, weight: { count: 600, perMs: 60_000 } },
  }
  const { sim, snapshots, taken, asked } = rig({ venue })
  for (let slot = 0; slot < 20; slot++) snapshots.want(slot, 'recovery')
  await sim.advance(10_000)
  const early = asked.length
  assert.ok(early >= 1 && early < 20, `${early} at once`)
  await sim.advance(1_200_000)
  assert.equal(taken.length, 20)
})

test('after stop nothing is asked, taken, or armed', async () => {
  const { sim, snapshots, rest, asked, taken } = rig({ replies: () => BUSY })
  for (let slot = 0; slot < 10; slot++) snapshots.want(slot, 'recovery')
  await sim.advance(150)
  const before = asked.length
  snapshots.stop()
  rest.stop()
  await sim.advance(60_000)
  assert.equal(asked.length, before)
  assert.deepEqual(taken, [])
  assert.equal(sim.armedTimers, 0)
})
