import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { SystemFiles, writeWhole } from '../../src/runtime/system-files.ts'

const files = new SystemFiles()

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-files-'))
  try {
    work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const disk = (path: string, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof FailureError, String(error))
  assert.deepEqual({ code: error.code, retryable: error.retryable }, { code: 'disk', retryable })
  assert.ok(error.message.includes(path), error.message)
  return true
}

test('what is appended is in the file when the call returns, also after opening it again', () => {
  inFolder((folder) => {
    files.makeFolder(`${folder}/a/b`)
    files.makeFolder(`${folder}/a/b`)
    const path = `${folder}/a/b/file`
    const first = files.openAppend(path)
    first.append(Buffer.from('one,'))
    assert.equal(Buffer.from(files.read(path)).toString(), 'one,')
    first.sync()
    first.close()
    first.close()
    const second = files.openAppend(path)
    assert.equal(second.sizeBytes, 4)
    second.append(Buffer.from('two'))
    assert.equal(second.sizeBytes, 7)
    second.close()
    assert.equal(Buffer.from(files.read(path)).toString(), 'one,two')
    assert.throws(() => second.append(Buffer.from('late')), disk(path, false))
  })
})

test('files are listed in order of name, sized, renamed and removed', () => {
  inFolder((folder) => {
    for (const name of ['b', 'a', 'c']) files.openAppend(`${folder}/${name}`).close()
    assert.deepEqual(files.list(folder), ['a', 'b', 'c'])
    assert.equal(files.sizeOf(`${folder}/a`), 0)
    assert.equal(files.sizeOf(`${folder}/none`), undefined)
    files.rename(`${folder}/a`, `${folder}/d`)
    files.remove(`${folder}/b`)
    files.remove(`${folder}/b`)
    assert.deepEqual(files.list(folder), ['c', 'd'])
  })
})

test('a folder is made with all above it, absolute or relative', () => {
  inFolder((folder) => {
    const below = relative(process.cwd(), folder)
    for (const path of [`${folder}/a/b/c`, `${below}/d/e`, `${below}/d/e/f`]) {
      files.makeFolder(path)
      assert.deepEqual(files.list(path), [])
    }
    assert.deepEqual(files.list(folder), ['a', 'd'])
  })
})

test('a file is replaced whole, and cut back to a size', () => {
  inFolder((folder) => {
    const path = `${folder}/file`
    for (const text of ['one', 'another', 'x']) {
      files.replace(path, Buffer.from(text))
      assert.equal(Buffer.from(files.read(path)).toString(), text)
    }
    assert.deepEqual(files.list(folder), ['file'])
    const file = files.openAppend(path)
    file.append(Buffer.from('yz'))
    file.truncate(2)
    file.append(Buffer.from('!'))
    assert.equal(file.sizeBytes, 3)
    file.close()
    assert.equal(Buffer.from(files.read(path)).toString(), 'xy!')
  })
})

test('a file is read while it grows, after it was renamed, and after it was removed; one that is not there is undefined', () => {
  inFolder((folder) => {
    assert.equal(files.openRead(`${folder}/none`), undefined)
    const path = `${folder}/file`
    const into = new Uint8Array(8)
    const writer = files.openAppend(path)
    const reader = files.openRead(path) ?? assert.fail('not there')
    assert.equal(reader.read(into, 0), 0)
    writer.append(Buffer.from('abcd'))
    assert.deepEqual([reader.read(into, 1), Buffer.from(into.subarray(0, 3)).toString()], [3, 'bcd'])
    files.rename(path, `${path}.sealed`)
    writer.append(Buffer.from('ef'))
    assert.equal(reader.sizeBytes(), 6)
    files.remove(`${path}.sealed`)
    assert.deepEqual([reader.read(into, 4), Buffer.from(into.subarray(0, 2)).toString()], [2, 'ef'])
    reader.close()
    writer.close()
  })
})

test('what was appended is forced to the disk aside, and a failure to do so is a disk failure', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-files-'))
  const file = files.openAppend(`${folder}/file`)
  file.append(Buffer.from('x'))
  await file.syncAside()
  file.close()
  assert.throws(() => void file.syncAside(), disk('file', false))
  rmSync(folder, { recursive: true })
})

test('whoever watches a folder hears of appends and new files until it has had enough', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-files-'))
  let heard = 0
  let next = Promise.withResolvers<void>()
  const unwatch = files.watch(folder, () => {
    heard++
    next.resolve()
  })
  const file = files.openAppend(`${folder}/file`)
  await next.promise
  next = Promise.withResolvers()
  file.append(Buffer.from('x'))
  await next.promise
  unwatch()
  const before = heard
  file.append(Buffer.from('y'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(heard, before)
  file.close()
  rmSync(folder, { recursive: true })
  files.watch(`${folder}/gone`, () => undefined)()
})

test('the room that is left on a disk is known', () => {
  inFolder((folder) => assert.ok(files.freeBytes(folder) > 1_000_000))
})

test('every failure is a disk failure that names the path', () => {
  inFolder((folder) => {
    const missing = `${folder}/none/file`
    assert.throws(() => files.openAppend(missing), disk(missing, false))
    assert.throws(() => files.read(missing), disk(missing, false))
    assert.throws(() => files.list(missing), disk(missing, false))
    assert.throws(() => files.rename(missing, `${folder}/x`), disk(missing, false))
    files.openAppend(`${folder}/file`).close()
    assert.throws(() => files.makeFolder(`${folder}/file/under`), disk(`${folder}/file`, false))
    assert.equal(files.sizeOf(`${folder}/file/under`), undefined)
    files.makeFolder(`${folder}/sub`)
    assert.throws(() => files.remove(`${folder}/sub`), disk(`${folder}/sub`, false))
  })
})

test('a write that takes little at a time is gone on with until all is written', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 500 }),
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }),
      (bytes, takes) => {
        const written: number[] = []
        let turn = 0
        writeWhole(bytes, (part) => {
          const take = Math.min(part.length, (takes[turn++ % takes.length] ?? 0) + (turn % 50 === 0 ? 1 : 0))
          written.push(...part.subarray(0, take))
          return take
        })
        assert.deepEqual(written, [...bytes])
      },
    ),
  )
})

test('a file that takes nothing any more is an error, not a loop', () => {
  assert.throws(() => writeWhole(new Uint8Array(3), () => 0), /no more bytes/)
})

test('a full disk is told with the path, may be tried again, and what fitted is counted', (context) => {
  inFolder((folder) => {
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    if (mounted.status !== 0) {
      context.skip('SKIPPED: no tmpfs can be mounted here, so ENOSPC is not tested')
      return
    }
    try {
      const path = `${folder}/file`
      const file = files.openAppend(path)
      assert.throws(() => file.append(new Uint8Array(1_000_000)), disk(path, true))
      assert.equal(file.sizeBytes, files.sizeOf(path))
      assert.ok(file.sizeBytes > 0 && file.sizeBytes <= 65_536)
      file.close()
      files.remove(path)
      const next = files.openAppend(path)
      next.append(new Uint8Array(1_000))
      next.close()
      assert.equal(files.sizeOf(path), 1_000)
    } finally {
      spawnSync('/bin/umount', [folder])
    }
  })
})
