import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { OpenSockets } from '../../src/runtime/open-sockets.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { bareWebSocket, http, tcp } from './loopback.ts'

const SECOND_US = 1_000_000

/** Open sockets on a clock that the test sets. */
function watched(): { readonly open: OpenSockets; readonly clock: { us: number } } {
  const clock = { us: 0 }
  const open = new OpenSockets({ steadyUs: () => clock.us })
  open.watch()
  return { open, clock }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

test('an orphan is ended once it is old enough, what an owner answers for never is', async () => {
  await using server = await tcp(() => undefined)
  const { open, clock } = watched()
  const owned = open.own(() => connect(server.port, '127.0.0.1'))
  await once(owned, 'connect')
  const orphan = await connected(server.port)
  assert.deepEqual([open.owned, open.total], [1, 2])
  clock.us += 9 * SECOND_US
  assert.equal(open.endOrphans(), 0)
  clock.us += 2 * SECOND_US
  assert.equal(open.endOrphans(), 1)
  assert.equal(open.endOrphans(), 0, 'each once')
  assert.deepEqual([orphan.destroyed, owned.destroyed, open.owned, open.total], [true, false, 1, 1])
  owned.destroy()
  await once(owned, 'close')
  assert.deepEqual([open.owned, open.total], [0, 0])
})

test('a socket that is opened after the owner has returned is not its own, also when opening fails', async () => {
  await using server = await tcp(() => undefined)
  const { open } = watched()
  assert.throws(() =>
    open.own(() => {
      throw new RangeError('no')
    }),
  )
  const later = await open.own(async () => {
    await Promise.resolve()
    return connect(server.port, '127.0.0.1')
  })
  await once(later, 'connect')
  assert.deepEqual([open.owned, open.total], [0, 1])
  later.destroy()
})

test('a socket that has ended does not count, and a pipe never does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-pipe-'))
  const server = createServer((peer) => peer.resume())
  server.listen(join(folder, 'pipe'))
  await once(server, 'listening')
  const { open, clock } = watched()
  const pipe = connect(join(folder, 'pipe'))
  await once(pipe, 'connect')
  assert.equal(open.total, 0)
  clock.us += 60 * SECOND_US
  assert.equal(open.endOrphans(), 0)
  assert.equal(pipe.destroyed, false)
  pipe.destroy()
  server.close()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})

test('WebSockets and REST connections of the runtime are owned, with TLS too', async () => {
  const runtime = systemRuntime()
  const { connections } = runtime
  assert.ok(connections !== undefined)
  await using plain = await bareWebSocket(() => undefined)
  await using rest = await http((_, response) => response.end('{}'))
  // It never shakes hands: the connection is there nevertheless.
  await using mute = await tcp(() => undefined)
  const opened = Promise.withResolvers<void>()
  const options = { handshakeMs: 5_000, messageLimitBytes: 1_000 }
  const ended = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const handlers = (at: 0 | 1) => ({
    onOpen: () => opened.resolve(),
    onFrame: () => undefined,
    onPing: () => undefined,
    onEnd: () => ended[at].resolve(),
  })
  const socket = runtime.sockets.open(`ws://127.0.0.1:${plain.port}/`, options, handlers(0))
  const secure = runtime.sockets.open(`wss://127.0.0.1:${mute.port}/`, options, handlers(1))
  await opened.promise
  await runtime.http.get({ url: `http://127.0.0.1:${rest.port}/`, deadlineMs: 5_000, bodyLimitBytes: 100 })
  const secureRest = runtime.http.get({
    url: `https://127.0.0.1:${mute.port}/`,
    deadlineMs: 300,
    bodyLimitBytes: 100,
  })
  assert.deepEqual([connections.owned, connections.total], [4, 4])
  await assert.rejects(secureRest)
  assert.equal(connections.endOrphans(), 0)
  socket.close(1_000, 'over')
  secure.close(1_000, 'over')
  await Promise.all(ended.map(({ promise }) => promise))
})
