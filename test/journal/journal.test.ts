import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { BATCH_LIMIT_BYTES, Journal } from '../../src/journal/journal.ts'
import { readManifest } from '../../src/journal/manifest.ts'
import type { Files } from '../../src/runtime/runtime.ts'
import { line, NOW, numbered, OPTIONS, record, Rig } from './rig.ts'

const FIRST = '00000001-20260101T000000'

test('the first record is written at the end of the turn, those after it at most once in the flush time', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const idle = rig.simulation.armedTimers
  journal.append(line('one'), NOW)
  assert.deepEqual(rig.lines(), [])
  await rig.simulation.advance(0)
  assert.deepEqual(rig.lines(), [record('one')])
  journal.append(line('two'), NOW)
  await rig.simulation.advance(19)
  assert.deepEqual(rig.lines(), [record('one')])
  await rig.simulation.advance(1)
  assert.deepEqual(rig.lines(), [record('one'), record('two')])
  await rig.simulation.advance(400)
  assert.equal(rig.simulation.armedTimers, idle, 'no timer while nothing waits')
  assert.deepEqual([journal.writtenRecords, journal.writtenBytes], [2, line('one').length * 2])
})

test('a segment is named by number and time, open while it is written, sealed with a manifest at the end', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('one'), NOW)
  journal.append(line('two', 'gap'), NOW)
  journal.flush()
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson.open`])
  await journal.close()
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson`])
  const { files } = rig.simulation
  const bytes = files.read(`${OPTIONS.folder}/${FIRST}.ndjson`)
  const { types, before, ...facts } = readManifest(files, OPTIONS.folder, FIRST) ?? assert.fail('no manifest')
  assert.deepEqual(types.toJSON(), { trade: 1, gap: 1 })
  assert.deepEqual(before.toJSON(), {})
  assert.deepEqual(facts, {
    number: 1,
    bytes: bytes.length,
    records: 2,
    firstUs: NOW,
    lastUs: NOW,
    damagedBytes: 0,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
  assert.deepEqual(rig.events, [
    { type: 'segment_sealed', path: `data/journal/${FIRST}.ndjson`, records: 2, bytes: bytes.length },
  ])
})

test('every line of a segment is JSON, whoever reads it without knowing of batches', async () => {
  const rig = new Rig()
  const journal = rig.open()
  for (let n = 0; n < 5; n++) {
    journal.append(line(...numbered(n)), NOW)
    journal.flush()
  }
  await journal.close()
  const text = new TextDecoder().decode(rig.simulation.files.read(`${OPTIONS.folder}/${FIRST}.ndjson`))
  const types = text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each).type)
  const ours = ['trade', 'orderbook_delta', 'orderbook', 'gap', 'trade'].flatMap((type) => ['batch', type])
  assert.deepEqual(types, ['batch', 'segment', ...ours])
})

test('a segment is sealed at its size and at its age', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('x'.repeat(OPTIONS.segmentBytes)), NOW)
  journal.flush()
  await rig.simulation.advance(0)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson`])
  journal.append(line('young'), NOW)
  journal.flush()
  await rig.simulation.advance(OPTIONS.segmentMs)
  journal.append(line('old'), NOW)
  journal.flush()
  await rig.simulation.advance(0)
  assert.equal(rig.names().filter((name) => name.endsWith('.ndjson')).length, 2)
  await journal.close()
})

test('a segment is sealed at its age while nothing comes', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('last'), NOW)
  await rig.simulation.advance(OPTIONS.segmentMs + 60_000)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson`])
  await journal.close()
})

test('a disk with less room than asked for costs the oldest segments, read or not, and never the newest', async () => {
  const rig = new Rig()
  const journal = rig.open({ limits: { limitBytes: Infinity, keepMs: Infinity, freeBytes: 1_000_000 } })
  for (let n = 0; n < 5; n++) {
    journal.append(line('x'.repeat(OPTIONS.segmentBytes)), NOW)
    journal.flush()
    await rig.simulation.advance(0)
  }
  assert.equal(rig.names().length, 5)
  rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes + 1_000_000 - 15_000
  await rig.simulation.advance(60_000)
  assert.deepEqual(
    rig.names().map((name) => name.slice(0, 8)),
    ['00000003', '00000004', '00000005'],
  )
  rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes + 10
  await rig.simulation.advance(60_000)
  assert.deepEqual(
    rig.names().map((name) => name.slice(0, 8)),
    ['00000005'],
  )
  await journal.close()
})

test('a segment is sealed only after a sync that is under way has ended', async () => {
  const rig = new Rig()
  const { clock, timers, random, sockets, http, disk } = rig.simulation
  const sync = Promise.withResolvers<void>()
  // The double of a disk on which a sync takes its time.
  const files: Files = new Proxy(disk, {
    get(target, key) {
      if (key !== 'openAppend') return Reflect.get(target, key).bind(target)
      return (path: string) => Object.assign(target.openAppend(path), { syncAside: () => sync.promise })
    },
  })
  const journal = new Journal(
    { ...OPTIONS, fsyncMs: 1 },
    { clock, timers, random, sockets, http, files },
    { emit: () => undefined },
  )
  journal.append(line('one'), NOW)
  await rig.simulation.advance(5)
  journal.append(line('x'.repeat(OPTIONS.segmentBytes)), NOW)
  journal.flush()
  await rig.simulation.advance(100)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson.open`])
  sync.resolve()
  await rig.simulation.advance(1)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson`])
  await journal.close()
})

test('one journal a folder: a second one is refused until the first is closed', async () => {
  const rig = new Rig()
  const first = rig.open()
  assert.throws(
    () => rig.open(),
    (error) => error instanceof FailureError && error.code === 'locked',
  )
  await first.close()
  await rig.open().close()
})

test('with nobody to hold, a full disk is a coded failure that names the file', () => {
  const rig = new Rig()
  const journal = rig.open()
  rig.simulation.disk.limitBytes = 2
  journal.append(line('too much'), NOW)
  assert.throws(
    () => journal.flush(),
    (error) => error instanceof FailureError && error.code === 'disk' && error.message.includes('00000001'),
  )
})

/** Holds as a collector does: nothing is appended in between. */
function heldJournal(rig: Rig): { readonly journal: Journal; readonly heard: string[] } {
  const heard: string[] = []
  const held = (): void => void heard.push('held')
  const resumed = (): void => void heard.push('resumed')
  return { journal: rig.open({}, { held, resumed }), heard }
}

test('a full disk holds the journal, harms nothing that was written, and is over by itself', async () => {
  const rig = new Rig()
  const { journal, heard } = heldJournal(rig)
  journal.append(line('before'), NOW)
  await rig.simulation.advance(20)
  rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes + 50
  journal.append(line('while full'), NOW)
  await rig.simulation.advance(20)
  assert.deepEqual(heard, ['held'])
  assert.equal(journal.isHeld, true)
  assert.deepEqual(rig.lines(), [record('before')], 'the half that fitted has been taken back')
  await rig.simulation.advance(5_000)
  assert.deepEqual(heard, ['held'], 'told once')
  rig.simulation.disk.limitBytes = Infinity
  await rig.simulation.advance(1_000)
  assert.deepEqual(heard, ['held', 'resumed'])
  assert.deepEqual(rig.lines(), [record('before'), record('while full')])
  assert.deepEqual(
    rig.events.map(({ type }) => type),
    ['journal_held', 'journal_resumed'],
  )
  await journal.close()
  assert.equal(rig.eventsOf('segment_sealed').length, 1)
})

test('a disk that fills up in the middle of a large frame loses none of its records', async () => {
  const rig = new Rig()
  const { journal, heard } = heldJournal(rig)
  rig.simulation.disk.limitBytes = 1_000
  const texts = Array.from({ length: 5 }, (_, n) => `${n}${'z'.repeat(BATCH_LIMIT_BYTES / 2)}`)
  for (const text of texts) journal.append(line(text), NOW)
  assert.deepEqual(heard, ['held'], 'whoever appends knows at once')
  rig.simulation.disk.limitBytes = Infinity
  await rig.simulation.advance(1_000)
  assert.deepEqual(
    rig.lines(),
    texts.map((text) => record(text)),
  )
  await journal.close()
})

test('a segment that cannot be sealed because the disk is full is sealed later', async () => {
  const rig = new Rig()
  const { journal } = heldJournal(rig)
  journal.append(line('x'.repeat(OPTIONS.segmentBytes)), NOW)
  rig.simulation.disk.limitBytes = OPTIONS.segmentBytes + 500
  journal.flush()
  await rig.simulation.advance(500)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson.open`])
  rig.simulation.disk.limitBytes = Infinity
  await rig.simulation.advance(1_000)
  assert.deepEqual(rig.names(), [`${FIRST}.ndjson`])
  await journal.close()
})

test('segments that every sink has read go at their age; unread ones only for the limit, and are told', async () => {
  const rig = new Rig()
  let segment = 0
  const places = (): readonly { sink: string; segment: number }[] => [{ sink: 'nats', segment }]
  const limits = { limitBytes: 45_000, keepMs: 1_000, freeBytes: 0 }
  const journal = rig.open({ limits, places })
  const fill = async (): Promise<void> => {
    journal.append(line('x'.repeat(OPTIONS.segmentBytes)), rig.simulation.clock.now())
    journal.flush()
    await rig.simulation.advance(0)
  }
  for (let n = 0; n < 3; n++) await fill()
  await rig.simulation.advance(60_000)
  assert.equal(rig.names().length, 3, 'nothing has been read')
  segment = 3
  await rig.simulation.advance(60_000)
  assert.deepEqual(
    rig.names().map((name) => name.slice(0, 8)),
    ['00000003'],
  )
  assert.deepEqual(
    rig.eventsOf('segment_removed').map((event) => 'unread' in event && event.unread),
    [[], []],
  )
  for (let n = 0; n < 4; n++) await fill()
  const forced = rig.eventsOf('segment_removed').at(-1)
  assert.ok(forced?.type === 'segment_removed')
  assert.deepEqual([forced.unread, forced.path.includes('00000003')], [['nats'], true])
  await journal.close()
})

test('whatever the sizes of records, every one is written once and in order', async () => {
  const sizes = fc.array(
    fc.oneof(fc.nat(500), fc.constantFrom(BATCH_LIMIT_BYTES - 1, BATCH_LIMIT_BYTES, BATCH_LIMIT_BYTES + 1)),
    { maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(sizes, async (lengths) => {
      const rig = new Rig()
      const journal = rig.open({ segmentBytes: 3_000_000 })
      const texts = lengths.map((length, index) => `${index}${'y'.repeat(length)}`)
      for (const text of texts) journal.append(line(text), NOW)
      await journal.close()
      assert.deepEqual(
        rig.lines(),
        texts.map((text) => record(text)),
      )
      assert.equal(journal.writtenRecords, texts.length)
    }),
    { numRuns: 40 },
  )
})
