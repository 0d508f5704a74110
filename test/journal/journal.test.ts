import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { epochMicros } from '../../src/core/units.ts'
import { BATCH_LIMIT_BYTES, Journal, type JournalOptions } from '../../src/journal/journal.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'

const OPTIONS: JournalOptions = {
  folder: 'data/journal',
  segmentBytes: 10_000,
  segmentMs: 60_000,
  flushMs: 20,
  fsyncMs: 200,
}
/** 2026-01-01T00:00:00Z, where simulated time begins. */
const NOW = epochMicros(1_767_225_600_000_000)

class Rig {
  readonly simulation = new Simulation({ seed: 1 })
  readonly events: SystemEvent[] = []

  open(options: Partial<JournalOptions> = {}): Journal {
    return new Journal({ ...OPTIONS, ...options }, this.simulation, (event) => this.events.push(event))
  }

  names(): readonly string[] {
    return this.simulation.files.list(OPTIONS.folder).filter((name) => name !== 'lock')
  }

  text(): string {
    const { files } = this.simulation
    return this.names()
      .map((name) => new TextDecoder().decode(files.read(`${OPTIONS.folder}/${name}`)))
      .join('')
  }
}

const line = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`)

test('records wait at most the flush time, and no timer runs while none waits', async () => {
  const rig = new Rig()
  const journal = rig.open()
  assert.equal(rig.simulation.armedTimers, 0)
  journal.append(line('one'), NOW)
  await rig.simulation.advance(19)
  assert.equal(rig.text(), '')
  await rig.simulation.advance(1)
  assert.equal(rig.text(), 'one\n')
  await rig.simulation.advance(200)
  assert.equal(rig.simulation.armedTimers, 0)
  assert.deepEqual([journal.writtenRecords, journal.writtenBytes], [1, 4])
})

test('a segment is named by number and time, open while it is written, sealed at the end', () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('one'), NOW)
  journal.flush()
  assert.deepEqual(rig.names(), ['00000001-20260101T000000.ndjson.open'])
  journal.close()
  assert.deepEqual(rig.names(), ['00000001-20260101T000000.ndjson'])
  assert.deepEqual(rig.events, [
    { type: 'segment_sealed', path: 'data/journal/00000001-20260101T000000.ndjson', records: 1, bytes: 4 },
  ])
})

test('a segment is sealed at its size and at its age', async () => {
  const rig = new Rig()
  const journal = rig.open()
  journal.append(line('x'.repeat(OPTIONS.segmentBytes)), NOW)
  journal.flush()
  assert.deepEqual(rig.names(), ['00000001-20260101T000000.ndjson'])
  journal.append(line('young'), NOW)
  journal.flush()
  await rig.simulation.advance(OPTIONS.segmentMs)
  journal.append(line('old'), NOW)
  journal.flush()
  assert.equal(rig.names().filter((name) => name.endsWith('.ndjson')).length, 2)
  journal.close()
})

test('what a process left open is sealed by the next one, which goes on with the numbers', () => {
  const rig = new Rig()
  rig.simulation.files.makeFolder(OPTIONS.folder)
  const left = rig.simulation.files.openAppend(`${OPTIONS.folder}/00000041-20251231T235959.ndjson.open`)
  left.append(line('left'))
  const journal = rig.open()
  journal.append(line('next'), NOW)
  journal.close()
  assert.deepEqual(rig.names(), ['00000041-20251231T235959.ndjson', '00000042-20260101T000000.ndjson'])
  assert.equal(rig.text(), 'left\nnext\n')
})

test('one journal a folder: a second one is refused until the first is closed', () => {
  const rig = new Rig()
  const first = rig.open()
  assert.throws(
    () => rig.open(),
    (error) => error instanceof FailureError && error.code === 'locked',
  )
  first.close()
  rig.open().close()
})

test('a full disk is a coded failure that names the file', () => {
  const rig = new Rig()
  const journal = rig.open()
  rig.simulation.disk.limitBytes = 2
  journal.append(line('too much'), NOW)
  assert.throws(
    () => journal.flush(),
    (error) => error instanceof FailureError && error.code === 'disk' && error.message.includes('00000001'),
  )
})

test('whatever the sizes of records, every byte is written once and in order', () => {
  const sizes = fc.array(
    fc.oneof(fc.nat(500), fc.constantFrom(BATCH_LIMIT_BYTES - 1, BATCH_LIMIT_BYTES, BATCH_LIMIT_BYTES + 1)),
    {
      maxLength: 12,
    },
  )
  fc.assert(
    fc.property(sizes, (lengths) => {
      const rig = new Rig()
      const journal = rig.open({ segmentBytes: 3_000_000 })
      const lines = lengths.map((length, index) => `${index}${'y'.repeat(length)}`)
      for (const text of lines) journal.append(line(text), NOW)
      journal.close()
      assert.equal(rig.text(), lines.map((text) => `${text}\n`).join(''))
      assert.equal(journal.writtenRecords, lines.length)
    }),
    { numRuns: 40 },
  )
})
