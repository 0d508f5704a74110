import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { freePorts } from '../../scripts/programs.ts'
import { EXIT, exitCodeOf } from '../../src/app/exit.ts'
import { FailureError } from '../../src/core/errors.ts'
import type { ServerReply } from '../../src/core/http.ts'
import type { HttpServerOptions } from '../../src/runtime/http-server.ts'
import { only, open, text } from './open-server.ts'
import { exchange, rawClient, requestText, statusesOf } from './raw-client.ts'

/** Gates that an answer waits at until they are opened. */
function gates(): { readonly answer: HttpServerOptions['answer']; readonly open: (path: string) => void } {
  const waiting = new Map<string, (reply: ServerReply) => void>()
  return {
    answer: ({ path }) =>
      path.startsWith('/held')
        ? new Promise((resolve) => {
            waiting.set(path, resolve)
          })
        : text(path),
    open: (path) => waiting.get(path)?.(text(path)),
  }
}

suite('a request', { concurrency: true }, () => {
  test('is answered with what was asked for, and with headers that keep browsers from guessing', async () => {
    await using opened = await open()
    const answer = await exchange(opened.port, requestText('GET /a?b=1&b=2&c=%20'))
    const [head = '', body] = answer.split('\r\n\r\n')
    assert.equal(body, 'GET /a [["b","1"],["c"," "]]')
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(head, /\r\nx-content-type-options: nosniff\r\n/)
    assert.match(head, /\r\ncache-control: no-store\r\n/)
    assert.doesNotMatch(head, /\r\n(server|x-powered-by):/i)
    assert.deepEqual(opened.server.counts().requests, [{ path: '/a', code: 200, count: 1 }])
  })

  test('by HEAD has the headers of its GET and no body', async () => {
    await using opened = await open({ answer: () => text('four') })
    const [whole, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => exchange(opened.port, requestText(`${method} /a`))),
    )
    const plain = (answer = ''): string => answer.replace(/\r\nDate: [^\r]+/, '')
    assert.equal(plain(head), plain(whole).replace(/four$/, ''))
    assert.match(plain(head), /content-length: 4\r\n/)
  })

  test('of HTTP/1.0 is answered without a Host, and the connection closed', async () => {
    await using opened = await open()
    assert.match(await exchange(opened.port, 'GET /a HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 .*GET \/a \[\]$/s)
  })

  test('with a whole URL, as a proxy sends it, is taken by its path', async () => {
    await using opened = await open()
    assert.match(
      await exchange(opened.port, requestText('GET http://localhost:1/a?b=1')),
      /GET \/a \[\["b","1"\]\]$/,
    )
    assert.match(await exchange(opened.port, requestText('GET http://localhost:1')), /GET \/ \[\]$/)
  })

  test('for an upgrade is answered as if it had not asked for it', async () => {
    await using opened = await open()
    const asked = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'
    assert.match(await exchange(opened.port, asked), /^HTTP\/1\.1 200 .*GET \/a \[\]$/s)
  })

  test('that makes the answer throw gets a plain 500, and the fault is told', async () => {
    const fault = new Error('with a secret in it')
    await using opened = await open({
      answer: () => {
        throw fault
      },
    })
    const answer = await exchange(opened.port, requestText('GET /a'))
    assert.match(answer, /^HTTP\/1\.1 500 .*\r\n\r\n500 Internal Server Error\n$/s)
    assert.deepEqual(opened.faults, [fault])
  })

  test('whose answer has headers that cannot be sent is cut off, and the fault is told', async () => {
    await using opened = await open({ answer: () => ({ status: 200, headers: { a: 'b\r\nc' }, body: '' }) })
    assert.equal(await exchange(opened.port, requestText('GET /a')), '')
    assert.equal(opened.faults.length, 1)
  })

  test('is counted by a closed set of paths', async () => {
    await using opened = await open({ answer: ({ path }) => text('', path === '/b' ? 404 : 200) })
    for (const path of ['/a', '/a?x=1', '/b', '/c', '/admin/x', '/admin/y', '//a']) {
      await exchange(opened.port, requestText(`GET ${path}`))
    }
    assert.deepEqual(opened.server.counts().requests, [
      { path: '/a', code: 200, count: 2 },
      { path: 'other', code: 404, count: 1 },
      { path: 'other', code: 200, count: 2 },
      { path: '/admin/', code: 200, count: 2 },
    ])
  })
})

suite('a connection', { concurrency: true }, () => {
  test('with several requests at once gets their answers one after the other, in their order', async () => {
    let atWork = 0
    const { answer: held, open: release } = gates()
    await using opened = await open({
      answer: async (request) => {
        assert.equal(++atWork, 1)
        const reply = await held(request)
        atWork--
        return reply
      },
    })
    const client = await rawClient(opened.port)
    client.send(
      ['/held', '/b'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('') +
        requestText('GET /c'),
    )
    // Another connection is not held up by it.
    await exchange(opened.port, requestText('GET /a')).then((answer) => assert.match(answer, /500/))
    atWork = 1
    release('/held')
    const answer = await client.ended()
    assert.deepEqual(
      [...answer.matchAll(/\r\n\r\n(\/[a-z]+)/g)].map(([, path]) => path),
      ['/held', '/b', '/c'],
    )
  })

  test('with garbage after a request gets the answer first, then the refusal', async () => {
    const { answer, open: release } = gates()
    await using opened = await open({ answer })
    const client = await rawClient(opened.port)
    client.send('GET /held HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n')
    await exchange(opened.port, requestText('GET /a'))
    release('/held')
    assert.deepEqual(statusesOf(await client.ended()), [200, 400])
  })

  test('with more requests at once than it may have is cut off', async () => {
    const { answer } = gates()
    await using opened = await open({ answer })
    const asked = 'GET /held HTTP/1.1\r\nHost: x\r\n\r\n'
    assert.equal(await exchange(opened.port, asked.repeat(17)), '')
    assert.deepEqual(only(opened.server.counts().rejectedBy), { pipeline: 1 })
  })

  test('is kept for a thousand requests', async () => {
    await using opened = await open()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports: (number | undefined)[] = []
    for (let count = 1; count <= 1_001; count++) {
      const [response] = (await once(get({ port: opened.port, agent }), 'response')) as [IncomingMessage]
      ports.push(response.socket.localPort)
      await once(response.resume(), 'end')
    }
    agent.destroy()
    assert.equal(new Set(ports.slice(0, 1_000)).size, 1)
    assert.notEqual(ports[999], ports[1_000])
  })

  test('whose client leaves while its answer is made harms nobody', async () => {
    const { answer, open: release } = gates()
    await using opened = await open({ answer })
    const client = await rawClient(opened.port)
    client.send('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await exchange(opened.port, requestText('GET /a'))
    client.socket.resetAndDestroy()
    await client.ended()
    await exchange(opened.port, requestText('GET /a'))
    release('/held')
    assert.match(await exchange(opened.port, requestText('GET /a')), /^HTTP\/1\.1 200 /)
    assert.deepEqual(opened.faults, [])
  })
})

suite('when all connections are taken', { concurrency: true }, () => {
  test('the oldest that has not sent a whole request is ended, one that is being answered never', async () => {
    const { answer, open: release } = gates()
    await using opened = await open({ answer, clients: { total: 4 } })
    const asking = await rawClient(opened.port)
    asking.send(requestText('GET /held'))
    const kept = await rawClient(opened.port)
    await kept.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n').until(/\/a$/)
    const slow = [await rawClient(opened.port), await rawClient(opened.port)]
    for (const client of slow) client.send('GET /a HTT')

    assert.match(await exchange(opened.port, requestText('GET /a')), /^HTTP\/1\.1 200 /)
    assert.equal(await slow[0]?.ended(), '')
    assert.deepEqual(
      [slow[1], kept, asking].map((client) => client?.socket.closed),
      [false, false, false],
    )
    release('/held')
    assert.match(await asking.ended(), /\/held$/)
    assert.deepEqual(only(opened.server.counts().rejectedBy), { connection_limit: 1 })
  })

  test('of one address, one of that address is ended', async () => {
    await using opened = await open({ clients: { total: 4, perAddress: 2 } })
    const other = await rawClient(opened.port, { localAddress: '127.0.0.2' })
    const slow = [await rawClient(opened.port), await rawClient(opened.port)]
    assert.match(await exchange(opened.port, requestText('GET /a')), /^HTTP\/1\.1 200 /)
    await slow[0]?.ended()
    assert.deepEqual(
      [slow[1], other].map((client) => client?.socket.closed),
      [false, false],
    )
    assert.deepEqual(only(opened.server.counts().rejectedBy), { address_limit: 1 })
  })

  test('by answers that are being made, a further client is turned away', async () => {
    const { answer, open: release } = gates()
    await using opened = await open({ answer, clients: { total: 1 } })
    const asking = await rawClient(opened.port)
    asking.send(`GET /a HTTP/1.1\r\nHost: x\r\n\r\n${requestText('GET /held')}`)
    await asking.until(/\/a/)
    assert.equal(await exchange(opened.port, ''), '')
    release('/held')
    assert.match(await asking.ended(), /\/held$/)
  })
})

suite('ports', { concurrency: true }, () => {
  test('all lead to the same answers', async () => {
    await using opened = await open({ ports: [0, 0] })
    const [first = 0, second = 0] = opened.server.ports
    assert.notEqual(first, second)
    for (const port of [first, second]) {
      assert.match(await exchange(port, requestText('GET /a')), /^HTTP\/1\.1 200 /)
    }
  })

  test('may be the same one', async () => {
    const [port = 0] = await freePorts(1)
    await using opened = await open({ ports: [port, port] })
    assert.deepEqual(opened.server.ports, [port, port])
  })

  test('that another process has end the start with exit code 75, and nothing stays open', async () => {
    await using holder = await listener()
    const [free = 0] = await freePorts(1)
    const error: unknown = await open({ ports: [free, holder.port] }).catch((cause: unknown) => cause)
    assert.ok(error instanceof FailureError)
    assert.equal(error.code, 'locked')
    assert.ok(error.message.startsWith(`127.0.0.1:${holder.port}: `), error.message)
    assert.equal(exitCodeOf(error), EXIT.busy)
    await assert.rejects(rawClient(free), { code: 'ECONNREFUSED' })
  })

  test('that are given back within a second are waited for', async () => {
    const holder = await listener()
    const opening = open({ ports: [holder.port] })
    setTimeout(() => void holder[Symbol.asyncDispose](), 200)
    await using opened = await opening
    assert.deepEqual(opened.server.ports, [holder.port])
  })

  test('of an address that this machine does not have are told as such, at once', async () => {
    // For documentation: nobody has it.
    await assert.rejects(open({ host: '192.0.2.1' }), {
      name: 'FailureError',
      code: 'unreachable',
      message: /^192\.0\.2\.1:0: cannot be listened at: /,
    })
  })
})

suite('closing', { concurrency: true }, () => {
  test('ends idle, slow and waiting connections long before their own limits', async () => {
    const { answer } = gates()
    const { server, port } = await open({ answer })
    const kept = await rawClient(port)
    await kept.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n').until(/\/a$/)
    const slow = await rawClient(port)
    slow.send('GET /a HT')
    const asking = await rawClient(port)
    asking.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await asking.until(/\/a$/)
    const startMs = performance.now()
    await server.close()
    // That of the slow one is the first: 3 s.
    assert.ok(performance.now() - startMs < 2_500)
    await Promise.all([kept, slow, asking].map((client) => client.ended()))
    await assert.rejects(rawClient(port), { code: 'ECONNREFUSED' })
  })

  test('lets an answer that is on its way arrive', async () => {
    const { answer, open: release } = gates()
    const { server, port } = await open({ answer })
    const asking = await rawClient(port)
    asking.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await asking.until(/\/a$/)
    const closed = server.close()
    release('/held')
    assert.match(await asking.ended(), /\r\nConnection: close\r\n.*\/held$/s)
    await closed
  })

  test('twice is the same as once', async () => {
    const { server } = await open()
    await Promise.all([server.close(), server.close()])
  })
})

async function listener(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
