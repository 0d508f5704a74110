import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { suite, test, type TestContext } from 'node:test'
import { type HttpServer, openHttpServer } from '../../src/runtime/http-server.ts'
import { rawClient } from '../runtime/raw-client.ts'

const LIMIT_BYTES = 1_000

/** Answers with method, path and the size of the body that it was given. */
async function openServer(context: TestContext): Promise<HttpServer> {
  const server = await openHttpServer({
    host: '127.0.0.1',
    ports: [0],
    paths: ['/take/', '/beat'],
    bodies: { paths: ['/take/', '/beat'], limitBytes: LIMIT_BYTES },
    answer: ({ method, path, body }) => ({
      status: 200,
      headers: {},
      body: `${method} ${path} ${body === undefined ? 'none' : `${body.length}`}`,
    }),
    onFault: (fault) => {
      throw fault
    },
  })
  context.after(() => server.close())
  return server
}

async function ask(
  server: HttpServer,
  method: string,
  path: string,
  options: { readonly body?: string; readonly headers?: Readonly<Record<string, string | number>> } = {},
): Promise<string> {
  const { body = '', headers = {} } = options
  const sent = request({ port: server.ports[0], host: '127.0.0.1', method, path, headers, agent: false })
  sent.on('error', () => undefined)
  // Without a length Node sends it in chunks.
  if (body !== '') sent.write(body)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return `${response.statusCode} ${text.trim()}`
}

suite('a body is taken', () => {
  test('of a POST to the paths that take one, with a length or in chunks, up to the limit', async (context) => {
    const server = await openServer(context)
    const full = 'x'.repeat(LIMIT_BYTES)
    assert.equal(await ask(server, 'POST', '/take/a', { body: 'abc' }), '200 POST /take/a 3')
    const length = { 'content-length': LIMIT_BYTES }
    assert.equal(
      await ask(server, 'POST', '/beat', { body: full, headers: length }),
      `200 POST /beat ${LIMIT_BYTES}`,
    )
    assert.equal(await ask(server, 'POST', '/take/a'), '200 POST /take/a 0')
    assert.equal(await ask(server, 'GET', '/take/a'), '200 GET /take/a none')
  })

  test('of a client that waits to be asked for it', async (context) => {
    const server = await openServer(context)
    const client = await rawClient(server.ports[0] ?? 0)
    context.after(() => client.socket.destroy())
    client.send('POST /take/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n')
    await client.until(/^HTTP\/1\.1 100 Continue/)
    client.send('abc')
    await client.until(/200 OK[^]*POST \/take\/a 3/)
  })

  test('again and again over one connection', async (context) => {
    const server = await openServer(context)
    const client = await rawClient(server.ports[0] ?? 0)
    context.after(() => client.socket.destroy())
    const one = 'POST /take/a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc'
    client.send(one.repeat(3))
    await client.until(/(POST \/take\/a 3[^]*){3}/)
    assert.equal(server.counts().connections, 1)
  })
})

suite('a body is refused', () => {
  test('on every other path and with every other method, with 413', async (context) => {
    const server = await openServer(context)
    for (const [method, path] of [
      ['POST', '/'],
      ['POST', '/metrics'],
      ['POST', '/take'],
      ['POST', '/beat/x'],
      ['GET', '/take/a'],
    ] as const) {
      const headers = { 'content-length': 3 }
      assert.match(await ask(server, method, path, { body: 'abc', headers }), /^413 /, `${method} ${path}`)
    }
    assert.match(await ask(server, 'PUT', '/take/a', { body: 'abc' }), /^405 /)
    assert.equal(server.counts().rejectedBy.body, 5)
  })

  test('beyond the limit, whether or not it says its length', async (context) => {
    const server = await openServer(context)
    const body = 'x'.repeat(LIMIT_BYTES + 1)
    assert.match(await ask(server, 'POST', '/take/a', { body }), /^413 /)
    assert.match(
      await ask(server, 'POST', '/take/a', { body, headers: { 'content-length': body.length } }),
      /^413 /,
    )
  })

  test('that is said to be too long, before any of it has come', async (context) => {
    const server = await openServer(context)
    const client = await rawClient(server.ports[0] ?? 0)
    client.send(`POST /take/a HTTP/1.1\r\nhost: x\r\ncontent-length: ${LIMIT_BYTES + 1}\r\n\r\n`)
    assert.match(await client.ended(), /^HTTP\/1\.1 413/)
    assert.equal(server.counts().rejectedBy.slow_request, 0)
  })

  test('that does not come, with 503 after three seconds: Alertmanager tries again after that', async (context) => {
    const server = await openServer(context)
    const client = await rawClient(server.ports[0] ?? 0)
    context.after(() => client.socket.destroy())
    client.send('POST /take/a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\na')
    const startMs = performance.now()
    await client.until(/^HTTP\/1\.1 503/)
    assert.ok(performance.now() - startMs < 4_500)
    await client.ended()
    assert.equal(server.counts().rejectedBy.slow_request, 1)
  })
})
