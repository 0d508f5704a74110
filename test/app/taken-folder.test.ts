import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { join } from 'node:path'
import { SystemFiles } from '../../src/runtime/system-files.ts'
import { closedPort, tcp } from '../runtime/loopback.ts'
import { until } from './asking.ts'
import { listening, modestSections, temporaryFolder } from './doctor-world.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const LIMIT_MS = 30_000
const ELSEWHERE = '1 77 0123456789ab/pid:[4026532001]\n'
const files = new SystemFiles()

interface Run extends AsyncDisposable {
  readonly child: ChildProcess
  /** All that it has written. */
  readonly text: () => string
  /** Its exit code. */
  readonly end: () => Promise<unknown>
}

/** The program in `folder`. It is asked to end after so long. */
function run(folder: string, argv: readonly string[], limitMs = LIMIT_MS): Run {
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  }
  const closed = once(child, 'close')
  const limit = setTimeout(() => child.kill('SIGTERM'), limitMs)
  const end = async (): Promise<unknown> => {
    const [code] = await closed
    clearTimeout(limit)
    return code
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await end()
  }
  return { child, text: () => text, end, [Symbol.asyncDispose]: stop }
}

/** A lock file below `folder`, whose folders are made. */
function lockIn(folder: string, journal: string, text?: string): string {
  mkdirSync(join(folder, journal), { recursive: true })
  const path = join(folder, journal, 'lock')
  if (text !== undefined) writeFileSync(path, text)
  return path
}

const demoLockIn = (folder: string): string => join(folder, 'records/demo.lock')

/** The lock of a process that has ended. */
const staleLock = (): string => `${spawnSync(process.execPath, ['--version']).pid} 1\n`

/** marketprism.yaml in `folder`, of Deribit at a port where nobody listens. */
async function writeConfig(
  folder: string,
  supervisor: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { streamUrl: stream_url, restUrl: rest_url } = listening(await closedPort())
  const off = ['binance-spot', 'binance-derivatives', 'okx-spot', 'okx-derivatives']
  const venues = {
    ...Object.fromEntries(off.map((venue) => [venue, { enabled: false }])),
    deribit: { stream_url, rest_url },
  }
  const sections = modestSections('.')
  const config = { venues, ...sections, supervisor: { ...sections.supervisor, ...supervisor } }
  writeFileSync(join(folder, 'marketprism.yaml'), JSON.stringify(config))
}

const untilListening = ({ text }: Run): Promise<number> =>
  until('it listens', () => text().includes('health and metrics at '), LIMIT_MS, text)

const untilCompared = ({ text }: Run): Promise<number> =>
  until('books were compared', () => / verified [1-9]/.test(text()), LIMIT_MS, text)

for (const command of ['start', 'capture']) {
  test(`${command} ends with 75 where another process has the journal, naming it and what to do`, async () => {
    using folder = temporaryFolder()
    await writeConfig(folder.path)
    const unlock = files.lock(lockIn(folder.path, 'journal'))
    await using running = run(folder.path, [command])
    assert.equal(await running.end(), 75, running.text())
    assert.match(
      running.text(),
      new RegExp(`journal/lock: held by process ${process.pid}\\. .* or set another journal\\.folder\\.\n$`),
    )
    assert.doesNotMatch(running.text(), /started again/)
    unlock()
  })
}

test('start ends with 75 where another process has the journal of one of its collectors', async () => {
  using folder = temporaryFolder()
  await writeConfig(folder.path, { collectors: 'per_venue' })
  const unlock = files.lock(lockIn(folder.path, 'journal/deribit'))
  await using running = run(folder.path, ['start'])
  assert.equal(await running.end(), 75, running.text())
  assert.match(running.text(), new RegExp(`journal/deribit/lock: held by process ${process.pid}\\.`))
  unlock()
})

test('start in a single process needs no journal but the one that it writes', async () => {
  using folder = temporaryFolder()
  await writeConfig(folder.path, { collectors: 'per_venue' })
  const unlock = files.lock(lockIn(folder.path, 'journal/deribit'))
  await using running = run(folder.path, ['start', '--single-process'])
  await untilListening(running)
  running.child.kill('SIGTERM')
  assert.equal(await running.end(), 0, running.text())
  unlock()
})

test('a lock of a process that has ended keeps no start from its work', async () => {
  using folder = temporaryFolder()
  await writeConfig(folder.path)
  const path = lockIn(folder.path, 'journal', staleLock())
  await using running = run(folder.path, ['start'])
  await untilListening(running)
  await until('its collector has the journal', () => isOfChild(path, running), LIMIT_MS, running.text)
  running.child.kill('SIGTERM')
  assert.equal(await running.end(), 0, running.text())
})

/** Whether the process that a lock names lives: the stale one does not. */
function isOfChild(path: string, { text }: Run): boolean {
  const [pid = ''] = existsSync(path) ? readFileSync(path, 'utf8').split(' ') : []
  return pid !== '' && existsSync(`/proc/${pid}`) && !text().includes('held by')
}

test('start leaves a lock that cannot be looked at to its collector', async () => {
  using folder = temporaryFolder()
  await writeConfig(folder.path)
  mkdirSync(lockIn(folder.path, 'journal'))
  await using running = run(folder.path, ['start'])
  await untilListening(running)
  running.child.kill('SIGTERM')
  assert.equal(await running.end(), 0, running.text())
})

test('start waits for the journal of a container that was killed, as its supervisor does', async () => {
  using folder = temporaryFolder()
  await writeConfig(folder.path)
  const path = lockIn(folder.path, 'journal', ELSEWHERE)
  const soon = new Date(Date.now() + 10_000)
  utimesSync(path, soon, soon)
  await using running = run(folder.path, ['start'])
  await untilListening(running)
  running.child.kill('SIGTERM')
  assert.equal(await running.end(), 0, running.text())
})

for (const lock of ['journal/lock', 'demo.lock']) {
  test(`a demo ends with 75 where another process has ${lock} of its folder, and leaves what is there alone`, async () => {
    using folder = temporaryFolder()
    lockIn(folder.path, 'records/journal')
    const unlock = files.lock(join(folder.path, 'records', lock))
    const configFile = join(folder.path, 'records/marketprism.yaml')
    writeFileSync(configFile, 'of the other one\n')
    await using running = run(folder.path, ['demo', '--data', 'records', '--seconds', '1'])
    assert.equal(await running.end(), 75, running.text())
    assert.equal(
      running.text(),
      `marketprism demo: records/${lock}: held by process ${process.pid}. Another instance collects into records: give this one another folder by --data, or end that one.\n`,
    )
    assert.equal(readFileSync(configFile, 'utf8'), 'of the other one\n')
    unlock()
  })
}

test('of two demos that are begun together in one folder one compares its books, and the other ends with 75', async () => {
  using folder = temporaryFolder()
  const argv = ['demo', '--data', 'records']
  await using one = run(folder.path, argv)
  await using other = run(folder.path, argv)
  const refused = await Promise.race([one, other].map((demo) => demo.end().then(() => demo)))
  const winner = refused === one ? other : one
  assert.equal(await refused.end(), 75, refused.text())
  assert.match(
    refused.text(),
    /^marketprism demo: records\/(demo\.lock|journal\/lock): held by process \d+\. Another instance collects into records: /,
  )
  await untilCompared(winner)
  winner.child.kill('SIGTERM')
  assert.equal(await winner.end(), 0, winner.text())
})

test('locks of processes that have ended keep no demo from its work', async () => {
  using folder = temporaryFolder()
  const path = lockIn(folder.path, 'records/journal', staleLock())
  writeFileSync(demoLockIn(folder.path), staleLock())
  await using running = run(folder.path, ['demo', '--data', 'records'])
  await until('its collector has the journal', () => isOfChild(path, running), LIMIT_MS, running.text)
  await untilCompared(running)
  running.child.kill('SIGTERM')
  assert.equal(await running.end(), 0, running.text())
})

test('a demo whose emulated venues do not start gives its folder back', async () => {
  using folder = temporaryFolder()
  await using taken = await tcp(() => undefined)
  const argv = ['demo', '--data', 'records', '--port-base', String(taken.port)]
  await using running = run(folder.path, argv)
  assert.equal(await running.end(), 75, running.text())
  assert.match(running.text(), /the emulated venues did not start/)
  assert.equal(existsSync(demoLockIn(folder.path)), false)
})

test('a demo that could compare nothing ends with 69, and says that it may need longer', async () => {
  using folder = temporaryFolder()
  // Nobody touches it, hence it is no proof of life; its collector does not get the journal for 20 s all the same.
  const path = lockIn(folder.path, 'records/journal', ELSEWHERE)
  const soon = new Date(Date.now() + 10_000)
  utimesSync(path, soon, soon)
  await using running = run(folder.path, ['demo', '--data', 'records', '--seconds', '2'])
  assert.equal(await running.end(), 69, running.text())
  assert.match(running.text(), /no book was compared with its true one\. .* --seconds/)
  assert.doesNotMatch(running.text(), /Look into it/)
})

for (const time of [[], ['--seconds', '60']]) {
  const name = ['a demo', ...time].join(' ')
  test(`${name} that is ended by hand before it could compare anything has done what it was asked`, async () => {
    using folder = temporaryFolder()
    await using running = run(folder.path, ['demo', '--data', 'records', ...time])
    await untilListening(running)
    running.child.kill('SIGINT')
    assert.equal(await running.end(), 0, running.text())
    assert.match(running.text(), /Look into it/)
    assert.equal(existsSync(demoLockIn(folder.path)), false)
  })
}
