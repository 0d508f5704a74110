import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { connect, type Socket as TcpSocket } from 'node:net'
import { after, before, test } from 'node:test'
import type { VenueId } from '../../src/core/ids.ts'
import { SocketRegistry } from '../../src/feed/registry.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { type DistantVenue, type EmulatedVenues, startEmulatedVenues } from './emulated-venues.ts'
import { type LeakGateFindings, passLeakGate } from './leak-gate.ts'

const RECONNECTS = 10_000
const RECONNECTS_LIMIT_MS = 60_000
/** Enough for a leak to be told from noise. */
const PLANTED_RECONNECTS = 1_600
const WARM_UP = 800
/** Sockets of a venue at a time. */
const SOCKETS = 8
const IDLE_MS = 8_000
/** Where a venue takes a WebSocket. */
const PATHS: Readonly<Record<VenueId, string>> = {
  'binance-spot': '/stream',
  'binance-derivatives': '/stream',
  'okx-spot': '/ws/v5/public',
  'okx-derivatives': '/ws/v5/public',
  deribit: '/ws/api/v2',
}
const OPTIONS = { handshakeMs: 10_000, messageLimitBytes: 1_000_000 }

const runtime = systemRuntime()
let emulated: EmulatedVenues
before(async () => (emulated = await startEmulatedVenues()))
after(() => emulated.stop())

/** Opens sockets through a registry, and has the venues cut them. `onEach` is told of each that has ended. */
async function gate(
  reconnects: number,
  onEach: (number: number) => void,
): Promise<LeakGateFindings & { readonly ms: number }> {
  const registry = new SocketRegistry(runtime.sockets, runtime.clock)
  let ms = 0
  const findings = await passLeakGate({
    warmUp: WARM_UP,
    reconnects,
    known: () => registry.counts().actual,
    idleMs: IDLE_MS,
    timersSlack: 0,
    async reconnect(times) {
      const startMs = performance.now()
      let done = 0
      while (done < times) {
        const rounds = await Promise.all(emulated.venues.map((venue) => round(venue, registry, runtime)))
        const ended = rounds.flat()
        ended.forEach(onEach)
        done += ended.length
      }
      ms += performance.now() - startMs
      return done
    },
  })
  return { ...findings, ms }
}

/** Opens sockets and has them cut; answers their numbers once all have ended. */
async function round(
  { id, hosts }: DistantVenue,
  registry: SocketRegistry,
  { http }: Runtime,
): Promise<readonly number[]> {
  const opened: Promise<void>[] = []
  const ended = Array.from({ length: SOCKETS }, () => {
    const isOpen = Promise.withResolvers<void>()
    opened.push(isOpen.promise)
    return new Promise<number>((resolve) => {
      registry.open({
        venue: id,
        owner: 'test',
        url: hosts.stream + PATHS[id],
        options: OPTIONS,
        handlers: (number) => ({
          onOpen: () => isOpen.resolve(),
          onFrame: () => undefined,
          onPing: () => undefined,
          onEnd: ({ failure }) => {
            if (failure !== undefined) isOpen.reject(new Error(failure))
            resolve(number)
          },
        }),
      })
    })
  })
  await Promise.all(opened)
  await http.get({ url: `${hosts.rest}/emulator/cut`, deadlineMs: 10_000, bodyLimitBytes: 1_000 })
  return Promise.all(ended)
}

test(`${RECONNECTS} reconnects in a minute leave no descriptor, handle or timer, and no memory`, async (context) => {
  const { reconnects, growth, leaks, ms } = await gate(RECONNECTS, () => undefined)
  context.diagnostic(`${reconnects} in ${(ms / 1_000).toFixed(1)} s, bytes each: ${JSON.stringify(growth)}`)
  assert.ok(reconnects >= RECONNECTS)
  assert.deepEqual(leaks, [])
  assert.ok(ms < RECONNECTS_LIMIT_MS, `${ms} ms`)
})

test('the gate finds one socket in five hundred that is not closed', async () => {
  const left: TcpSocket[] = []
  const { hostname, port } = new URL(emulated.venues[0]?.hosts.rest ?? '')
  const { leaks } = await gate(PLANTED_RECONNECTS, (number) => {
    if (number > WARM_UP && number % 500 === 0)
      left.push(connect(Number(port), hostname).on('error', () => undefined))
  })
  for (const socket of left) socket.destroy()
  assert.ok(
    leaks.some((leak) => leak.startsWith('descriptors: ')),
    leaks.join('; '),
  )
  assert.ok(
    leaks.some((leak) => leak.startsWith('sockets: ')),
    leaks.join('; '),
  )
})

test('the gate finds a listener that each reconnect keeps', async () => {
  const source = new EventEmitter().setMaxListeners(0)
  const { leaks, growth } = await gate(PLANTED_RECONNECTS, (number) => {
    const state = { number, symbols: ['BTC-USDT', String(number)] }
    source.on('end', () => assert.ok(state.symbols.length > 0))
  })
  assert.ok(source.listenerCount('end') >= PLANTED_RECONNECTS)
  assert.ok(
    leaks.some((leak) => leak.endsWith('bytes of heap a reconnect')),
    `${JSON.stringify(growth)}: ${leaks.join('; ')}`,
  )
})
