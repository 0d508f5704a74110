import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Status } from '../../src/app/status.ts'
import { natsServer, NATS_SKIPPED } from '../sinks/nats-server.ts'
import { ask } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { processNamed, SupervisedInstance } from '../app/supervised.ts'

const LIMIT_MS = 60_000
const USER = 'prometheus'

/** Secrets, each with a text that stands nowhere else. */
const SECRETS = ['nats', 'clickhouse', 'http', 'admin', 'environment'] as const
type Secret = (typeof SECRETS)[number]

const basic = (password: string): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`,
})

/** A ClickHouse that lets nobody in, and what it was shown. */
async function strictClickHouse(shown: string[]) {
  const server = createServer((request, response) => {
    shown.push(JSON.stringify(request.headers))
    request.resume()
    response.writeHead(403, { 'content-type': 'text/plain', 'x-clickhouse-exception-code': '516' })
    response.end(
      'Code: 516. DB::Exception: Authentication failed: password is incorrect (AUTHENTICATION_FAILED)',
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Files below a folder, with what is in them. */
function filesBelow(folder: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, text: readFileSync(path, 'latin1') }))
}

/** Asks for everything, with and without what lets in, and answers all that came back. */
async function everyAnswer(url: string, password: string, token: string): Promise<readonly string[]> {
  const wrong = { authorization: 'Basic d3Jvbmc6d3Jvbmc=' }
  const bearer = { authorization: `Bearer ${token}` }
  const paths = ['/', '/health', '/ready', '/live', '/version', '/status', '/metrics', '/nothing']
  const asked = [
    ...paths.map((path) => ask(url + path, { headers: basic(password) })),
    ...paths.map((path) => ask(url + path, { headers: wrong })),
    ask(`${url}/health`, { method: 'DELETE', headers: basic(password) }),
    ask(`${url}/admin/`, { headers: bearer }),
    ask(`${url}/admin/objects?process=nobody`, { method: 'POST', headers: bearer }),
    ask(`${url}/admin/objects?process=delivery`, { method: 'POST', headers: bearer }),
    ask(`${url}/admin/heap-sampling?seconds=1`, { method: 'POST', headers: bearer }),
    ask(`${url}/admin/nothing`, { method: 'POST', headers: bearer }),
    ask(`${url}/admin/objects`, { method: 'POST', headers: wrong }),
  ]
  const answers = await Promise.all(asked)
  for (const code of [400, 401, 404, 405])
    assert.ok(
      answers.some(({ status }) => status === code),
      `${code}`,
    )
  assert.ok(answers.filter(({ status }) => status === 200).length >= 6, 'the password lets in')
  return answers.map(({ headers, text }) => JSON.stringify(headers) + text)
}

const troubleOf = ({ sinks }: Status, name: string): string =>
  sinks.find(({ sink }) => sink === name)?.trouble?.text ?? ''

test(
  'no secret is told anywhere, whatever goes wrong',
  { skip: NATS_SKIPPED, timeout: 300_000 },
  async (t) => {
    const canaries: Readonly<Record<Secret, string>> = {
      nats: canary(),
      clickhouse: canary(),
      http: canary(),
      admin: canary(),
      environment: canary(),
    }
    const secrets = mkdtempSync(join(tmpdir(), 'marketprism-secrets-'))
    t.after(() => rmSync(secrets, { recursive: true }))
    mkdirSync(secrets, { recursive: true })
    const fileOf = (secret: Secret): string => {
      writeFileSync(join(secrets, secret), `${canaries[secret]}\n`)
      return join(secrets, secret)
    }
    const shown: string[] = []
    using clickhouse = await strictClickHouse(shown)
    await using nats = await natsServer(() => 'authorization { user: somebody, password: other }')
    await using instance = await SupervisedInstance.start({
      venues: await HeldVenues.start(['okx-spot', 'binance-spot']),
      env: { CANARY_SECRET: canaries.environment },
      headers: basic(canaries.http),
      config: {
        supervisor: { stalling_seconds: 1, unhealthy_seconds: 4, kill_seconds: 8, heap_mb: 64 },
        http: { user: USER, password_file: fileOf('http'), admin_token_file: fileOf('admin') },
        sinks: {
          nats: {
            enabled: true,
            servers: [nats.url],
            auth: { user: 'somebody', password_file: fileOf('nats') },
          },
          clickhouse: { enabled: true, url: clickhouse.url, password_file: fileOf('clickhouse') },
        },
      },
    })
    const told: string[] = []
    await instance.untilVerified(LIMIT_MS)
    await instance.until('sinks are refused', (status) => {
      return troubleOf(status, 'nats') !== '' && troubleOf(status, 'clickhouse') !== ''
    })
    assert.ok(formsOf(canaries.clickhouse).some((form) => shown.some((headers) => headers.includes(form))))
    told.push(...(await everyAnswer(instance.url, canaries.http, canaries.admin)))

    const replaced = (reason: string): Promise<unknown> =>
      instance.until(`${reason}: it is replaced`, (status) => {
        const { lastEnd, state } = processNamed(status, 'collector')
        return lastEnd?.startsWith(`${reason}:`) === true && state === 'running'
      })
    instance.fault('heap')
    await replaced('heap')
    await instance.untilVerified(LIMIT_MS)
    instance.fault('block', 20_000)
    await replaced('stall')
    await instance.untilVerified(LIMIT_MS)
    instance.fault('throw')
    await replaced('exception')
    told.push(...(await everyAnswer(instance.url, canaries.http, canaries.admin)))
    const { code } = await instance.stop()
    assert.equal(code, 0)

    const files = filesBelow(instance.folder)
    const names = files.map(({ path }) => path)
    assert.ok(
      names.some((name) => /evidence\/report\..*\.json$/.test(name)),
      'the report of a full heap is kept',
    )
    assert.ok(
      names.some((name) => /evidence\/collector-\d+\.txt$/.test(name)),
      'the evidence of a stall is kept',
    )
    assert.ok(
      names.some((name) => name.includes('/sinks/')),
      'cursors are kept',
    )
    const everything = [
      ...files,
      { path: 'output', text: instance.lines.join('\n') },
      ...told.map((text) => ({ path: 'answers', text })),
    ]
    // What is looked through is what was told: what is no secret is found.
    assert.ok(everything.some(({ text }) => text.includes('okx-spot')))
    const found = SECRETS.flatMap((secret) =>
      formsOf(canaries[secret]).flatMap((form) =>
        everything.filter(({ text }) => text.includes(form)).map(({ path }) => `${secret}: ${path}`),
      ),
    )
    assert.deepEqual(found, [])
  },
)

const canary = (): string => `canary${randomBytes(16).toString('hex')}`

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A secret, and what encodings leave of it: base64 of it begins at any of three places of what goes before it. */
function formsOf(secret: string): readonly string[] {
  const shifted = ['', 'x', 'xx'].map((before) => base64(before + secret).slice(4, -4))
  return [secret, Buffer.from(secret).toString('hex'), ...shifted]
}
