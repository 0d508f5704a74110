import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { only, open, text } from './open-server.ts'
import { exchange, rawClient, requestText, statusesOf } from './raw-client.ts'

/** Bytes, the status that refuses them, and why. */
const REFUSED: readonly (readonly [name: string, bytes: string, status: number, reason: string])[] = [
  ['DELETE', requestText('DELETE /a'), 405, 'method'],
  ['TRACE', requestText('TRACE /a'), 405, 'method'],
  ['OPTIONS of everything', requestText('OPTIONS *'), 405, 'method'],
  ['CONNECT', requestText('CONNECT localhost:443'), 405, 'method'],
  ['a method that is none', requestText('BREW /a'), 400, 'malformed'],
  ['a body with GET', `${requestText('GET /a', 'Content-Length: 4')}four`, 413, 'body'],
  ['a body with POST', `${requestText('POST /admin/x', 'Content-Length: 4')}four`, 413, 'body'],
  [
    'a body in chunks',
    `${requestText('GET /a', 'Transfer-Encoding: chunked')}4\r\nfour\r\n0\r\n\r\n`,
    413,
    'body',
  ],
  ['a body that never comes', requestText('POST /a', 'Content-Length: 100000'), 413, 'body'],
  [
    'a body that waits to be asked for',
    requestText('POST /a', 'Content-Length: 4', 'Expect: 100-continue'),
    413,
    'body',
  ],
  ['a body of 4 MB', requestText('POST /a', 'Content-Length: 4000000') + 'x'.repeat(4_000_000), 413, 'body'],
  [
    'two ways to say how long the body is',
    `${requestText('POST /a', 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\nGET /b HTTP/1.1\r\n\r\n`,
    400,
    'malformed',
  ],
  [
    'two lengths',
    `${requestText('POST /a', 'Content-Length: 4', 'Content-Length: 5')}four`,
    400,
    'malformed',
  ],
  ['a length that is no number', requestText('GET /a', 'Content-Length: 0x4'), 400, 'malformed'],
  ['an encoding that is none', requestText('GET /a', 'Transfer-Encoding: chunked, x'), 400, 'malformed'],
  ['a space before the colon', requestText('GET /a', 'Content-Length : 4'), 400, 'malformed'],
  ['a header of 1 MB', requestText('GET /a', `X: ${'x'.repeat(1_000_000)}`), 431, 'header_size'],
  [
    '1 MB of headers',
    requestText('GET /a', ...Array.from({ length: 100_000 }, (_, n) => `X${n}: y`)),
    431,
    'header_size',
  ],
  ['a path of 1 MB', requestText(`GET /${'x'.repeat(1_000_000)}`), 431, 'header_size'],
  ['HTTP/1.1 without a Host', 'GET /a HTTP/1.1\r\n\r\n', 400, 'malformed'],
  ['two Hosts', requestText('GET /a', 'Host: other'), 400, 'malformed'],
  ['a path that is none', requestText('GET a'), 400, 'malformed'],
  ['a header with a NUL', requestText('GET /a', 'X: \0'), 400, 'malformed'],
  ['a header without a name', requestText('GET /a', ': x'), 400, 'malformed'],
  ['a version that is none', 'GET /a HTTP/9.9\r\n\r\n', 400, 'malformed'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'malformed'],
]

suite('refused with its status, a fixed text and the end of the connection:', { concurrency: true }, () => {
  for (const [name, bytes, status, reason] of REFUSED) {
    test(name, async () => {
      let asked = 0
      await using opened = await open({
        answer: () => {
          asked++
          return text('')
        },
      })
      const answer = await exchange(opened.port, bytes)
      assert.deepEqual(statusesOf(answer), [status])
      const [head = '', body] = answer.split('\r\n\r\n')
      assert.match(body ?? '', new RegExp(`^${status} [A-Za-z -]+\n$`))
      assert.match(head, /\r\nx-content-type-options: nosniff/i)
      assert.match(head, /\r\nconnection: close/i)
      if (status === 405) assert.match(head, /\r\nallow: GET, HEAD/i)
      assert.equal(asked, 0)
      assert.deepEqual(only(opened.server.counts().rejectedBy), { [reason]: 1 })
    })
  }

  test('whatever comes, the next client is answered', async () => {
    await using opened = await open()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.constantFrom(...REFUSED.map(([, request]) => request.slice(0, 500))), fc.nat(500))
        .map(([request, length]) => Buffer.from(request.slice(0, length), 'latin1')),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const client = await rawClient(opened.port)
        client.send(sent).socket.end()
        await client.ended()
        assert.match(await exchange(opened.port, requestText('GET /a')), /^HTTP\/1\.1 200 /)
      }),
      { numRuns: 100 },
    )
    assert.deepEqual(opened.faults, [])
  })
})
