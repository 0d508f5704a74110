import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { readManifest } from '../../src/journal/manifest.ts'
import { MemoryFiles } from '../../src/runtime/sim-files.ts'
import { line, NOW, numbered, OPTIONS, record, Rig } from './rig.ts'

const FIRST = `${OPTIONS.folder}/00000001-20260101T000000`

/** The file as a crash leaves it: its process is gone, and `change` was made to its bytes. */
function crash(rig: Rig, change: (bytes: Uint8Array) => Uint8Array): void {
  const files = rig.simulation.disk
  const bytes = files.read(`${FIRST}.ndjson.open`)
  files.remove(`${FIRST}.ndjson.open`)
  files.remove(`${OPTIONS.folder}/lock`)
  files.openAppend(`${FIRST}.ndjson.open`).append(change(bytes))
}

/** Batches of one record each, not closed. */
function written(count: number): Rig {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: Infinity })
  for (let n = 0; n < count; n++) {
    journal.append(line(...numbered(n)), NOW)
    journal.flush()
  }
  return rig
}

const records = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, n) => record(...numbered(from + n)))

test('what a process left open is sealed by the next one, which goes on with the numbers and the counts', async () => {
  const rig = written(5)
  crash(rig, (bytes) => bytes)
  const journal = rig.open()
  journal.append(line('next'), NOW)
  await journal.close()
  assert.deepEqual(
    rig.names().map((name) => name.slice(0, 8) + name.slice(name.indexOf('.'))),
    ['00000001.ndjson', '00000002.ndjson'],
  )
  assert.deepEqual(rig.lines(), [...records(0, 5), record('next')])
  const { files } = rig.simulation
  const manifest = readManifest(files, OPTIONS.folder, '00000002-20260101T000000')
  assert.deepEqual(manifest?.before.toJSON(), { trade: 2, orderbook_delta: 1, orderbook: 1, gap: 1 })
  assert.equal(rig.events[0]?.type, 'segment_recovered')
})

test('a torn end is cut behind the last whole batch, told, and kept beside', async () => {
  const rig = written(3)
  crash(rig, (bytes) => bytes.slice(0, -7))
  await rig.open().close()
  assert.deepEqual(rig.lines(), records(0, 2))
  const [recovered] = rig.eventsOf('segment_recovered')
  assert.ok(recovered?.type === 'segment_recovered')
  const torn = rig.simulation.files.list(`${OPTIONS.folder}/torn`)
  assert.equal(torn.length, 1)
  assert.equal(rig.simulation.files.sizeOf(`${OPTIONS.folder}/torn/${torn[0]}`), recovered.cutBytes)
  assert.ok(recovered.cutBytes > 100)
})

test('zeros that a power cut leaves at the end are cut', async () => {
  const rig = written(3)
  crash(rig, (bytes) => Uint8Array.from([...bytes, ...new Uint8Array(5_000)]))
  await rig.open().close()
  assert.deepEqual(rig.lines(), records(0, 3))
})

test('a segment that never got a batch is sealed empty: its number is never given again', async () => {
  for (const left of [new Uint8Array(), new Uint8Array(4_096), new TextEncoder().encode('{"type":"ba')]) {
    const rig = written(1)
    crash(rig, () => left)
    const journal = rig.open()
    journal.append(line('next'), NOW)
    await journal.close()
    assert.deepEqual(
      rig.names().map((name) => name.slice(0, 8)),
      ['00000001', '00000002'],
    )
    assert.deepEqual(rig.lines(), [record('next')])
    assert.equal(readManifest(rig.simulation.files, OPTIONS.folder, '00000001-20260101T000000')?.records, 0)
  }
})

test('a manifest that cannot be read is made anew from its segment', async () => {
  const rig = written(4)
  crash(rig, (bytes) => bytes)
  await rig.open().close()
  const { files } = rig.simulation
  const sound = files.read(`${FIRST}.manifest.json`)
  for (const broken of ['', '{"number":1', '{"number":1,"types":{"other":1}}']) {
    files.replace(`${FIRST}.manifest.json`, new TextEncoder().encode(broken))
    await rig.open().close()
    assert.deepEqual(files.read(`${FIRST}.manifest.json`), sound)
  }
})

test('after a crash on a full disk the journal opens once retention has made room, and the torn end is let go', async () => {
  const rig = new Rig()
  let journal = rig.open({ segmentBytes: 3_000 })
  for (let n = 0; n < 4; n++) {
    journal.append(line('x'.repeat(3_000)), NOW)
    journal.flush()
    await rig.simulation.advance(0)
  }
  journal.append(line('torn'), NOW)
  journal.flush()
  const { disk } = rig.simulation
  const open = rig.names().find((name) => name.endsWith('.open')) ?? ''
  const bytes = disk.read(`${OPTIONS.folder}/${open}`)
  disk.replace(`${OPTIONS.folder}/${open}`, bytes.slice(0, -3))
  disk.remove(`${OPTIONS.folder}/lock`)
  disk.limitBytes = disk.usedBytes + 40
  assert.throws(
    () => rig.open(),
    (error) => error instanceof FailureError && error.code === 'disk' && error.retryable,
  )
  journal = rig.open({ limits: { limitBytes: 10_000, keepMs: Infinity, freeBytes: 0 } })
  journal.append(line('next'), NOW)
  await journal.close()
  assert.equal(rig.lines().at(-1), record('next'))
  assert.ok(rig.eventsOf('segment_removed').length > 0)
})

test('however a journal is emptied by retention, its numbers and counts go on', async () => {
  const rig = new Rig()
  const limits = { limitBytes: Infinity, keepMs: 0, freeBytes: 0 }
  for (let run = 1; run <= 3; run++) {
    const journal = rig.open({ limits })
    journal.append(line('one'), NOW)
    await rig.simulation.advance(60_000)
    await journal.close()
    await rig.open({ limits }).close()
  }
  const last = rig.names().at(-1) ?? ''
  assert.equal(last.slice(0, 8), '00000003')
  const manifest = readManifest(rig.simulation.files, OPTIONS.folder, last.slice(0, -'.ndjson'.length))
  assert.deepEqual(manifest?.before.toJSON(), { trade: 2 })
})

test('damage in the middle costs the batch that it hit and no other', async () => {
  const rig = written(9)
  crash(rig, (bytes) => {
    const changed = bytes.slice()
    const at = new TextDecoder().decode(bytes).indexOf('"text":"4"') + 8
    changed[at] = 'X'.charCodeAt(0)
    return changed
  })
  await rig.open().close()
  assert.deepEqual(rig.lines(), [...records(0, 4), ...records(5, 9)])
  const [recovered] = rig.eventsOf('segment_recovered')
  assert.ok(recovered?.type === 'segment_recovered')
  assert.ok(recovered.damagedBytes > 100 && recovered.cutBytes === 0)
})

test('a file of the name of a segment that holds something else is refused, and stays as it is', () => {
  const rig = written(1)
  const foreign = new TextEncoder().encode('{"type":"trade","exchange":"okx"}\n')
  crash(rig, () => foreign)
  assert.throws(
    () => rig.open(),
    (error) => error instanceof FailureError && error.code === 'corrupt' && error.message.includes(FIRST),
  )
  assert.deepEqual(rig.simulation.files.read(`${FIRST}.ndjson.open`), foreign)
})

test('wherever a write is cut, what was whole is kept, and nothing torn is believed', async () => {
  const count = 6
  const whole = written(count).simulation.disk.read(`${FIRST}.ndjson.open`)
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (length) => {
      const rig = written(count)
      crash(rig, (bytes) => bytes.slice(0, length))
      const journal = rig.open()
      journal.append(line('next'), NOW)
      await journal.close()
      const lines = rig.lines()
      assert.deepEqual(lines, [...records(0, lines.length - 1), record('next')])
      const text = new TextDecoder().decode(whole.slice(0, length))
      const wholeLines = text
        .split('\n')
        .slice(0, -1)
        .filter((each) => each.includes('"exchange"'))
      assert.equal(lines.length - 1, wholeLines.length)
    }),
    { numRuns: 60 },
  )
})

test('whichever bit changes, no changed record is believed, and all others are read', async () => {
  const count = 6
  const size = written(count).simulation.disk.read(`${FIRST}.ndjson.open`).length
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 1), fc.nat(7), async (at, bit) => {
      const rig = written(count)
      crash(rig, (bytes) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        return changed
      })
      let lines: readonly string[] = []
      try {
        await rig.open().close()
        lines = rig.lines()
      } catch (error) {
        assert.ok(error instanceof FailureError && error.code === 'corrupt')
        return
      }
      const expected = records(0, count)
      assert.ok(lines.every((each) => expected.includes(each)))
      assert.ok(lines.length >= count - 1, `${lines.length} of ${count}`)
    }),
    { numRuns: 150 },
  )
})

test('a crash at any moment of sealing leaves one segment with all of its records', async () => {
  for (const left of ['manifest', 'draft', 'both'] as const) {
    const rig = written(4)
    crash(rig, (bytes) => bytes)
    const files: MemoryFiles = rig.simulation.disk
    if (left === 'draft') files.openAppend(`${FIRST}.manifest.json.tmp`).append(new Uint8Array([123]))
    if (left === 'manifest') files.openAppend(`${FIRST}.manifest.json`).append(new TextEncoder().encode('{}'))
    if (left === 'both') files.openAppend(`${FIRST}.ndjson`).append(files.read(`${FIRST}.ndjson.open`))
    await rig.open().close()
    assert.deepEqual(rig.lines(), records(0, 4), left)
    assert.equal(rig.names().length, 1)
    assert.ok(readManifest(files, OPTIONS.folder, '00000001-20260101T000000')?.records === 4)
  }
})
