import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { line, NOW, OPTIONS, Rig } from '../journal/rig.ts'
import { MemorySink } from './memory-sink.ts'
import { fill, loopOf, records, runUntil } from './rig.ts'

test('a journal that cannot be read for a while costs this sink a wait, and nothing is skipped', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 9)
  const { files } = rig.simulation
  let broken = true
  const flaky = {
    list: (folder: string) => files.list(folder),
    sizeOf: (path: string) => files.sizeOf(path),
    openRead: (path: string) => {
      if (broken) throw new FailureError('disk', 'EMFILE: too many open files', { retryable: true })
      return files.openRead(path)
    },
  }
  const sink = new MemorySink()
  const loop = loopOf(rig, sink, flaky)
  const running = loop.run()
  await rig.simulation.advance(5_000)
  assert.match(loop.trouble?.text ?? '', /EMFILE/)
  broken = false
  await rig.simulation.advance(20_000)
  assert.deepEqual(sink.lines, records(0, 9))
  await loop.stop()
  await running
})

test('a cursor that cannot be saved because the disk is full holds up nothing', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 9)
  rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === 9)
  rig.simulation.disk.limitBytes = Infinity
  assert.ok(loop.cursor.isBalanced)
})

test('a cursor of another journal is told loudly, and nothing is read from the middle of this one', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 3)
  const cursor = Cursor.open(OPTIONS.folder, 'memory', rig.simulation.files)
  cursor.place = { segment: 58, offset: 12_345 }
  cursor.save()
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(60_000)
  assert.deepEqual(sink.lines, [])
  assert.match(loop.trouble?.text ?? '', /begun anew/)
  await loop.stop()
  await running
})

test('a cursor that was saved before its sink took anything does not count what was there before as lost', async () => {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: 150 })
  fill(journal, 0, 9)
  await journal.close()
  const { files } = rig.simulation
  for (const name of rig.names().slice(0, -1)) files.remove(`${OPTIONS.folder}/${name}`)
  const left = rig.lines().length
  const sink = new MemorySink({ isFixed: true })
  sink.refusal = new FailureError('unauthorized', 'wrong password', { retryable: false })
  const first = loopOf(rig, sink)
  await runUntil(rig, first, () => sink.writes > 0)
  sink.refusal = undefined
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === left)
  assert.equal(loop.cursor.lost.total, 0)
  assert.equal(loop.cursor.base.total, 9 - left)
  assert.ok(loop.cursor.isBalanced)
})

test('the counts agree where the begin of the first segment is damaged', async () => {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: 1_000 })
  fill(journal, 0, 12)
  await journal.close()
  const { files } = rig.simulation
  const path = `${OPTIONS.folder}/${rig.names()[0]}`
  const bytes = files.read(path)
  bytes[30] = (bytes[30] ?? 0) ^ 1
  files.replace(path, bytes)
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === 12)
  assert.ok(loop.cursor.isBalanced)
  assert.equal(loop.cursor.base.total, 0)
})

test('a sink to which nothing goes lets others have their turn', async () => {
  const rig = new Rig()
  const journal = rig.open()
  for (let n = 0; n < 200; n++) {
    journal.append(line('gap', 'gap'), NOW)
    journal.flush()
  }
  const sink = new MemorySink({ limitRecords: 1 })
  sink.skips = 'gap'
  const loop = loopOf(rig, sink)
  let skippedBefore = NaN
  const running = loop.run()
  await Promise.resolve()
  rig.simulation.timers.after(0, () =>
    rig.simulation.timers.after(0, () => (skippedBefore = loop.cursor.skipped.total)),
  )
  await rig.simulation.advance(0)
  assert.ok(skippedBefore < 10, `${skippedBefore} before anybody else`)
  assert.equal(loop.cursor.skipped.total, 200)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})
