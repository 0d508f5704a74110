import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Columns } from '../../src/core/columns.ts'
import { Connects } from '../../src/feed/connects.ts'
import type { FrameTaker, StreamRef } from '../../src/feed/frames.ts'
import { SocketRegistry } from '../../src/feed/registry.ts'
import { Session } from '../../src/feed/session.ts'
import { FEED_TIMING } from '../../src/feed/timing.ts'
import type { Sockets } from '../../src/runtime/runtime.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import type { Endpoint, EndpointPeer } from '../../src/runtime/sim-socket.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { okxSpot } from '../../src/venues/okx/venue.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'

const HOST = 'venue.test'
const TRADE = {
  'binance-spot':
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}}',
  'okx-spot':
    '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"1","px":"1","sz":"1","side":"buy","ts":"1","count":"1"}]}',
}

/** How a scripted peer behaves on one socket. */
interface Mood {
  readonly accepts: () => 'yes' | 'no' | 'hang' | 'limited'
  /** Answers to the requests of a socket. */
  readonly answers: (text: string, peer: EndpointPeer) => void
  /** Called each second of an open socket. */
  readonly beats: (peer: EndpointPeer) => void
}

function endpointOf(sim: Simulation, mood: Mood): Endpoint {
  return {
    connect: (_path, peer) => {
      const how = mood.accepts()
      if (how === 'limited') return { refused: 429, headers: { 'Retry-After': '5' }, body: '' }
      if (how === 'no') return { refused: 503, headers: {}, body: '' }
      let isOver = false
      const beat = (): void => {
        if (isOver) return
        mood.beats(peer)
        sim.timers.after(1_000, beat)
      }
      if (how === 'yes') sim.timers.after(1_000, beat)
      return {
        receive: (text) => mood.answers(text, peer),
        pong: () => undefined,
        pinged: () => undefined,
        ended: () => {
          isOver = true
        },
      }
    },
    request: () => undefined,
  }
}

/** The acknowledgement of a Binance request. */
function acknowledge(text: string, peer: EndpointPeer): void {
  const { id }: { id: number } = JSON.parse(text)
  peer.send(`{"result":null,"id":${id}}`)
}

function acknowledgeBitcoin(text: string, peer: EndpointPeer): void {
  if (text.includes('btcusdt')) acknowledge(text, peer)
}

const KIND: Mood = {
  accepts: () => 'yes',
  answers: acknowledge,
  beats: (peer) => peer.send(TRADE['binance-spot']),
}

interface Told {
  readonly carried: Map<number, readonly StreamRef[]>
  readonly ended: { readonly session: number; readonly cause: string }[]
}

/** A session before a scripted peer, on virtual time. */
function rig(
  mood: Mood,
  options: {
    readonly seed?: number
    readonly venue?: Venue
    readonly keys?: readonly string[]
    /** In place of the simulated ones. */
    readonly sockets?: Sockets
  } = {},
) {
  const { seed = 1, venue = binanceSpot, keys = ['btcusdt@trade'] } = options
  const sim = new Simulation({ seed })
  sim.network.register(HOST, endpointOf(sim, mood))
  const registry = new SocketRegistry(options.sockets ?? sim.sockets, sim.clock)
  const connects = new Connects(venue.limits.connects)
  const symbols = new Symbols(['BTCUSDT', 'BTC-USDT'])
  const columns = new Columns()
  const told: Told = { carried: new Map(), ended: [] }
  const taker: FrameTaker = {
    frame: (session, bytes) => {
      assert.ok(told.carried.has(session), 'frames come only of sessions that carry')
      try {
        venue.decode(bytes, symbols, columns)
        return columns
      } catch {
        return undefined
      }
    },
    snapshot: () => 'ignored',
    carries: (session, streams) => void told.carried.set(session, streams),
    ended: (session, _streams, cause) => {
      assert.ok(told.carried.delete(session), 'what ends was carried')
      told.ended.push({ session, cause })
    },
    pending: () => [],
  }
  const states: string[] = []
  const refused: string[] = []
  const streams = keys.map((key, slot) => ({ slot, channel: 'trade' as const, key }))
  const given = {
    venue,
    streamHost: `wss://${HOST}`,
    runtime: sim,
    registry,
    connects,
    timing: FEED_TIMING,
    taker,
  }
  const session = new Session('/stream', streams, given, {
    changed: ({ state }) => states.push(state.name),
    data: () => undefined,
    closing: () => states.push('closing notice'),
    refused: (_session, stream) => refused.push(stream.key),
    maintenance: () => undefined,
  })
  const sweep = sim.timers.every(1_000, () => {
    assert.ok(registry.counts().actual <= 1, 'one socket at a time')
    session.sweep(sim.clock.steadyUs())
  })
  const stop = async (): Promise<void> => {
    session.stop()
    sweep.cancel()
    await sim.advance(100_000)
  }
  return { sim, session, registry, connects, told, states, refused, stop }
}

test('a session becomes live, and says what it carries before any frame', async () => {
  const { sim, session, told, states, stop } = rig(KIND)
  session.start()
  await sim.advance(5_000)
  assert.deepEqual(states, ['connecting', 'subscribing', 'live'])
  assert.deepEqual([...told.carried.keys()], [session.number])
  await stop()
  assert.deepEqual(told.ended, [{ session: 1, cause: 'disconnected' }])
})

test('for any seed of a hostile peer: one socket at a time, live soon after it is healed, nothing left after stop', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new SeededRandom(seed)
      let isHealed = false
      const says = (): number => (isHealed ? 0 : random.next())
      const mood: Mood = {
        accepts: () => {
          const dice = says()
          if (dice < 0.5) return 'yes'
          if (dice < 0.7) return 'no'
          return dice < 0.9 ? 'hang' : 'limited'
        },
        answers: (text, peer) => {
          const dice = says()
          if (dice < 0.7) acknowledge(text, peer)
          else if (dice < 0.8) peer.send('{"error":{"code":2,"msg":"no"},"id":1}')
          else if (dice < 0.85) peer.send('nonsense')
        },
        beats: (peer) => {
          const dice = says()
          if (dice < 0.9) peer.send(TRADE['binance-spot'])
          else if (dice < 0.93) peer.send('nonsense')
          else if (dice > 0.99) peer.cut()
          else if (dice > 0.98) peer.close(1001, 'going away')
        },
      }
      const { sim, session, registry, told, stop } = rig(mood, { seed })
      session.start()
      await sim.advance(1_800_000)
      sim.network.halfOpen(HOST)
      await sim.advance(600_000)
      isHealed = true
      const isLive = await sim.runUntil(() => session.state.name === 'live', 180_000)
      assert.ok(isLive, `still ${session.state.name}`)
      await stop()
      assert.equal(sim.network.openSockets(HOST), 0)
      assert.equal(registry.counts().actual, 0)
      assert.equal(told.carried.size, 0)
      assert.equal(sim.armedTimers, 0)
    }),
    { numRuns: 20 },
  )
})

/** Ten minutes before a peer that cuts every fifth second. */
async function cutDay(): Promise<string[]> {
  const random = new SeededRandom(7)
  const beats = (peer: EndpointPeer): void => void (random.next() < 0.2 && peer.cut())
  const { sim, session, states, stop } = rig({ ...KIND, beats })
  session.start()
  await sim.advance(600_000)
  await stop()
  return states
}

test('the same seed gives the same day', async () => {
  const states = await cutDay()
  assert.ok(states.length > 100)
  assert.deepEqual(await cutDay(), states)
})

test('a socket that says nothing at all is given up, but not while it waits for its turn', async () => {
  const mute = { send: () => undefined, ping: () => undefined, close: () => undefined, unsentBytes: 0 }
  const { sim, session, connects, registry, stop } = rig(KIND, { sockets: { open: () => mute } })
  connects.holdUntil(60_000_000)
  session.start()
  await sim.advance(59_000)
  assert.deepEqual([session.state.name, registry.counts().actual], ['connecting', 0])
  await sim.advance(1_000 + FEED_TIMING.handshakeMs)
  assert.deepEqual([session.state.name, registry.counts().opening], ['connecting', 1])
  await sim.advance(2_000)
  assert.deepEqual([session.reason, registry.counts().closing], ['handshake timeout', 1])
  await stop()
})

test('a key that is never acknowledged costs one socket, and is then left out', async () => {
  const venue: Venue = {
    ...binanceSpot,
    subscribe: (keys, ids) => keys.flatMap((key) => binanceSpot.subscribe([key], ids)),
  }
  const { sim, session, refused, registry, stop } = rig(
    { ...KIND, answers: acknowledgeBitcoin },
    { venue, keys: ['btcusdt@trade', 'ethusdt@trade'] },
  )
  session.start()
  await sim.advance(120_000)
  assert.equal(session.state.name, 'live')
  assert.equal(session.number, 2)
  assert.deepEqual(refused, ['ethusdt@trade'])
  assert.equal(registry.counts().actual, 1)
  await stop()
})

test('three malformed frames within a minute cost the socket', async () => {
  const { sim, session, told, stop } = rig({ ...KIND, beats: (peer) => peer.send('{"e":') })
  session.start()
  await sim.advance(4_500)
  assert.deepEqual(told.ended, [{ session: 1, cause: 'malformed' }])
  await stop()
})

test('a half-open socket is given up after the silence that its venue allows', async () => {
  const { sim, session, told, stop } = rig(KIND)
  session.start()
  await sim.advance(5_000)
  sim.network.halfOpen(HOST)
  await sim.advance(binanceSpot.heartbeat.silenceMs + 2_000)
  assert.deepEqual(told.ended, [{ session: 1, cause: 'silent' }])
  await stop()
})

test('a venue that wants a text ping gets one when nothing came for a while, and only then', async () => {
  const said: string[] = []
  let isTalking = true
  const mood: Mood = {
    accepts: () => 'yes',
    answers: (text, peer) => {
      said.push(text)
      if (text === 'ping') peer.send('pong')
      else peer.send('{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a"}')
    },
    beats: (peer) => void (isTalking && peer.send(TRADE['okx-spot'])),
  }
  const { sim, session, stop } = rig(mood, { venue: okxSpot, keys: ['trades:BTC-USDT'] })
  session.start()
  await sim.advance(60_000)
  assert.deepEqual(
    said.filter((text) => text === 'ping'),
    [],
  )
  isTalking = false
  await sim.advance(100_000)
  const pings = said.filter((text) => text === 'ping').length
  assert.ok(pings >= 3 && pings <= 5, `${pings} pings`)
  assert.equal(session.number, 1)
  await stop()
})

test('requests keep to the limit of the venue', async () => {
  const times: number[] = []
  const mood: Mood = {
    ...KIND,
    answers: (text, peer) => {
      times.push(sim.clock.steadyUs())
      acknowledge(text, peer)
    },
  }
  const keys = Array.from({ length: 1_000 }, (_, at) => `c${at}usdt@trade`)
  const { sim, session, stop } = rig(mood, { keys })
  sim.network.setLatency(HOST, { minMs: 5, maxMs: 5 })
  session.start()
  await sim.advance(30_000)
  assert.equal(session.state.name, 'live')
  const { count, perMs } = binanceSpot.limits.requests
  for (const [at, timeUs] of times.entries()) {
    const before = times[at - count]
    assert.ok(before === undefined || timeUs - before >= perMs * 1_000, `request ${at} came too early`)
  }
  await stop()
})
