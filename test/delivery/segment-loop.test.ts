import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { RECORD_TYPES } from '../../src/core/record.ts'
import { Quarantine } from '../../src/delivery/quarantine.ts'
import { SegmentLoop } from '../../src/delivery/segment-loop.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { surveySegment } from '../../src/journal/recovery.ts'
import type { Files } from '../../src/runtime/runtime.ts'
import type { SealedSegment, SegmentSink, StoredSegment } from '../../src/sinks/sink.ts'
import { line, NOW, numbered, OPTIONS, Rig } from '../journal/rig.ts'

/** A store in memory, which keeps of a segment what can be read. */
class MemoryStore implements SegmentSink {
  readonly name = 'store'
  readonly numbers: number[] = []
  refusal: Error | undefined
  readonly #files: Files

  constructor(files: Files) {
    this.#files = files
  }

  takes(): boolean {
    return true
  }

  async open(): Promise<void> {
    // Nothing to make ready.
  }

  async store({ path, number }: SealedSegment): Promise<StoredSegment> {
    if (this.refusal !== undefined) throw this.refusal
    const { types } = surveySegment(path, this.#files)
    this.numbers.push(number)
    return { stored: Object.fromEntries(RECORD_TYPES.map((type) => [type, types.of(type)])), rejected: [] }
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** Five sealed segments of three batches with two records each. */
async function sealed(): Promise<Rig> {
  const rig = new Rig()
  for (let segment = 0; segment < 5; segment++) {
    const journal = rig.open()
    for (let n = 0; n < 6; n++) {
      journal.append(line(...numbered(n)), NOW)
      if (n % 2 === 1) journal.flush()
    }
    await journal.close()
  }
  return rig
}

function loopOf(rig: Rig, store: MemoryStore): SegmentLoop {
  const { files } = rig.simulation
  const parts = {
    folder: OPTIONS.folder,
    cursor: Cursor.open(OPTIONS.folder, store.name, files),
    quarantine: new Quarantine(OPTIONS.folder, store.name, files),
  }
  return new SegmentLoop(store, parts, rig.simulation, (event) => rig.events.push(event))
}

/** Runs to the end of the journal. */
async function run(rig: Rig, loop: SegmentLoop, advanceMs = 60_000): Promise<void> {
  const running = loop.run({ untilEnd: true })
  await rig.simulation.advance(advanceMs)
  await running
}

test('sealed segments are stored in order, each once, also over restarts', async () => {
  const rig = await sealed()
  const store = new MemoryStore(rig.simulation.files)
  await run(rig, loopOf(rig, store))
  const journal = rig.open()
  journal.append(line('next'), NOW)
  await journal.close()
  const loop = loopOf(rig, store)
  await run(rig, loop)
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5, 6])
  assert.equal(loop.cursor.delivered.total, 31)
  assert.ok(loop.cursor.isBalanced)
})

test('a segment that the limits take while it is tried again is counted as lost, and the next one is stored', async () => {
  const rig = await sealed()
  const { files } = rig.simulation
  const store = new MemoryStore(files)
  store.refusal = new FailureError('disk', 'full', { retryable: true })
  const loop = loopOf(rig, store)
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
  const rig = await sealed()
  const { files } = rig.simulation
  const path = `${OPTIONS.folder}/${rig.names()[1]}`
  const bytes = files.read(path)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1
  files.replace(path, bytes)
  const store = new MemoryStore(files)
  const loop = loopOf(rig, store)
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
  const rig = await sealed()
  const { files } = rig.simulation
  const path = `${OPTIONS.folder}/${(rig.names()[0] ?? '').replace('.ndjson', '.manifest.json')}`
  const manifest = files.read(path)
  files.replace(path, new TextEncoder().encode('{'))
  const store = new MemoryStore(files)
  const loop = loopOf(rig, store)
  const running = loop.run({ untilEnd: true })
  await rig.simulation.advance(30_000)
  assert.match(loop.trouble?.text ?? '', /manifest/)
  files.replace(path, manifest)
  await rig.simulation.advance(120_000)
  await running
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5])
})
