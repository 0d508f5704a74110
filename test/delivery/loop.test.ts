import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { numbered, OPTIONS, record, Rig } from '../journal/rig.ts'
import { MemorySink } from './memory-sink.ts'
import { fill, loopOf, records, runUntil } from './rig.ts'

test('records come to the sink in order, each once, and the cursor counts them by type', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 10)
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === 10)
  assert.deepEqual(sink.lines, records(0, 10))
  assert.deepEqual(loop.cursor.delivered.toJSON(), { trade: 3, orderbook_delta: 3, orderbook: 2, gap: 2 })
  assert.ok(loop.cursor.isBalanced)
})

test('what is written later is brought within the time of a look, and at once after a notice', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const sink = new MemorySink()
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(1_000)
  fill(journal, 0, 1)
  loop.wake()
  await rig.simulation.advance(0)
  assert.equal(sink.lines.length, 1)
  fill(journal, 1, 2)
  await rig.simulation.advance(250)
  assert.equal(sink.lines.length, 2)
  await loop.stop()
  await rig.simulation.advance(0)
  await running
})

test('a sink that is down holds up nothing, gets the same batch again with waits, and is told once it is back', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 10)
  const sink = new MemorySink()
  sink.refusal = new FailureError('unreachable', 'nobody there', { retryable: true })
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(60_000)
  assert.deepEqual(sink.lines, [])
  assert.ok(sink.writes >= 8 && sink.writes < 60, `${sink.writes} tries in a minute`)
  assert.match(loop.trouble?.text ?? '', /nobody there/)
  sink.refusal = undefined
  await rig.simulation.advance(10_000)
  assert.deepEqual(sink.lines, records(0, 10))
  assert.equal(loop.trouble, undefined)
  assert.equal(rig.eventsOf('sink_recovered').length, 1)
  await loop.stop()
  await running
})

test('a failure that needs a person is tried again seldom', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 1)
  const sink = new MemorySink()
  sink.closedBy = new FailureError('unauthorized', 'wrong password', { retryable: false })
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(600_000)
  assert.ok(sink.opened >= 10 && sink.opened <= 60, `${sink.opened} tries in ten minutes`)
  sink.closedBy = undefined
  await rig.simulation.advance(60_000)
  assert.equal(sink.lines.length, 1)
  await loop.stop()
  await running
})

test('a bug in a sink is told with its trace, and the loop lives', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 1)
  const sink = new MemorySink()
  sink.refusal = new TypeError('undefined is not a function')
  const loop = loopOf(rig, sink)
  const running = loop.run()
  await rig.simulation.advance(1_000)
  const [failed] = rig.eventsOf('sink_failed')
  assert.ok(failed?.type === 'sink_failed' && failed.code === 'bug' && failed.text.includes('loop.test.ts'))
  sink.refusal = undefined
  await rig.simulation.advance(60_000)
  assert.equal(sink.lines.length, 1)
  await loop.stop()
  await running
})

test('a poison record goes to the quarantine with its reason, and the others go on', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 6)
  const sink = new MemorySink()
  sink.poison = '"text":"4"'
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.writes > 0)
  assert.deepEqual(sink.lines, [...records(0, 4), ...records(5, 6)])
  assert.deepEqual(loop.cursor.rejected.toJSON(), { trade: 1 })
  assert.ok(loop.cursor.isBalanced)
  const { files } = rig.simulation
  const kept = new TextDecoder().decode(files.read(`${OPTIONS.folder}/sinks/memory.quarantine.ndjson`))
  assert.deepEqual(JSON.parse(kept), { code: 'bad_record', reason: 'poison', record: record(...numbered(4)) })
})

test('types that do not go to the sink are counted as skipped', async () => {
  const rig = new Rig()
  fill(rig.open(), 0, 8)
  const sink = new MemorySink()
  sink.skips = 'orderbook'
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => loop.cursor.read.total === 8)
  assert.equal(sink.lines.length, 6)
  assert.deepEqual(loop.cursor.skipped.toJSON(), { orderbook: 2 })
  assert.ok(loop.cursor.isBalanced)
})

test('a batch that is not full waits for more, but not longer than the sink allows', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const sink = new MemorySink({ lingerMs: 1_000, limitRecords: 5 })
  const running = loopOf(rig, sink).run()
  fill(journal, 0, 2)
  await rig.simulation.advance(900)
  assert.equal(sink.writes, 0)
  await rig.simulation.advance(400)
  assert.equal(sink.writes, 1)
  fill(journal, 2, 12)
  await rig.simulation.advance(260)
  assert.ok(sink.writes >= 2, 'a full one goes at once')
  void running
})

test('a frozen sink holds one batch in memory, however much is written meanwhile', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const sink = new MemorySink({ limitRecords: 10 })
  const { promise, resolve } = Promise.withResolvers<void>()
  sink.gate = promise
  const running = loopOf(rig, sink).run()
  fill(journal, 0, 500)
  await rig.simulation.advance(100_000)
  assert.equal(sink.writes, 1)
  sink.gate = undefined
  resolve()
  await rig.simulation.advance(1_000)
  assert.deepEqual(sink.lines, records(0, 500))
  void running
})

test('where batches are fixed, a restart gives the same batch with the same token, though more has been written', async () => {
  const rig = new Rig()
  const journal = rig.open()
  fill(journal, 0, 4)
  const sink = new MemorySink({ isFixed: true })
  sink.losesAnswer = true
  void loopOf(rig, sink).run()
  await rig.simulation.runUntil(() => sink.tokens.length === 1, 1_000)
  // The process is killed here: its cursor says what was under way.
  fill(journal, 4, 9)
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => loop.cursor.read.total === 9)
  assert.equal(sink.tokens[0], sink.tokens[1])
  assert.deepEqual(sink.lines.slice(4), [...records(0, 4), ...records(4, 9)])
  assert.ok(loop.cursor.isBalanced)
})

test('records that went before they were read are counted as lost for this sink, once', async () => {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: 150 })
  fill(journal, 0, 1)
  const sink = new MemorySink()
  const first = loopOf(rig, sink)
  await runUntil(rig, first, () => sink.lines.length === 1)
  fill(journal, 1, 21)
  await journal.close()
  const { files } = rig.simulation
  for (const name of rig.names().slice(0, -1)) files.remove(`${OPTIONS.folder}/${name}`)
  const left = rig.lines()
  assert.ok(left.length > 0 && left.length < 20)
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === 1 + left.length)
  assert.equal(loop.cursor.lost.total, 20 - left.length)
  assert.equal(rig.eventsOf('sink_lost').length, 1)
  assert.ok(loop.cursor.isBalanced)
  assert.ok(Cursor.open(OPTIONS.folder, sink.name, files).isBalanced)
})

test('what the journal itself lost after it was delivered (a power cut) is counted as withdrawn', async () => {
  const rig = new Rig()
  const journal = rig.open({ segmentBytes: Infinity })
  fill(journal, 0, 9)
  const sink = new MemorySink()
  await runUntil(rig, loopOf(rig, sink), () => sink.lines.length === 9)
  const { disk } = rig.simulation
  const [open = ''] = rig.names()
  disk.replace(`${OPTIONS.folder}/${open}`, disk.read(`${OPTIONS.folder}/${open}`).slice(0, -200))
  disk.remove(`${OPTIONS.folder}/lock`)
  const after = rig.open()
  fill(after, 9, 12)
  const loop = loopOf(rig, sink)
  await runUntil(rig, loop, () => sink.lines.length === 12)
  assert.deepEqual(sink.lines.slice(9), records(9, 12))
  assert.ok(loop.cursor.withdrawn.total > 0)
  assert.ok(loop.cursor.isBalanced)
})

test('whatever fails and wherever the process is killed, every record arrives in order and the counts agree', async () => {
  const step = fc.constantFrom('write', 'pass', 'refuse', 'lose', 'allow', 'kill', 'stop', 'seal')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, isFixed) => {
      const rig = new Rig()
      let journal = rig.open({ segmentBytes: 2_000 })
      let sink = new MemorySink({ isFixed, limitRecords: 7 })
      let loop = loopOf(rig, sink)
      let running = loop.run()
      let count = 0
      for (const what of steps) {
        if (what === 'write') fill(journal, count, (count += 6))
        else if (what === 'refuse') sink.refusal = new FailureError('timeout', 'late', { retryable: true })
        else if (what === 'allow') sink.refusal = undefined
        else if (what === 'lose') sink.losesAnswer = true
        else if (what === 'seal') {
          await journal.close()
          journal = rig.open({ segmentBytes: 2_000 })
        } else if (what === 'stop') {
          await Promise.all([loop.stop(), rig.simulation.advance(0)])
          await running
          loop = loopOf(rig, sink)
          running = loop.run()
        } else if (what === 'kill') {
          // It never hears from its sink again, nor its sink from it.
          sink.gate = new Promise(() => undefined)
          const { lines } = sink
          sink = new MemorySink({ isFixed, limitRecords: 7 }, lines)
          loop = loopOf(rig, sink)
          running = loop.run()
        }
        await rig.simulation.advance(300)
      }
      sink.refusal = undefined
      sink.losesAnswer = false
      await rig.simulation.runUntil(() => loop.cursor.read.total === count, 60_000)
      await loop.stop()
      await running
      await journal.close()
      assert.deepEqual([...new Set(sink.lines)], records(0, count))
      assert.ok(loop.cursor.isBalanced)
      assert.equal(loop.cursor.delivered.total, count)
    }),
    { numRuns: 60 },
  )
})
