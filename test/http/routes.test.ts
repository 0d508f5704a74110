import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PATHS, type RouteSources, routes } from '../../src/http/routes.ts'
import { requestOf, sourcesOf, told } from './sources.ts'

const ask = async (line: string, given: Partial<RouteSources> = {}): Promise<string> =>
  told(await routes(sourcesOf(given))(requestOf(line)))

suite('routes', () => {
  test('tell what they are given', async () => {
    assert.equal(await ask('GET /ready'), '200 ready')
    assert.equal(await ask('GET /live'), '200 live')
    assert.equal(await ask('GET /version'), '200 {"version":"1.2.3"}')
    assert.equal(await ask('GET /status'), '200 {"figures":1}')
    assert.equal(await ask('GET /metrics'), '200 # text')
    assert.equal(await ask('GET /health'), '200 {"state":"healthy"}')
    assert.equal(
      await ask('GET /health?component=venue/okx-spot'),
      '200 {"state":"healthy","component":"venue/okx-spot"}',
    )
  })

  test('take status and body of health as they are', async () => {
    const health = (): { status: number; body: string } => ({ status: 503, body: '{"state":"unhealthy"}' })
    const reply = await routes(sourcesOf({ health }))(requestOf('GET /health'))
    assert.equal(told(reply), '503 {"state":"unhealthy"}')
    assert.equal(reply.headers['content-type'], 'application/health+json')
  })

  test('say 503 where it is not ready or not live', async () => {
    assert.equal(await ask('GET /ready', { isReady: () => false }), '503 not ready')
    assert.equal(await ask('GET /live', { isLive: () => false }), '503 not live')
  })

  test('tell metrics whatever health, readiness and status say, or that they cannot say', async () => {
    const broken = (): never => {
      throw new Error('must not be asked')
    }
    const given = { health: broken, isReady: broken, isLive: broken, status: broken, version: broken }
    assert.equal(await ask('GET /metrics', given), '200 # text')
  })

  test('tell metrics in the text that is asked for', async () => {
    const answer = routes(sourcesOf({ metrics: async (format) => Buffer.from(format) }))
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
    const reply = await answer(requestOf('GET /metrics', { accept }))
    assert.equal(told(reply), '200 openmetrics')
    assert.equal(reply.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    const other = await answer(requestOf('GET /metrics'))
    assert.equal(told(other), '200 text')
    assert.equal(other.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  })

  test('list themselves at the root', async () => {
    const index = await ask('GET /')
    for (const path of PATHS) if (path !== '/admin/') assert.ok(index.includes(path), path)
  })

  test('answer HEAD as GET', async () => {
    for (const path of PATHS) assert.equal(await ask(`HEAD ${path}`), await ask(`GET ${path}`))
  })

  test('know no other path, and none that only looks like one', async () => {
    for (const path of [
      '/metrics/',
      '/Health',
      '//health',
      '/health%00',
      '/admin',
      '/admin/',
      '/admin/x',
      '/__proto__',
      '/constructor',
      '*',
    ]) {
      assert.equal(await ask(`GET ${path}`), '404 404 Not Found', path)
    }
  })

  test('allow no POST', async () => {
    for (const path of PATHS) {
      const reply = await routes(sourcesOf())(requestOf(`POST ${path}`))
      if (path === '/admin/') assert.equal(reply.status, 404)
      else assert.deepEqual([reply.status, reply.headers['allow']], [405, 'GET, HEAD'])
    }
  })
})
