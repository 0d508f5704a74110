import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import type { SegmentLoop } from '../../src/delivery/segment-loop.ts'
import { line, NOW, OPTIONS, type Rig } from '../journal/rig.ts'
import { MemoryStore, sealed, segmentLoopOf } from './store.ts'

/** Runs to the end of the journal. */
async function run(rig: Rig, loop: SegmentLoop, advanceMs = 60_000): Promise<void> {
  const running = loop.run({ untilEnd: true })
  await rig.simulation.advance(advanceMs)
  await running
}

test('sealed segments are stored in order, each once, also over restarts', async () => {
  const rig = await sealed(5)
  const store = new MemoryStore(rig.simulation.files)
  await run(rig, segmentLoopOf(rig, store))
  const journal = rig.open()
  journal.append(line('next'), NOW)
  await journal.close()
  const loop = segmentLoopOf(rig, store)
  await run(rig, loop)
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5, 6])
  assert.equal(loop.cursor.delivered.total, 31)
  assert.ok(loop.cursor.isBalanced)
})

test('a segment that the limits take while it is tried again is counted as lost, and the next one is stored', async () => {
  const rig = await sealed(5)
  const { files } = rig.simulation
  const store = new MemoryStore(files)
  store.refusal = new FailureError('disk', 'full', { retryable: true })
  const loop = segmentLoopOf(rig, store)
  const running = loop.run({ untilEnd: true })
  await rig.simulation.advance(5_000)
  const [first = ''] = rig.names()
  files.remove(`${OPTIONS.folder}/${first}`)
  files.remove(`${OPTIONS.folder}/${first.replace('.ndjson', '.manifest.json')}`)
  store.refusal = undefined
  await rig.simulation.advance(60_000)
  await running
  assert.deepEqual(store.numbers, [2, 3, 4, 5])
  assert.equal(loop.cursor.delivered.total, 24)
  assert.ok(loop.cursor.isBalanced)
})

test('a segment that the disk has damaged is stored as far as it is whole; the rest is counted as lost', async () => {
  const rig = await sealed(5)
  const { files } = rig.simulation
  const path = `${OPTIONS.folder}/${rig.names()[1]}`
  const bytes = files.read(path)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1
  files.replace(path, bytes)
  const store = new MemoryStore(files)
  const loop = segmentLoopOf(rig, store)
  await run(rig, loop)
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5])
  assert.equal(loop.cursor.lost.total, 2)
  assert.equal(loop.cursor.delivered.total, 28)
  assert.ok(loop.cursor.isBalanced)
  assert.deepEqual(
    rig.eventsOf('sink_lost').map((event) => 'records' in event && event.records),
    [2],
  )
})

test('a manifest that cannot be read stops this sink until it is mended, and is told', async () => {
  const rig = await sealed(5)
  const { files } = rig.simulation
  const path = `${OPTIONS.folder}/${(rig.names()[0] ?? '').replace('.ndjson', '.manifest.json')}`
  const manifest = files.read(path)
  files.replace(path, new TextEncoder().encode('{'))
  const store = new MemoryStore(files)
  const loop = segmentLoopOf(rig, store)
  const running = loop.run({ untilEnd: true })
  await rig.simulation.advance(30_000)
  assert.match(loop.trouble?.text ?? '', /manifest/)
  files.replace(path, manifest)
  await rig.simulation.advance(120_000)
  await running
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5])
})
