import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import type { Io } from '../../src/app/io.ts'
import { ENTER_SCREEN, LEAVE_SCREEN } from '../../src/app/screen.ts'
import { statusOf } from '../../src/app/status.ts'
import { top } from '../../src/app/top.ts'
import { FailureError } from '../../src/core/errors.ts'
import { fullInstance } from '../supervisor/metrics/instance.ts'
import { until } from './asking.ts'

const LIMIT_MS = 10_000

interface Screen extends Io {
  readonly text: () => string
  /** As Ctrl-C does. */
  readonly interrupt: () => void
}

function screen(isTerminal: boolean): Screen {
  let text = ''
  const write = (part: string): void => {
    text += part
  }
  let stop: ((signal: string) => void) | undefined
  return {
    stdout: { write, offer: write, writeBytes: () => Promise.resolve() },
    stderr: { write, offer: write },
    isTerminal,
    columns: 200,
    env: {},
    cwd: '/',
    onSignal: (hear) => {
      stop = hear
      return () => undefined
    },
    text: () => text,
    interrupt: () => stop?.('SIGINT'),
  }
}

async function serving(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

/** An instance that answers as `start` does. */
const instance: RequestListener = (request, response) => {
  if (request.url === '/status') response.end(JSON.stringify(statusOf(fullInstance())))
  else response.writeHead(404).end()
}

const run = (url: string, io: Io, some: { readonly once?: boolean } = {}): Promise<number> =>
  top({ url, credentials: undefined, once: some.once ?? false }, io)

test('once: lines of the whole and of each venue, and it ends', async () => {
  await using server = await serving(instance)
  const io = screen(true)
  assert.equal(await run(server.url, io, { once: true }), 0)
  assert.match(io.text(), /marketprism 0\.1\.0: degraded/)
  for (const venue of ['binance-spot', 'binance-derivatives', 'okx-spot', 'okx-derivatives', 'deribit']) {
    assert.match(io.text(), new RegExp(`^\\S+ ${venue}: `, 'm'))
  }
  assert.match(io.text(), /sink\/clickhouse: no route/)
  assert.ok(!io.text().includes(ENTER_SCREEN))
})

test('where standard output is no terminal it prints lines and ends', async () => {
  await using server = await serving(instance)
  const io = screen(false)
  assert.equal(await run(server.url, io), 0)
  assert.match(io.text(), /okx-spot: /)
})

test('on a terminal it draws until a signal, and gives the terminal back', async () => {
  let asked = 0
  await using server = await serving((request, response) => {
    asked++
    instance(request, response)
  })
  const io = screen(true)
  const running = run(server.url, io)
  await until('it looks again and again', () => asked >= 3, LIMIT_MS)
  io.interrupt()
  assert.equal(await running, 0)
  assert.ok(io.text().startsWith(ENTER_SCREEN))
  assert.ok(io.text().endsWith(LEAVE_SCREEN))
  assert.match(io.text(), /okx-spot/)
})

test('an instance that goes away is told beside what it said last', async () => {
  const server = await serving(instance)
  const io = screen(true)
  const running = run(server.url, io)
  await until('it is shown', () => io.text().includes('okx-spot'), LIMIT_MS)
  await server[Symbol.asyncDispose]()
  await until('it is told', () => io.text().includes('does not answer'), LIMIT_MS)
  const last = io.text().slice(io.text().lastIndexOf('does not answer') - 4_000)
  assert.match(last, /okx-spot/)
  io.interrupt()
  assert.equal(await running, 0)
})

test('where nobody listens it says so, and where', async () => {
  const server = await serving(instance)
  await server[Symbol.asyncDispose]()
  await assert.rejects(run(server.url, screen(false)), (failure: unknown) => {
    assert.ok(failure instanceof FailureError)
    assert.equal(failure.code, 'unreachable')
    assert.match(failure.message, new RegExp(`^${server.url} does not answer: `))
    return true
  })
})

const OTHERS: readonly (readonly [name: string, answer: RequestListener])[] = [
  ['says 404', (_, response) => response.writeHead(404).end('no')],
  ['speaks HTML', (_, response) => response.end('<html>hello</html>')],
  ['answers with nothing', (_, response) => response.end()],
  ['speaks JSON of its own', (_, response) => response.end('{"status":"ok"}')],
  ['answers with null', (_, response) => response.end('null')],
]
for (const [name, answer] of OTHERS) {
  test(`a server that ${name} is told to be no instance`, async () => {
    await using server = await serving(answer)
    await assert.rejects(run(server.url, screen(false)), (failure: unknown) => {
      assert.ok(failure instanceof FailureError, String(failure))
      assert.equal(failure.code, 'bad_answer')
      assert.match(failure.message, new RegExp(`^${server.url} is not an instance of marketprism`))
      return true
    })
  })
}

test('an instance that wants user and password is told as such, and let in with them', async () => {
  await using server = await serving((request, response) => {
    const isKnown = request.headers.authorization === `Basic ${btoa('somebody:something')}`
    if (isKnown) instance(request, response)
    else response.writeHead(401).end()
  })
  await assert.rejects(run(server.url, screen(false)), { code: 'unauthorized' })
  const io = screen(false)
  const credentials = { user: 'somebody', password: 'something' }
  assert.equal(await top({ url: server.url, credentials, once: true }, io), 0)
  assert.match(io.text(), /okx-spot: /)
})
