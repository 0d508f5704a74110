import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SocketRegistry } from '../../src/feed/registry.ts'
import type { SocketHandlers } from '../../src/runtime/runtime.ts'
import { Simulation } from '../../src/runtime/sim.ts'

const QUIET: SocketHandlers = {
  onOpen: () => undefined,
  onFrame: () => undefined,
  onPing: () => undefined,
  onEnd: () => undefined,
}

function rig() {
  const sim = new Simulation({ seed: 3 })
  sim.network.register('venue.test', {
    connect: () => ({
      receive: () => undefined,
      pong: () => undefined,
      pinged: () => undefined,
      ended: () => undefined,
    }),
    request: () => undefined,
  })
  const registry = new SocketRegistry(sim.sockets, sim.clock)
  const open = (venue: 'binance-spot' | 'deribit' = 'deribit') =>
    registry.open({
      venue,
      owner: '/stream',
      url: 'wss://venue.test/stream',
      options: { handshakeMs: 5_000, messageLimitBytes: 1_000 },
      handlers: () => QUIET,
    })
  return { sim, registry, open }
}

test('a socket is counted from its opening to its end, by state', async () => {
  const { sim, registry, open } = rig()
  const { socket } = open()
  assert.deepEqual(registry.counts(), { opening: 1, open: 0, closing: 0, actual: 1, desired: 0, peak: 1 })
  await sim.advance(100)
  assert.equal(registry.counts().open, 1)
  socket.close(1_000, 'done')
  assert.equal(registry.counts().closing, 1)
  await sim.advance(100)
  assert.deepEqual(registry.counts(), { opening: 0, open: 0, closing: 0, actual: 0, desired: 0, peak: 1 })
})

test('numbers are never used twice', async () => {
  const { sim, registry, open } = rig()
  const first = open()
  first.socket.close(1_000, 'done')
  await sim.advance(4_000)
  const second = open()
  assert.notEqual(second.number, first.number)
  assert.deepEqual(
    registry.list().map(({ number }) => number),
    [second.number],
  )
  second.socket.close(1_000, 'done')
  await sim.advance(4_000)
})

test('counts of one venue do not mix with those of another', () => {
  const { registry, open } = rig()
  open('binance-spot')
  open('deribit')
  registry.desire('deribit', 2)
  assert.equal(registry.counts('deribit').actual, 1)
  assert.equal(registry.counts('deribit').desired, 2)
  assert.equal(registry.counts('okx-spot').actual, 0)
  assert.equal(registry.counts().actual, 2)
  assert.equal(registry.counts().desired, 2)
})

test('a socket of a dead network ends too, and the registry returns to zero', async () => {
  const { sim, registry, open } = rig()
  const sockets = Array.from({ length: 20 }, () => open().socket)
  await sim.advance(100)
  sim.network.halfOpen('venue.test')
  for (const socket of sockets) socket.close(1_000, 'done')
  await sim.advance(2_900)
  assert.equal(registry.counts().closing, 20)
  await sim.advance(200)
  assert.equal(registry.counts().actual, 0)
  assert.equal(registry.counts().peak, 20)
})
