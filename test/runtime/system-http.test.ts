import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FailureError } from '../../src/core/errors.ts'
import type { HttpAnswer, HttpRequest } from '../../src/runtime/runtime.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { closedPort, held, http, tcp } from './loopback.ts'

const runtime = systemRuntime()

const get = (port: number, options: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
  runtime.http.get({
    url: `http://127.0.0.1:${port}/a?b=1`,
    deadlineMs: 5_000,
    bodyLimitBytes: 10_000,
    ...options,
  })

const text = ({ body }: HttpAnswer): string => Buffer.from(body).toString()

const failed = (code: string, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof FailureError, String(error))
  assert.deepEqual({ code: error.code, retryable: error.retryable }, { code, retryable })
  return true
}

suite('a request', { concurrency: true }, () => {
  test('is answered with status, headers, body and the time of receipt', async () => {
    let asked = ''
    await using server = await http((request, response) => {
      asked = `${request.method} ${request.url} ${String(request.headers['x-own'])}`
      response.writeHead(418, { 'X-MBX-USED-WEIGHT-1M': '7', 'Set-Cookie': ['a', 'b'] }).end('tëapot')
    })
    const beforeUs = runtime.clock.now()
    const answer = await get(server.port, { headers: { 'X-Own': 'yes' } })
    assert.equal(asked, 'GET /a?b=1 yes')
    assert.equal(answer.status, 418)
    assert.equal(answer.headers['x-mbx-used-weight-1m'], '7')
    assert.equal(answer.headers['set-cookie'], 'a, b')
    assert.equal(text(answer), 'tëapot')
    assert.ok(answer.receiveTimeUs >= beforeUs && answer.receiveTimeUs <= runtime.clock.now())
  })

  test('understands gzip, and refuses what it did not ask for', async () => {
    const packed = gzipSync('x'.repeat(9_000))
    const answers: Readonly<Record<string, readonly [string, Uint8Array]>> = {
      '/gzip': ['gzip', packed],
      '/cut': ['gzip', packed.subarray(0, 20)],
      '/plain': ['gzip', Buffer.from('not packed')],
      '/other': ['br', packed],
      '/empty': ['gzip', new Uint8Array(0)],
    }
    await using server = await http((request, response) => {
      assert.equal(request.headers['accept-encoding'], 'gzip')
      const [encoding, body] = answers[request.url ?? ''] ?? ['', packed]
      response.writeHead(200, { 'Content-Encoding': encoding }).end(body)
    })
    const from = (path: string) => get(server.port, { url: `http://127.0.0.1:${server.port}${path}` })
    assert.equal(text(await from('/gzip')), 'x'.repeat(9_000))
    assert.equal(text(await from('/empty')), '')
    for (const path of ['/cut', '/plain', '/other'])
      await assert.rejects(from(path), failed('bad_answer', true), path)
  })

  test('ends at its deadline, be it the answer or the rest of the body that never comes', async () => {
    await using silent = await http(() => undefined)
    await using trickling = await http((_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(drip))
    })
    for (const { port, empty } of [
      { port: silent.port, empty: () => silent.empty() },
      { port: trickling.port, empty: () => trickling.empty() },
    ]) {
      await assert.rejects(get(port, { deadlineMs: 150 }), failed('timeout', true))
      await empty()
    }
  })

  test('stops reading a body over the limit, packed or not', async () => {
    let written = 0
    await using endless = await http((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1_000))) written++
      }
      response.on('drain', more)
      more()
    })
    await assert.rejects(get(endless.port), failed('too_large', false))
    await endless.empty()
    assert.ok(written < 20_000, `${written} kB were taken`)
    await using bomb = await http((_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
    })
    await assert.rejects(get(bomb.port), failed('too_large', false))
    await using exact = await http((_, response) => response.end('x'.repeat(10_000)))
    assert.equal((await get(exact.port)).body.length, 10_000)
  })

  test('follows no redirect: it is an answer', async () => {
    await using elsewhere = await http(() => assert.fail('followed'))
    await using server = await http((_, response) => {
      response.writeHead(302, { Location: `http://127.0.0.1:${elsewhere.port}/` }).end()
    })
    assert.equal((await get(server.port)).status, 302)
  })

  test('tells nobody there, no TLS, and no HTTP apart', async () => {
    const closed = await closedPort()
    await assert.rejects(get(closed), failed('unreachable', true))
    await using plain = await http((_, response) => response.end())
    await assert.rejects(get(0, { url: `https://127.0.0.1:${plain.port}/` }), failed('tls', false))
    await using babble = await tcp((socket) => socket.write('SSH-2.0-OpenSSH\r\n'))
    await assert.rejects(get(babble.port), failed('bad_answer', true))
  })

  test('is unreachable when the connection breaks in the middle of the body', async () => {
    await using server = await http((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half')
      setImmediate(() => response.socket?.resetAndDestroy())
    })
    await assert.rejects(get(server.port), failed('unreachable', true))
  })

  test('is sent once more when the server closed the kept connection just then', async () => {
    let served = 0
    await using server = await http((request, response) => {
      served++
      // The second request on a connection meets a server that has given it up.
      if (served === 2) request.socket.resetAndDestroy()
      else response.end(`${served}`)
    })
    assert.equal(text(await get(server.port)), '1')
    assert.equal(text(await get(server.port)), '3')
  })

  test('is refused by a rejection where the URL is none', async () => {
    await assert.rejects(get(0, { url: 'no url' }), TypeError)
    await assert.rejects(get(0, { url: 'ftp://127.0.0.1/' }), TypeError)
  })
})

test('more requests than sockets wait for one, each with its own deadline', async () => {
  const parked: ServerResponse[] = []
  const four = Promise.withResolvers<undefined>()
  let served = 0
  await using server = await http((_: IncomingMessage, response) => {
    if (++served > 4) response.end('after')
    else if (parked.push(response) === 4) four.resolve(undefined)
  })
  const first = Array.from({ length: 4 }, () => get(server.port))
  await four.promise
  const patient = get(server.port)
  const hurried = Array.from({ length: 8 }, () => get(server.port, { deadlineMs: 50 }))
  await Promise.all(hurried.map((request) => assert.rejects(request, failed('timeout', true))))
  assert.equal(served, 4)
  for (const response of parked) response.end('first')
  assert.deepEqual((await Promise.all(first)).map(text), ['first', 'first', 'first', 'first'])
  assert.equal(text(await patient), 'after')
  assert.equal(served, 5)
})

test('200 requests, good and bad, leave no descriptor and no timer', async () => {
  let number = 0
  await using server = await http((_, response) => {
    const kind = number++ % 4
    if (kind === 0) response.end('good')
    if (kind === 1) response.socket?.resetAndDestroy()
    if (kind === 2) response.write('never ends')
    if (kind === 3) response.end(Buffer.alloc(100_000))
  })
  const settle = () => get(server.port, { deadlineMs: 100 }).then(String, String)
  await Promise.all(Array.from({ length: 8 }, settle))
  const before = await heldWithout(server)
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 20 }, settle))
  assert.deepEqual(await heldWithout(server), before)
})

/**
 * What is held once the server has ended every connection. The client may open one more for a request that gave up waiting, and
 * keeps it; hence again, until none comes.
 */
async function heldWithout(server: Awaited<ReturnType<typeof http>>): Promise<unknown> {
  for (;;) {
    for (const socket of server.sockets) socket.destroy()
    await server.empty()
    const all = await held()
    if (server.sockets.size === 0) return all
  }
}
