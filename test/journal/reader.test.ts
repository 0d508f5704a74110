import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JournalReader } from '../../src/journal/reader.ts'
import { line, NOW, numbered, OPTIONS, record, Rig } from './rig.ts'

/** Everything that `reader` answers until the end, as lines; other readings by their kind. */
function drain(reader: JournalReader): readonly string[] {
  const seen: string[] = []
  for (let reading = reader.next(); reading.kind !== 'end'; reading = reader.next()) {
    if (reading.kind === 'batch') {
      seen.push(...new TextDecoder().decode(reading.records).trimEnd().split('\n'))
    } else if (reading.kind === 'damaged') seen.push('damaged')
  }
  return seen
}

test('a reader follows the tail through the end of a segment into the next', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const reader = new JournalReader(OPTIONS.folder, rig.simulation.files)
  assert.equal(reader.next().kind, 'end')
  for (const text of ['one', 'x'.repeat(OPTIONS.segmentBytes), 'two', 'three']) {
    journal.append(line(text), NOW)
    journal.flush()
    await rig.simulation.advance(0)
    assert.deepEqual(drain(reader), [record(text)])
  }
  await journal.close()
  assert.deepEqual(drain(reader), [])
})

test('a batch that is being written is waited for', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('one'), NOW)
  journal.flush()
  const reader = new JournalReader(OPTIONS.folder, rig.simulation.files)
  assert.deepEqual(drain(reader), [record('one')])
  rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes + 140
  journal.append(line('two'), NOW)
  assert.throws(() => journal.flush())
  assert.deepEqual(drain(reader), [])
  rig.simulation.disk.limitBytes = Infinity
  journal.flush()
  assert.deepEqual(drain(reader), [record('two')])
})

test('a segment that was removed is passed over, and the next one tells how much had been written before it', async () => {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: 100 })
  for (let n = 0; n < 4; n++) {
    journal.append(line(...numbered(n)), NOW)
    journal.flush()
    await rig.simulation.advance(0)
  }
  await journal.close()
  const { files } = rig.simulation
  for (const name of rig.names().slice(0, 2)) files.remove(`${OPTIONS.folder}/${name}`)
  const reader = new JournalReader(OPTIONS.folder, files, { segment: 1, offset: 500 })
  const first = reader.next()
  assert.ok(first.kind === 'segment')
  assert.deepEqual(first.before.toJSON(), { trade: 1, orderbook_delta: 1 })
  assert.deepEqual(drain(reader), [record(...numbered(2)), record(...numbered(3))])
})

test('a segment that never got a batch is begun anew under its number, and is read', async () => {
  const rig = new Rig()
  await rig.open().close()
  const { files, disk } = rig.simulation
  const empty = `${OPTIONS.folder}/00000001-20251231T000000.ndjson.open`
  files.openAppend(empty).append(new Uint8Array(100))
  const reader = new JournalReader(OPTIONS.folder, files)
  assert.equal(reader.next().kind, 'end')
  const journal = rig.open()
  assert.equal(disk.sizeOf(empty), undefined)
  journal.append(line('one'), NOW)
  journal.flush()
  assert.deepEqual(drain(reader), [record('one')])
  await journal.close()
})

test('at the tail a reader looks at one name, however many segments there are', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('one'), NOW)
  journal.flush()
  const { files } = rig.simulation
  let lists = 0
  const counting = {
    list: (folder: string) => {
      lists++
      return files.list(folder)
    },
    openRead: (path: string) => files.openRead(path),
    sizeOf: (path: string) => files.sizeOf(path),
  }
  const reader = new JournalReader(OPTIONS.folder, counting)
  drain(reader)
  const before = lists
  for (let n = 0; n < 100; n++) drain(reader)
  assert.equal(lists, before)
  await journal.close()
})

test('damage between sound batches is told with its size', () => {
  const rig = new Rig()
  const journal = rig.open()
  for (const text of ['one', 'two', 'three']) {
    journal.append(line(text), NOW)
    journal.flush()
  }
  const [name = ''] = rig.names()
  const path = `${OPTIONS.folder}/${name}`
  const bytes = rig.simulation.files.read(path)
  bytes[new TextDecoder().decode(bytes).indexOf('"two"') + 1] = 0
  rig.simulation.files.replace(path, bytes)
  const reader = new JournalReader(OPTIONS.folder, rig.simulation.files)
  assert.deepEqual(drain(reader), [record('one'), 'damaged', record('three')])
})

test('a reader that goes on from a place sees what follows it, each record once, whenever it looks', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(4_000) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), size: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), size: fc.constant(0) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const rig = new Rig()
      let journal = rig.open()
      let reader = new JournalReader(OPTIONS.folder, rig.simulation.files)
      const written: string[] = []
      const read: string[] = []
      for (const [n, { do: what, size }] of steps.entries()) {
        if (what === 'append') {
          const text = `${n}${'.'.repeat(size)}`
          written.push(record(text))
          journal.append(line(text), NOW)
        } else if (what === 'flush') {
          journal.flush()
          await rig.simulation.advance(0)
        } else if (what === 'read') read.push(...drain(reader))
        else if (what === 'reopen') {
          const { place } = reader
          reader.close()
          reader = new JournalReader(OPTIONS.folder, rig.simulation.files, place)
        } else {
          await journal.close()
          journal = rig.open()
        }
      }
      await journal.close()
      read.push(...drain(reader))
      assert.deepEqual(read, written)
    }),
    { numRuns: 100 },
  )
})
