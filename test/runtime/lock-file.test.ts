import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'

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
