import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findCommand } from '../../scripts/tools.ts'
import type { Status } from '../../src/app/status.ts'
import { ask } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { areVerified, SupervisedInstance } from '../app/supervised.ts'

const TEST = { timeout: 120_000 }
const USER = 'prometheus'
const PASSWORD = 'a-password-of-this-test'
const TOKEN = 'a-token-of-this-test'
const PATHS = ['/', '/health', '/ready', '/live', '/version', '/status', '/metrics']
const PROCESSES = ['collector', 'delivery']

const openssl = findCommand('openssl')

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A folder with the files that a configuration may name. */
function files(t: TestContext): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-admin-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return (name, text) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
}

const gaps = ({ venues }: Status): number =>
  venues.flatMap(({ gapsBy }) => Object.values(gapsBy)).reduce((sum, count) => sum + count, 0)

test('with a password nobody else is answered, on any path, and /admin/ has its own', TEST, async (t) => {
  const file = files(t)
  const instance = await SupervisedInstance.start({
    venues: await HeldVenues.start(['okx-spot']),
    headers: basic(USER, PASSWORD),
    config: {
      http: {
        user: USER,
        password_file: file('password', `${PASSWORD}\n`),
        admin_token_file: file('token', `${TOKEN}\n`),
      },
    },
  })
  await using _ = instance
  await instance.untilVerified()
  for (const path of [...PATHS, '/nothing']) {
    const without = await ask(instance.url + path)
    assert.equal(without.status, 401, path)
    assert.match(String(without.headers['www-authenticate']), /^Basic realm=/)
  }
  // Not more of them: whoever guesses has to wait.
  for (const headers of [basic(USER, `${PASSWORD}x`), basic('other', PASSWORD), bearer(TOKEN)]) {
    assert.equal((await ask(`${instance.url}/metrics`, { headers })).status, 401)
  }
  for (const path of PATHS) {
    assert.equal((await ask(instance.url + path, { headers: basic(USER, PASSWORD) })).status, 200, path)
  }
  const admin = { method: 'POST', headers: basic(USER, PASSWORD) }
  assert.equal((await ask(`${instance.url}/admin/objects`, admin)).status, 401)
})

test(
  'profiles of a running process: only with the token, only by POST, while the books stay live',
  TEST,
  async (t) => {
    const file = files(t)
    const instance = await SupervisedInstance.start({
      venues: await HeldVenues.start(['okx-spot', 'deribit']),
      config: { http: { admin_token_file: file('token', TOKEN) } },
    })
    await using _ = instance
    await instance.untilVerified()
    const url = (name: string): string => `${instance.url}/admin/${name}`
    const post = (name: string, token = TOKEN) => ask(url(name), { method: 'POST', headers: bearer(token) })
    const before = gaps(await instance.status())

    assert.equal((await ask(url('objects'), { method: 'POST' })).status, 401)
    assert.equal((await post('objects', `${TOKEN}x`)).status, 401)
    const byGet = await ask(url('objects'), { headers: bearer(TOKEN) })
    assert.equal(byGet.status, 405)
    assert.equal(byGet.headers['allow'], 'POST')
    assert.equal((await post('objects?process=supervisor')).status, 400)
    assert.equal((await post('cpu-profile?seconds=0')).status, 400)
    assert.equal((await post('heap-snapshot')).status, 404)

    for (const name of PROCESSES) {
      const cpu = await post(`cpu-profile?process=${name}&seconds=1`)
      assert.equal(cpu.status, 200, cpu.text.slice(0, 200))
      const { nodes, samples, startTime, endTime } = JSON.parse(cpu.text)
      assert.ok(Array.isArray(nodes) && nodes.length > 1 && samples.length > 10)
      assert.ok(endTime - startTime >= 900_000, 'a second, in µs')

      const heap = await post(`heap-sampling?process=${name}&seconds=1`)
      assert.equal(heap.status, 200)
      const { head } = JSON.parse(heap.text)
      assert.ok(Array.isArray(head.children))

      const objects = await post(`objects?process=${name}`)
      assert.equal(objects.status, 200)
      const { memory, spaces, resources } = JSON.parse(objects.text)
      assert.ok(memory.rss > 10e6 && spaces.length > 3 && Object.keys(resources).length > 0)
    }
    const [first, second] = await Promise.all([post('cpu-profile?seconds=1'), post('cpu-profile?seconds=1')])
    assert.deepEqual(new Set([first?.status, second?.status]), new Set([200, 429]), 'one at a time')

    const after = await instance.status()
    assert.ok(areVerified(after))
    assert.equal(gaps(after), before)
    assert.deepEqual(
      after.processes.map(({ restarts }) => restarts),
      [0, 0, 0],
    )
  },
)

test('a token that can be guessed is none', TEST, async (t) => {
  const file = files(t)
  const token = file('token', 'short')
  await assert.rejects(
    SupervisedInstance.start({
      venues: await HeldVenues.start(['okx-spot']),
      config: { http: { admin_token_file: token } },
    }),
    /a token of at least 16 characters is needed/,
  )
})

/** A certificate that signs itself. */
function certificate(t: TestContext): { readonly cert: string; readonly key: string } {
  const file = files(t)
  const [key, cert] = [file('key.pem', ''), file('cert.pem', '')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=test server', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync(openssl ?? '', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}

test(
  'with a certificate it speaks HTTPS, and nothing else',
  {
    ...TEST,
    skip: openssl === undefined && 'openssl is not on this machine',
  },
  async (t) => {
    const { cert, key } = certificate(t)
    const instance = await SupervisedInstance.start({
      venues: await HeldVenues.start(['okx-spot']),
      config: { http: { cert_file: cert, key_file: key } },
    })
    await using _ = instance
    assert.match(instance.url, /^https:/)
    const ca = readFileSync(cert, 'utf8')
    for (const path of ['/live', '/version', '/metrics']) {
      assert.equal((await ask(instance.url + path, { ca })).status, 200, path)
    }
    await assert.rejects(ask(`${instance.url}/live`), /certificate/)
    await assert.rejects(ask(`${instance.url.replace('https:', 'http:')}/live`))
  },
)
