import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { findCommand } from '../../scripts/tools.ts'
import { closedPort, tcp } from '../runtime/loopback.ts'
import { listening, modestSections, temporaryFolder } from './doctor-world.ts'
import { startEmulatedVenues } from './emulated-venues.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')

const JSON_ONLY = { options: ['--json'] }

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

/** Runs `marketprism doctor` in `folder`, where `config` is its marketprism.yaml. */
async function doctor(
  folder: string,
  config: unknown,
  { options = [], env = {} }: { readonly options?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  writeFileSync(`${folder}/marketprism.yaml`, JSON.stringify(config))
  const started = { cwd: folder, env: { ...process.env, ...env } }
  const child = spawn(process.execPath, [PROGRAM, 'doctor', ...options], started)
  const [[code], out, err] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  return { code, out, err }
}

const others = { 'binance-derivatives': { enabled: false }, 'okx-derivatives': { enabled: false } }

test('the program tells a healthy set-up, and ends with 0', async () => {
  using folder = temporaryFolder()
  const emulated = await startEmulatedVenues()
  try {
    const venues = Object.fromEntries(
      emulated.venues.map(({ id, hosts }) => [id, { stream_url: hosts.stream, rest_url: hosts.rest }]),
    )
    const { code, out, err } = await doctor(folder.path, { venues, ...modestSections('.') })
    assert.deepEqual([code, err], [0, ''], out)
    assert.match(out, /^configuration\n {2}ok +file +marketprism\.yaml is sound\n/)
    assert.match(out, /\nvenue deribit\n {2}ok +name .*\n {2}ok +rest .*\n {2}ok +stream .*\n {2}ok +clock /)
    assert.match(out, /\n0 faults, \d+ warnings?, \d+ ok, \d+ skipped, in \d+\.\d s\n$/)
    assert.ok(!out.includes('\u001B'))
  } finally {
    await emulated.stop()
  }
})

test('the program tells faults as one object, and ends with 1', async () => {
  using folder = temporaryFolder()
  const { streamUrl: stream_url, restUrl: rest_url } = listening(await closedPort())
  const off = { enabled: false }
  const venues = { ...others, 'binance-spot': off, 'okx-spot': off, deribit: { stream_url, rest_url } }
  const { code, out } = await doctor(folder.path, { venues, ...modestSections('.') }, JSON_ONLY)
  assert.equal(code, 1)
  const { result, file, counts } = JSON.parse(out)
  assert.deepEqual([result, file, counts.fault], ['fault', 'marketprism.yaml', 2])
})

test('variables of the environment go before the file, and one that means nothing is told', async () => {
  using folder = temporaryFolder()
  await using server = await tcp(() => undefined)
  const { streamUrl: stream_url, restUrl: rest_url } = listening(await closedPort())
  const off = { enabled: false }
  const venues = { ...others, 'binance-spot': off, 'okx-spot': off, deribit: { stream_url, rest_url } }
  const config = { venues, ...modestSections('.') }
  const moved = await doctor(folder.path, config, { env: { METRICS_PORT: `${server.port}` } })
  assert.match(
    moved.out,
    new RegExp(`\\n {2}fault +metrics port +127\\.0\\.0\\.1:${server.port} is in use by`),
  )
  const wrong = await doctor(folder.path, config, { env: { METRICS_PORT: 'x' } })
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /\n {2}fault +environment +METRICS_PORT: expected .*, found x\n/)
})

test('a configuration that is wrong is told with its places, and nothing else is looked at', async () => {
  using folder = temporaryFolder()
  const { code, out } = await doctor(folder.path, { journal: { flush_ms: 0, flush: 1 } }, JSON_ONLY)
  assert.equal(code, 1)
  const { counts, checks } = JSON.parse(out)
  assert.deepEqual([counts.fault, counts.skipped, counts.ok], [2, 1, 0])
  assert.match(checks[0].text, /^marketprism\.yaml:1:\d+ journal\.flush/)
})

const MAKE_PIPE = findCommand('mkfifo')

test(
  'a call of the system that never comes back is given up, and the rest is told',
  { skip: MAKE_PIPE === undefined },
  async () => {
    using folder = temporaryFolder()
    // Whoever reads a pipe that nobody writes to waits in the system for ever.
    assert.equal(spawnSync(MAKE_PIPE ?? '', [`${folder.path}/password`]).status, 0)
    const { streamUrl: stream_url, restUrl: rest_url } = listening(await closedPort())
    const off = { enabled: false }
    const { sinks, ...sections } = modestSections('.')
    const clickhouse = { enabled: true, url: 'http://127.0.0.1:1', password_file: './password' }
    const config = {
      venues: { ...others, 'binance-spot': off, 'okx-spot': off, deribit: { stream_url, rest_url } },
      ...sections,
      sinks: { ...sinks, clickhouse },
    }
    const { code, out } = await doctor(folder.path, config, JSON_ONLY)
    assert.equal(code, 1)
    const { seconds, checks } = JSON.parse(out)
    assert.ok(seconds < 10, `${seconds} s`)
    const told = new Set(
      checks.map((check: { group: string; check: string }) => `${check.group}: ${check.check}`),
    )
    assert.ok(told.has('configuration: checks') && told.has('system: node'), out)
    assert.ok(!told.has('sinks: clickhouse'), out)
  },
)
