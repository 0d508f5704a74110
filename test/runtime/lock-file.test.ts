import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { livingHolder, lockHolder } from '../../src/runtime/lock-file.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'
import { until } from '../app/asking.ts'

const folder = mkdtempSync(join(tmpdir(), 'marketprism-lock-'))
after(() => rmSync(folder, { recursive: true }))
const files = new SystemFiles()

test('a lock is refused while its holder lives, naming it, and free once it is given back', () => {
  const path = join(folder, 'held')
  const unlock = files.lock(path)
  assert.throws(
    () => files.lock(path),
    (error) =>
      error instanceof FailureError &&
      error.code === 'locked' &&
      error.message.includes(`process ${process.pid}`),
  )
  unlock()
  assert.equal(existsSync(path), false)
  files.lock(path)()
})

test('who holds a lock is told without taking it', () => {
  const path = join(folder, 'looked-at')
  assert.equal(lockHolder(path), undefined)
  const unlock = files.lock(path)
  assert.equal(lockHolder(path), `process ${process.pid}`)
  unlock()
  const { pid } = spawnSync(process.execPath, ['--version'])
  writeFileSync(path, `${pid} 1\n`)
  assert.equal(lockHolder(path), undefined)
  assert.equal(existsSync(path), true)
})

test('a lock whose process is gone is taken over, and so is one whose number another process has got', () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  for (const [name, text] of [
    ['gone', `${pid} 1\n`],
    ['reused', `${process.pid} 1\n`],
    ['empty', ''],
    ['nonsense', 'x y\n'],
  ] as const) {
    const path = join(folder, name)
    writeFileSync(path, text)
    files.lock(path)()
    assert.equal(existsSync(path), false, name)
  }
})

test('a process of another container holds its lock as long as the lock is touched', () => {
  const path = join(folder, 'elsewhere')
  writeFileSync(path, '1 77 0123456789ab/pid:[4026532001]\n')
  assert.throws(
    () => files.lock(path),
    (error) =>
      error instanceof FailureError &&
      error.message.includes('process 1 of 0123456789ab/pid:[4026532001], another container or machine'),
  )
  const longAgo = Date.now() / 1_000 - 60
  utimesSync(path, longAgo, longAgo)
  files.lock(path)()
})

test('a process here that holds a lock is known to live without waiting, one that is gone is not', async () => {
  const path = join(folder, 'living')
  assert.equal(await livingHolder(path), undefined)
  const unlock = files.lock(path)
  assert.equal(await livingHolder(path), `process ${process.pid}`)
  unlock()
  writeFileSync(path, `${spawnSync(process.execPath, ['--version']).pid} 1\n`)
  assert.equal(await livingHolder(path), undefined)
})

test('a process of another container is known to live once it touches its lock', async () => {
  const path = join(folder, 'living-elsewhere')
  writeFileSync(path, '1 77 0123456789ab/pid:[4026532001]\n')
  assert.equal(await livingHolder(path), undefined)
  const looking = livingHolder(path)
  const soon = new Date(Date.now() + 1_000)
  utimesSync(path, soon, soon)
  assert.equal(await looking, 'process 1 of 0123456789ab/pid:[4026532001], another container or machine')
})

test('a lock that is held is touched, and only by its holder', async () => {
  const path = join(folder, 'touched')
  const longAgo = new Date(Date.now() - 60_000)
  const isFresh = (): boolean => Date.now() - statSync(path).mtimeMs < 30_000
  const unlock = files.lock(path)
  utimesSync(path, longAgo, longAgo)
  await until('the lock is touched', isFresh, 10_000)
  unlock()
  writeFileSync(path, '1 77 0123456789ab/pid:[4026532001]\n')
  utimesSync(path, longAgo, longAgo)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.equal(isFresh(), false)
})

test('a lock that can be touched no longer ends nobody', async () => {
  const gone = mkdtempSync(join(tmpdir(), 'marketprism-lock-gone-'))
  const faults: unknown[] = []
  const note = (fault: unknown): void => void faults.push(fault)
  process.on('uncaughtException', note)
  const unlock = files.lock(join(gone, 'held'))
  rmSync(gone, { recursive: true })
  // A folder that became a file answers every look with ENOTDIR.
  writeFileSync(gone, '')
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  process.off('uncaughtException', note)
  assert.deepEqual(faults, [])
  rmSync(gone)
  unlock()
})

test('a lock that somebody else holds by now is not given back for him', () => {
  const path = join(folder, 'passed')
  const unlock = files.lock(path)
  writeFileSync(path, '1 1\n')
  unlock()
  assert.equal(existsSync(path), true)
})

test('of many processes that find a lock left behind one gets it, and the others are told so', async () => {
  const path = join(folder, 'raced')
  const program = `
    import { takeLock } from ${JSON.stringify(new URL('../../src/runtime/lock-file.ts', import.meta.url).href)}
    process.stdin.once('data', () => {
      try { takeLock(${JSON.stringify(path)}); console.log('held') } catch (error) { console.log(error.code) }
      process.stdin.once('data', () => process.exit())
    })
    console.log('ready')
  `
  writeFileSync(path, '999999 1\n')
  const racers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const lines = racers.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]())
  for (const line of lines) await line.next()
  for (const { stdin } of racers) stdin.write('go\n')
  const answers = await Promise.all(lines.map(async (line) => String((await line.next()).value)))
  for (const { stdin } of racers) stdin.write('end\n')
  assert.deepEqual(answers.toSorted(), ['held', 'locked', 'locked', 'locked'])
})
