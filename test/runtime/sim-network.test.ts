import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import type { HttpAnswer, SocketEnd } from '../../src/runtime/runtime.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { Endpoint, EndpointPeer } from '../../src/runtime/sim-socket.ts'

const OPTIONS = { handshakeMs: 5_000, messageLimitBytes: 1_000 }
const ADDRESS = 'wss://venue.test:9443/ws?a=1'

/** A server that answers each message with `re: <message>` and writes down what it hears. */
function echo() {
  const heard: string[] = []
  const peers: EndpointPeer[] = []
  const endpoint: Endpoint = {
    connect: (path, peer) => {
      heard.push(`connect ${path}`)
      peers.push(peer)
      peer.send('hello')
      return {
        receive: (text) => {
          heard.push(text)
          peer.send(`re: ${text}`)
        },
        pong: (payload) => heard.push(`pong ${payload}`),
        pinged: () => heard.push('pinged'),
        ended: () => heard.push('ended'),
      }
    },
    request: (path, reply) => reply({ status: 200, headers: { 'X-Weight': '7' }, body: `asked ${path}` }),
  }
  return { endpoint, heard, peers }
}

function setUp(endpoint: Endpoint, seed = 1) {
  const sim = new Simulation({ seed })
  sim.network.register('venue.test:9443', endpoint)
  const events: string[] = []
  const ends: SocketEnd[] = []
  const open = (url = ADDRESS) =>
    sim.sockets.open(url, OPTIONS, {
      onOpen: () => events.push('open'),
      onFrame: (bytes) => events.push(Buffer.from(bytes).toString()),
      onPing: () => events.push('ping'),
      onPong: () => events.push('pong'),
      onEnd: (end) => {
        events.push('end')
        ends.push(end)
      },
    })
  return { sim, events, ends, open }
}

test('a socket opens, carries messages both ways in order, and closes', async () => {
  const { endpoint, heard } = echo()
  const { sim, events, ends, open } = setUp(endpoint)
  const socket = open()
  assert.throws(() => socket.send('early'), /not open/)
  await sim.advance(100)
  for (const text of ['1', '2', 'ü']) socket.send(text)
  assert.equal(socket.unsentBytes, 4)
  await sim.advance(100)
  assert.equal(socket.unsentBytes, 0)
  socket.close(1000, 'bye')
  await sim.advance(100)
  assert.deepEqual(events, ['open', 'hello', 're: 1', 're: 2', 're: ü', 'end'])
  assert.deepEqual(heard, ['connect /ws?a=1', '1', '2', 'ü', 'ended'])
  assert.deepEqual(ends, [{ code: 1000, reason: 'bye' }])
  assert.equal(sim.network.openSockets('venue.test:9443'), 0)
  assert.equal(sim.armedTimers, 0)
})

test('pings of either side are answered and reported', async () => {
  const { endpoint, heard, peers } = echo()
  const { sim, events, open } = setUp(endpoint)
  const socket = open()
  await sim.advance(100)
  peers[0]?.ping('42')
  socket.ping()
  await sim.advance(100)
  assert.deepEqual(events.toSorted(), ['hello', 'open', 'ping', 'pong'])
  assert.deepEqual(heard.slice(1).toSorted(), ['pinged', 'pong 42'])
})

test('a refused handshake ends with its status and Retry-After', async () => {
  const refusing: Endpoint = {
    connect: () => ({ refused: 429, headers: { 'Retry-After': '30' }, body: '' }),
    request: () => undefined,
  }
  const { sim, events, ends, open } = setUp(refusing)
  open()
  await sim.advance(100)
  assert.deepEqual(events, ['end'])
  assert.deepEqual(ends, [
    { code: 1006, reason: 'HTTP 429', status: 429, failure: 'refused', retryAfterMs: 30_000 },
  ])
})

test('a host that nobody registered does not resolve, a refusing one is unreachable', async () => {
  const { sim, ends, open } = setUp(echo().endpoint)
  open('wss://other.test/')
  await sim.advance(100)
  sim.network.block('venue.test:9443', 'refuse')
  open()
  await sim.advance(100)
  assert.deepEqual(
    ends.map(({ failure }) => failure),
    ['dns', 'unreachable'],
  )
})

test('a handshake that hangs ends at its deadline', async () => {
  const { sim, ends, open } = setUp(echo().endpoint)
  sim.network.block('venue.test:9443', 'hang')
  open()
  await sim.advance(4_999)
  assert.equal(ends.length, 0)
  await sim.advance(1)
  assert.equal(ends[0]?.failure, 'timeout')
  assert.equal(sim.network.openSockets('venue.test:9443'), 0)
})

test('closing before it is open ends it, and it never opens', async () => {
  const { sim, events, open } = setUp(echo().endpoint)
  open().close(1000, '')
  assert.deepEqual(events, [])
  await sim.advance(10_000)
  assert.deepEqual(events, ['end'])
})

test('through a half-open connection nothing passes, and only our own close ends it, after 3 s', async () => {
  const { endpoint, heard, peers } = echo()
  const { sim, events, ends, open } = setUp(endpoint)
  const socket = open()
  await sim.advance(100)
  assert.equal(sim.network.halfOpen('venue.test:9443'), 1)
  socket.send('lost')
  peers[0]?.send('lost too')
  await sim.advance(600_000)
  assert.deepEqual(events, ['open', 'hello'])
  assert.equal(socket.unsentBytes, 4)
  socket.close(1000, '')
  await sim.advance(2_999)
  assert.equal(ends.length, 0)
  await sim.advance(1)
  assert.deepEqual(ends, [{ code: 1006, reason: 'close not answered' }])
  await sim.advance(60_000)
  assert.deepEqual(heard.slice(1), ['ended'])
})

test('a disconnect reaches both ends, and loses what was on its way', async () => {
  const { endpoint, heard, peers } = echo()
  const { sim, events, open } = setUp(endpoint)
  open()
  await sim.advance(100)
  peers[0]?.send('on its way')
  assert.equal(sim.network.disconnect('venue.test:9443'), 1)
  await sim.advance(100)
  assert.deepEqual(events, ['open', 'hello', 'end'])
  assert.deepEqual(heard.slice(1), ['ended'])
})

test('what the server said before its close arrives, what it says afterwards does not', async () => {
  const { endpoint, heard, peers } = echo()
  const { sim, events, ends, open } = setUp(endpoint)
  open()
  await sim.advance(100)
  peers[0]?.send('last')
  peers[0]?.close(1012, 'restart')
  peers[0]?.send('after')
  await sim.advance(100)
  assert.deepEqual(events, ['open', 'hello', 'last', 'end'])
  assert.deepEqual(ends, [{ code: 1012, reason: 'restart' }])
  assert.deepEqual(heard.slice(1), ['ended'])
})

test('a message over the limit ends the socket with 1009', async () => {
  const { endpoint, peers } = echo()
  const { sim, events, ends, open } = setUp(endpoint)
  open()
  await sim.advance(100)
  peers[0]?.send('x'.repeat(1_001))
  await sim.advance(100)
  assert.deepEqual(events, ['open', 'hello', 'end'])
  assert.equal(ends[0]?.code, 1009)
})

test('the bytes of a frame are only good during the call', async () => {
  const sim = new Simulation({ seed: 1 })
  sim.network.register('venue.test', echo().endpoint)
  const kept: Uint8Array[] = []
  sim.sockets.open('wss://venue.test/', OPTIONS, {
    onOpen: () => undefined,
    onFrame: (bytes) => kept.push(bytes),
    onPing: () => undefined,
    onEnd: () => undefined,
  })
  await sim.advance(100)
  assert.deepEqual(kept, [new Uint8Array(5)])
})

test('a request is answered, with header names in lower case', async () => {
  const { sim } = setUp(echo().endpoint)
  const answers: HttpAnswer[] = []
  const asked = ask(sim).then((answer) => answers.push(answer))
  await sim.advance(100)
  await asked
  assert.equal(Buffer.from(answers[0]?.body ?? []).toString(), 'asked /depth?limit=5')
  assert.deepEqual(answers[0]?.headers, { 'x-weight': '7' })
})

const ask = (sim: Simulation, bodyLimitBytes = 1_000): Promise<HttpAnswer> =>
  sim.http.get({ url: 'https://venue.test:9443/depth?limit=5', deadlineMs: 10_000, bodyLimitBytes })

async function failureOf(sim: Simulation, asked: Promise<HttpAnswer>): Promise<string> {
  const seen = asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof FailureError ? error.code : 'not coded'),
  )
  await sim.advance(10_000)
  return seen
}

test('a request fails with its code: hung, refused, cut, lost, too large', async () => {
  const silent: Endpoint = {
    connect: () => ({ refused: 404, headers: {}, body: '' }),
    request: () => undefined,
  }
  const { sim } = setUp(silent)
  assert.equal(await failureOf(sim, ask(sim)), 'timeout')
  const cut = ask(sim)
  sim.timers.after(500, () => sim.network.disconnect('venue.test:9443'))
  assert.equal(await failureOf(sim, cut), 'unreachable')
  sim.network.block('venue.test:9443', 'refuse')
  assert.equal(await failureOf(sim, ask(sim)), 'unreachable')
  const answering = setUp(echo().endpoint).sim
  assert.equal(await failureOf(answering, ask(answering, 3)), 'too_large')
  const lost = ask(answering)
  answering.network.halfOpen('venue.test:9443')
  assert.equal(await failureOf(answering, lost), 'timeout')
})

async function day(seed: number, steps: readonly (readonly [number, number])[]): Promise<readonly string[]> {
  const { endpoint, heard, peers } = echo()
  const { sim, events, open } = setUp(endpoint, seed)
  const sockets = []
  for (let at = 0; at < 3; at++) {
    sockets.push(open())
    await sim.advance(200)
  }
  for (const [what, which] of steps) {
    const [socket, peer] = [sockets[which], peers[which]]
    const acts = [
      () => socket?.send(`m${which}`),
      () => peer?.ping('p'),
      () => peer?.close(1001, ''),
      () => socket?.close(1000, ''),
      () => peer?.cut(),
    ]
    acts[what]?.()
    if (what >= acts.length) await sim.advance(which * 5)
  }
  await sim.advance(70_000)
  assert.equal(sim.network.openSockets('venue.test:9443'), sockets.length - count(events, 'end'))
  return [...heard, ...events]
}
const count = (all: readonly string[], what: string): number => all.filter((each) => each === what).length

test('the same seed gives the same day, and every end is told once on both sides', async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 })), {
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(fc.integer(), steps, async (seed, plan) => {
      const seen = await day(seed, plan)
      assert.deepEqual(await day(seed, plan), seen)
      const ended = new Set(plan.filter(([what]) => what >= 2 && what <= 4).map(([, which]) => which)).size
      assert.equal(count(seen, 'end'), ended)
      assert.equal(count(seen, 'ended'), ended)
    }),
    { numRuns: 60 },
  )
})
