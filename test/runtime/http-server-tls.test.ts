import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { connect } from 'node:tls'
import { findCommand } from '../../scripts/tools.ts'
import { type HttpServer, openHttpServer, type TlsFiles } from '../../src/runtime/http-server.ts'
import { exchange, RawClient, rawClient, requestText, statusesOf } from './raw-client.ts'

const openssl = findCommand('openssl')

/** A certificate that signs itself. */
function tlsFiles(): TlsFiles {
  if (openssl === undefined) return { cert: '', key: '' }
  const folder = mkdtempSync(join(tmpdir(), 'http-tls-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=test server', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync(openssl, ['req', ...kind, ...names, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' })
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}

suite(
  'over TLS',
  { concurrency: true, skip: openssl === undefined && 'openssl is not on this machine' },
  () => {
    const tls = tlsFiles()

    const open = async (
      clients = {},
    ): Promise<{ readonly server: HttpServer; readonly port: number } & AsyncDisposable> => {
      const server = await openHttpServer({
        host: '127.0.0.1',
        ports: [0],
        tls,
        clients,
        paths: ['/a'],
        answer: ({ path, address }) => ({ status: 200, headers: {}, body: `${path} for ${address}` }),
        onFault: (fault) => {
          throw fault
        },
      })
      return { server, port: server.ports[0] ?? 0, [Symbol.asyncDispose]: () => server.close() }
    }

    const ask = async (port: number): Promise<string> => {
      const request = get({ port, host: '127.0.0.1', path: '/a', ca: tls.cert, agent: false })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return String(Buffer.concat(await response.toArray()))
    }

    test('a request is answered, and counted', async () => {
      await using opened = await open()
      assert.equal(await ask(opened.port), '/a for 127.0.0.1')
      assert.deepEqual(opened.server.counts().requests, [{ path: '/a', code: 200, count: 1 }])
    })

    test('what is no HTTP is refused as without', async () => {
      await using opened = await open()
      const client = new RawClient(connect({ port: opened.port, host: '127.0.0.1', ca: tls.cert }))
      assert.deepEqual(statusesOf(await client.send('nonsense\r\n\r\n').ended()), [400])
      assert.equal(opened.server.counts().rejectedBy.malformed, 1)
    })

    test('a client that speaks plain HTTP is cut off, and the next is answered', async () => {
      await using opened = await open()
      assert.doesNotMatch(await exchange(opened.port, requestText('GET /a')), /200/)
      assert.equal(opened.server.counts().rejectedBy.tls, 1)
      assert.equal(await ask(opened.port), '/a for 127.0.0.1')
    })

    test('an old version is refused', async () => {
      await using opened = await open()
      const options = {
        port: opened.port,
        host: '127.0.0.1',
        ca: tls.cert,
        ciphers: 'DEFAULT@SECLEVEL=0',
      } as const
      const client = new RawClient(connect({ ...options, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }))
      await client.ended()
      assert.equal(opened.server.counts().rejectedBy.tls, 1)
    })

    test('clients that never shake hands, or ask nothing after it, are ended within 5 s', async () => {
      await using opened = await open()
      const startMs = performance.now()
      const silent = await rawClient(opened.port)
      const shaken = new RawClient(connect({ port: opened.port, host: '127.0.0.1', ca: tls.cert }))
      await Promise.all([silent.ended(), shaken.ended()])
      assert.ok(performance.now() - startMs < 5_000)
      assert.equal(opened.server.counts().rejectedBy.tls, 1)
      assert.equal(opened.server.counts().rejectedBy.slow_request, 1)
    })

    test('one that has not shaken hands is ended where a connection is wanted', async () => {
      await using opened = await open({ total: 2 })
      const silent = [await rawClient(opened.port), await rawClient(opened.port)]
      assert.equal(await ask(opened.port), '/a for 127.0.0.1')
      await silent[0]?.ended()
      assert.equal(silent[1]?.socket.closed, false)
      assert.equal(opened.server.counts().rejectedBy.connection_limit, 1)
    })

    test('closing ends clients before and after the handshake within a second', async () => {
      const { server, port } = await open()
      const silent = await rawClient(port)
      const shaken = connect({ port, host: '127.0.0.1', ca: tls.cert })
      const client = new RawClient(shaken)
      await once(shaken, 'secureConnect')
      const startMs = performance.now()
      await server.close()
      assert.ok(performance.now() - startMs < 1_000)
      await Promise.all([silent.ended(), client.ended()])
    })

    test('a certificate that is none is told as such', async () => {
      const options = { host: '127.0.0.1', ports: [0], paths: [], onFault: () => undefined }
      const answer = (): never => {
        throw new Error('must not be asked')
      }
      await assert.rejects(openHttpServer({ ...options, answer, tls: { cert: 'none', key: tls.key } }), {
        name: 'FailureError',
        code: 'tls',
        retryable: false,
      })
    })
  },
)
