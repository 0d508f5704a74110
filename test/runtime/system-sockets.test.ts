import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import { suite, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import type { EpochMicros } from '../../src/core/units.ts'
import type { Socket, SocketEnd } from '../../src/runtime/runtime.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { bareWebSocket, closedPort, held, http, type Loopback, tcp } from './loopback.ts'

const runtime = systemRuntime()

interface Recorded {
  readonly socket: Socket
  readonly events: readonly string[]
  readonly frames: readonly { readonly text: string; readonly timeUs: EpochMicros }[]
  readonly opened: Promise<void>
  readonly ended: Promise<SocketEnd>
  /** Resolves at the next frame, ping or pong. */
  readonly heard: (what: 'frame' | 'ping' | 'pong') => Promise<void>
}

/** Opens a socket and writes down what it says; a second end, or anything after the end, fails the test run. */
function open(port: number, options: { handshakeMs?: number; scheme?: string } = {}): Recorded {
  const events: string[] = []
  const frames: { text: string; timeUs: EpochMicros }[] = []
  const opened = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<SocketEnd>()
  const waiting = new Map<string, () => void>()
  const say = (what: string): void => {
    assert.ok(!events.includes('end'), `${what} after the end`)
    events.push(what)
    waiting.get(what)?.()
  }
  const socket = runtime.sockets.open(
    `${options.scheme ?? 'ws'}://127.0.0.1:${port}/ws`,
    { handshakeMs: options.handshakeMs ?? 5_000, messageLimitBytes: 100_000 },
    {
      onOpen: () => {
        say('open')
        opened.resolve()
      },
      onFrame: (bytes, timeUs) => {
        frames.push({ text: Buffer.from(bytes).toString(), timeUs })
        say('frame')
      },
      onPing: () => say('ping'),
      onPong: () => say('pong'),
      onEnd: (end) => {
        say('end')
        ended.resolve(end)
      },
    },
  )
  const heard = (what: string) => new Promise<void>((resolve) => waiting.set(what, resolve))
  return { socket, events, frames, opened: opened.promise, ended: ended.promise, heard }
}

/** A real WebSocket server; `serve` gets each peer. */
async function webSocket(
  serve: (peer: WebSocket, request: IncomingMessage) => void,
): Promise<Loopback<never>> {
  const loopback = await http((_, response) => response.end())
  const server = new WebSocketServer({ server: loopback.server, perMessageDeflate: true })
  server.on('connection', (peer, request) => {
    peer.on('error', () => undefined)
    serve(peer, request)
  })
  return loopback as Loopback<never>
}

suite('a system socket', { concurrency: true }, () => {
  test('delivers text and binary messages as bytes, stamped when read', async () => {
    await using server = await webSocket((peer) => {
      peer.send('tëxt')
      peer.send(Buffer.from('binary'))
    })
    const beforeUs = runtime.clock.now()
    const { socket, frames, heard, ended } = open(server.port)
    while (frames.length < 2) await heard('frame')
    assert.deepEqual(
      frames.map(({ text }) => text),
      ['tëxt', 'binary'],
    )
    for (const { timeUs } of frames) assert.ok(timeUs >= beforeUs && timeUs <= runtime.clock.now() + 1_000)
    socket.close(1000, '')
    await ended
  })

  test('offers no compression', async () => {
    const asked = Promise.withResolvers<IncomingMessage>()
    await using server = await webSocket((_, request) => asked.resolve(request))
    const { socket, ended } = open(server.port)
    assert.equal((await asked.promise).headers['sec-websocket-extensions'], undefined)
    socket.close(1000, '')
    await ended
  })

  test('answers pings and reports them, and reports the answers to its own', async () => {
    const ponged = Promise.withResolvers<string>()
    await using server = await webSocket((peer) => {
      peer.on('pong', (payload) => ponged.resolve(payload.toString()))
      peer.ping('1700000000000')
    })
    const { socket, heard, ended, events } = open(server.port)
    await heard('ping')
    assert.equal(await ponged.promise, '1700000000000')
    socket.ping()
    await heard('pong')
    assert.deepEqual(events, ['open', 'ping', 'pong'])
    socket.close(1000, '')
    await ended
  })

  test('throws on sending before it is open, and swallows what is sent after the end', async () => {
    await using server = await webSocket((peer) => peer.close(1001, 'going'))
    const { socket, ended } = open(server.port)
    assert.throws(() => socket.send('early'))
    assert.deepEqual(await ended, { code: 1001, reason: 'going' })
    socket.send('late')
    socket.ping()
    socket.close(1000, '')
  })

  test('closes with the code and reason it is told', async () => {
    const closed = Promise.withResolvers<string>()
    await using server = await webSocket((peer) => {
      peer.on('close', (code, reason) => closed.resolve(`${code} ${reason.toString()}`))
    })
    const { socket, opened, ended, events } = open(server.port)
    await opened
    socket.close(4000, 'rotation')
    socket.close(1000, 'twice')
    assert.equal(await closed.promise, '4000 rotation')
    assert.deepEqual(await ended, { code: 4000, reason: 'rotation' })
    assert.deepEqual(events, ['open', 'end'])
  })

  test('takes a reason longer than a close frame', async () => {
    await using server = await webSocket(() => undefined)
    const { socket, opened, ended } = open(server.port)
    await opened
    socket.close(1000, 'x'.repeat(500))
    assert.equal((await ended).reason, 'x'.repeat(123))
  })

  test('closed before it is open, ends and never opens', async () => {
    await using server = await webSocket(() => undefined)
    const { socket, ended, events } = open(server.port)
    socket.close(1000, '')
    assert.deepEqual(events, [])
    assert.equal((await ended).code, 1006)
    await server.empty()
    assert.deepEqual(events, ['end'])
  })

  test('tells the status and Retry-After of a refused handshake, whose body never ends', async () => {
    await using server = await tcp((socket) => {
      socket.write('HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 100000\r\n\r\nwait')
    })
    const { ended } = open(server.port)
    assert.deepEqual(await ended, {
      code: 1006,
      reason: 'HTTP 429',
      status: 429,
      failure: 'refused',
      retryAfterMs: 30_000,
    })
    await server.empty()
  })

  test('follows no redirect', async () => {
    await using elsewhere = await tcp(() => assert.fail('followed'))
    await using server = await tcp((socket) => {
      socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${elsewhere.port}/\r\nContent-Length: 0\r\n\r\n`,
      )
    })
    assert.equal((await open(server.port).ended).status, 302)
  })

  test('cuts a handshake that hangs, or trickles, at its deadline', async () => {
    await using hanging = await tcp(() => undefined)
    await using trickling = await tcp((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Slow: ')
      const drip = setInterval(() => socket.write('.'), 20)
      socket.on('close', () => clearInterval(drip))
    })
    for (const { server, deadlineMs } of [
      { server: hanging, deadlineMs: 100 },
      { server: trickling, deadlineMs: 300 },
    ]) {
      const end = await open(server.port, { handshakeMs: deadlineMs }).ended
      assert.deepEqual(end, {
        code: 1006,
        reason: `no handshake within ${deadlineMs} ms`,
        failure: 'timeout',
      })
      await server.empty()
    }
  })

  test('tells a port where nobody listens and a server without TLS apart', async () => {
    assert.equal((await open(await closedPort()).ended).failure, 'unreachable')
    await using plain = await http((_, response) => response.end())
    assert.equal((await open(plain.port, { scheme: 'wss' }).ended).failure, 'tls')
  })

  test('ends with the code of what it does not accept: too long, too many fragments, no UTF-8', async () => {
    const faults: readonly (readonly [number, (peer: WebSocket) => void])[] = [
      [1009, (peer) => peer.send('x'.repeat(100_001))],
      [1007, (peer) => peer.send(Buffer.from([0xc3, 0x28]), { binary: false })],
      [
        1008,
        (peer) => {
          for (let at = 0; at < 100; at++) peer.send('.', { fin: false })
        },
      ],
    ]
    for (const [code, play] of faults) {
      const closed = Promise.withResolvers<number>()
      await using server = await webSocket((peer) => {
        peer.on('close', (heard) => closed.resolve(heard))
        play(peer)
      })
      const { ended, frames } = open(server.port)
      assert.equal((await ended).code, code)
      assert.equal(await closed.promise, code)
      assert.deepEqual(frames, [])
    }
  })

  test('ends with 1006 when the connection is reset or ends without a close frame', async () => {
    await using resetting = await bareWebSocket((socket) => setImmediate(() => socket.resetAndDestroy()))
    const reset = await open(resetting.port).ended
    assert.equal(reset.code, 1006)
    assert.match(reset.reason, /ECONNRESET/)
    await using ending = await bareWebSocket((socket) => socket.end())
    assert.equal((await open(ending.port).ended).code, 1006)
  })

  test('cuts a peer that never answers the close, after 3 s', async () => {
    await using server = await bareWebSocket(() => undefined)
    const { socket, opened, ended, events } = open(server.port)
    await opened
    const startUs = runtime.clock.steadyUs()
    socket.close(1000, '')
    assert.deepEqual(await ended, { code: 1006, reason: 'close not answered' })
    const tookMs = (runtime.clock.steadyUs() - startUs) / 1_000
    assert.ok(tookMs > 2_900 && tookMs < 4_500, `${tookMs} ms`)
    assert.deepEqual(events, ['open', 'end'])
  })

  test('cuts a peer that has ended but does not take what is still to be sent', async () => {
    await using server = await bareWebSocket((socket) => {
      socket.pause()
      setImmediate(() => socket.end())
    })
    const { socket, opened, ended } = open(server.port)
    await opened
    for (let at = 0; at < 40; at++) socket.send('x'.repeat(1_000_000))
    assert.ok(socket.unsentBytes > 1_000_000)
    assert.equal((await ended).code, 1006)
  })
})

test('delivers all in its order: large and small, text and binary, whole and in fragments, with pings between', async () => {
  const messages = Array.from(
    { length: 400 },
    (_, at) => `${at} ${'x'.repeat([0, 60, 400, 70_000][at % 4] ?? 0)}`,
  )
  await using server = await webSocket((peer) => {
    for (const [at, text] of messages.entries()) {
      if (at % 7 === 0) peer.ping('now')
      if (at % 5 === 0) peer.send(Buffer.from(text))
      else if (at % 3 === 0) {
        peer.send(text.slice(0, 3), { fin: false })
        peer.send(text.slice(3), { fin: true })
      } else peer.send(text)
    }
  })
  const { socket, frames, heard, ended } = open(server.port)
  while (frames.length < messages.length) await heard('frame')
  assert.deepEqual(
    frames.map(({ text }) => text),
    messages,
  )
  socket.close(1000, '')
  await ended
})

test('delivers what comes with the answer to the handshake, in whatever parts', async () => {
  // Lengths of one and of two bytes; the second begins, where it is cut, as a frame would.
  for (const length of [100, 0x181]) {
    const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff]
    const message = Buffer.concat([Buffer.from(head), Buffer.alloc(length, '{')])
    for (const cut of [0, 1, 2, 3, 4, 50, message.length, message.length + 3]) {
      const bytes = Buffer.concat([message, message, message])
      const peer = Promise.withResolvers<TcpSocket>()
      await using server = await bareWebSocket((accepted) => peer.resolve(accepted), bytes.subarray(0, cut))
      const { frames, heard, ended, opened } = open(server.port)
      await opened
      ;(await peer.promise).write(bytes.subarray(cut))
      while (frames.length < 3) await Promise.race([heard('frame'), ended])
      assert.deepEqual(
        frames.map(({ text }) => text),
        Array.from({ length: 3 }, () => '{'.repeat(length)),
      )
      ;(await peer.promise).destroy()
      await ended
    }
  }
})

test('200 refused, hung, and reset handshakes leave no socket and no timer', async () => {
  let number = 0
  await using server = await tcp((socket) => {
    const kind = number++ % 4
    if (kind === 0)
      socket.write('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 1000\r\n\r\nnever all of it')
    if (kind === 1) socket.once('data', () => socket.resetAndDestroy())
    if (kind === 2) socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy')
  })
  const warm = await Promise.all(
    Array.from({ length: 4 }, () => open(server.port, { handshakeMs: 100 }).ended),
  )
  assert.equal(warm.length, 4)
  await server.empty()
  const before = await held()
  for (let round = 0; round < 4; round++) {
    const all = Array.from({ length: 50 }, () => open(server.port, { handshakeMs: 100 }))
    await Promise.all(all.map(({ ended }) => ended))
    assert.ok(all.every(({ events }) => events.length === 1))
  }
  await server.empty()
  assert.deepEqual(await held(), before)
})

test('100 sockets that lived leave nothing either', async () => {
  await using server = await webSocket((peer) => peer.send('hello'))
  const live = async (): Promise<void> => {
    const { socket, opened, ended } = open(server.port)
    await opened
    socket.close(1000, '')
    await ended
  }
  await live()
  await server.empty()
  const before = await held()
  await Promise.all(Array.from({ length: 100 }, live))
  await server.empty()
  assert.deepEqual(await held(), before)
})

test('what is no WebSocket URL is refused by a throw', () => {
  const never = (): void => assert.fail('called')
  const handlers = { onOpen: never, onFrame: never, onPing: never, onEnd: never }
  assert.throws(
    () => runtime.sockets.open('ftp://x', { handshakeMs: 1, messageLimitBytes: 1 }, handlers),
    SyntaxError,
  )
})
