import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { Pause } from '../../src/delivery/pause.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { line, NOW, numbered, OPTIONS, Rig } from '../journal/rig.ts'
import { MemorySink } from './memory-sink.ts'
import { fill, loopOf, records } from './rig.ts'
import { MemoryStore, sealed, segmentLoopOf } from './store.ts'

test('a paused sink gets nothing more, and all of it in order once it is resumed', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 10)
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(1_000)
  loop.pause()
  loop.pause()
  fill(journal, 10, 20)
  loop.wake()
  await rig.simulation.advance(60_000)
  assert.deepEqual([sink.lines.length, loop.isPaused, loop.report().isPaused], [10, true, true])
  loop.resume()
  await rig.simulation.advance(1_000)
  assert.deepEqual(sink.lines, records(0, 20))
  assert.equal(loop.isPaused, false)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
  assert.ok(loop.cursor.isBalanced)
})

test('the batch that is under way when a sink is paused is finished, and its place is saved', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 10)
  const sink = new MemorySink()
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(100)
  assert.equal(sink.writes, 1)
  loop.pause()
  gate.resolve()
  fill(journal, 10, 20)
  await rig.simulation.advance(10_000)
  assert.deepEqual(sink.lines, records(0, 10))
  const saved = Cursor.open(OPTIONS.folder, sink.name, rig.simulation.files)
  assert.deepEqual(saved.place, loop.cursor.place)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('a batch that waits for more is given as it is when the sink is paused', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 4)
  const sink = new MemorySink({ lingerMs: 60_000 })
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(1_000)
  assert.equal(sink.lines.length, 0)
  loop.pause()
  await rig.simulation.advance(0)
  assert.equal(sink.lines.length, 4)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('a batch that has to be the same after a restart is whole even when the sink is paused while it is read', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 9)
  const lost = new MemorySink({ isFixed: true })
  lost.refusal = new FailureError('unreachable', 'gone', { retryable: true })
  const first = loopOf(rig, lost)
  const given = first.run()
  await rig.simulation.advance(100)
  await first.stop()
  await rig.simulation.advance(1)
  await given
  const sink = new MemorySink({ isFixed: true })
  const loop = loopOf(rig, sink)
  const running = loop.run()
  loop.pause()
  loop.resume()
  await rig.simulation.advance(0)
  loop.pause()
  await rig.simulation.advance(1_000)
  assert.deepEqual(sink.lines, records(0, 9))
  assert.equal(sink.tokens.length, 1)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('a paused loop can be stopped, and a stopped one cannot be paused', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 3)
  const loop = loopOf(rig, new MemorySink())
  loop.pause()
  const running = loop.run()
  await rig.simulation.advance(1_000)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
  loop.pause()
  assert.equal(loop.isPaused, false)
})

test('whenever a sink is paused and resumed, every record comes once and in order', async () => {
  const step = fc.oneof(
    fc.record({ name: fc.constant('write' as const), records: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ name: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 600 }) }),
    fc.record({ name: fc.constantFrom('pause' as const, 'resume' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const rig = new Rig()
      const journal = rig.open()
      const sink = new MemorySink({ lingerMs: 100, limitRecords: 7 })
      const loop = loopOf(rig, sink)
      const running = loop.run()
      let written = 0
      for (const next of steps) {
        if (next.name === 'write') fill(journal, written, (written += next.records))
        else if (next.name === 'pass') await rig.simulation.advance(next.ms)
        else loop[next.name]()
        assert.deepEqual(sink.lines, records(0, sink.lines.length))
      }
      loop.resume()
      await rig.simulation.advance(5_000)
      assert.deepEqual(sink.lines, records(0, written))
      assert.deepEqual([loop.report().behindBytes, loop.report().behindMs], [0, 0])
      await loop.stop()
      await rig.simulation.advance(1)
      await running
    }),
    { numRuns: 60 },
  )
})

test('a paused store finishes its segment, takes none after it, and goes on where it was', async () => {
  const rig = await sealed(5)
  const store = new MemoryStore(rig.simulation.files)
  const gate = Promise.withResolvers<void>()
  store.gate = gate.promise
  const loop = segmentLoopOf(rig, store)
  const running = loop.run()
  await rig.simulation.advance(10)
  loop.pause()
  gate.resolve()
  await rig.simulation.advance(60_000)
  assert.deepEqual([store.numbers, loop.cursor.place.segment], [[1], 2])
  assert.equal(loop.isPaused, true)
  loop.resume()
  await rig.simulation.advance(10_000)
  assert.deepEqual(store.numbers, [1, 2, 3, 4, 5])
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('nothing waits where nothing is paused, and one that waits goes on when it is over', async () => {
  const pause = new Pause()
  await pause.passed()
  pause.pause()
  let hasPassed = false
  const waiting = pause.passed().then(() => (hasPassed = true))
  await Promise.resolve()
  pause.resume()
  pause.pause()
  await new Promise((later) => setImmediate(later))
  assert.equal(hasPassed, false, 'paused again before it was heard')
  pause.end()
  await waiting
  pause.pause()
  assert.equal(pause.isPaused, false)
})

test('how a sink stands: what it has since the start, its trouble, how much it is behind and for how long', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 4)
  const earlier = loopOf(rig, new MemorySink())
  const done = earlier.run({ untilEnd: true })
  await rig.simulation.advance(1_000)
  await done
  const sink = new MemorySink()
  sink.poison = '"text":"9"'
  const loop = loopOf(rig, sink)
  assert.deepEqual([loop.report().delivered, loop.report().successAgeMs], [{}, undefined])
  fill(journal, 4, 12)
  sink.refusal = new FailureError('unreachable', 'nobody there', { retryable: true })
  const running = loop.run()
  await rig.simulation.advance(5_000)
  const failing = loop.report()
  assert.equal(failing.trouble?.code, 'unreachable')
  assert.equal(failing.failures, failing.trouble?.attempts)
  assert.ok(failing.behindBytes > 8 * line(...numbered(4)).length)
  assert.equal(failing.behindMs, (rig.simulation.clock.now() - NOW) / 1_000)
  sink.refusal = undefined
  await rig.simulation.advance(20_000)
  const report = loop.report()
  assert.deepEqual(
    { ...report, successAgeMs: 0 },
    {
      sink: 'memory',
      trouble: undefined,
      delivered: { trade: 2, orderbook: 2, gap: 2, orderbook_delta: 1 },
      rejected: 1,
      lost: 0,
      successAgeMs: 0,
      behindBytes: 0,
      behindMs: 0,
      failures: report.failures,
      isPaused: false,
    },
  )
  assert.ok(report.successAgeMs !== undefined && report.successAgeMs < 20_000)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('a store is behind by sealed segments only: the one that is written does not wait for it', async () => {
  const rig = await sealed(3)
  const loop = segmentLoopOf(rig, new MemoryStore(rig.simulation.files))
  const sizes = rig.names().map((name) => rig.simulation.files.sizeOf(`${OPTIONS.folder}/${name}`) ?? 0)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const journal = rig.open()
  journal.append(line('one'), NOW)
  journal.flush()
  assert.equal(loop.report().behindBytes, total)
  const done = loop.run({ untilEnd: true })
  await rig.simulation.advance(10_000)
  await done
  const { behindBytes, behindMs, delivered } = loop.report()
  assert.deepEqual([behindBytes, behindMs], [0, 0])
  assert.equal(
    Object.values(delivered).reduce((sum, count) => sum + count, 0),
    18,
  )
  await journal.close()
})
