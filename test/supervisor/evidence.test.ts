import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evidenceText } from '../../src/supervisor/evidence.ts'
import { LastLines } from '../../src/supervisor/last-lines.ts'
import { MemoryKills } from '../../src/supervisor/memory-kills.ts'
import { readMessage } from '../../src/supervisor/messages.ts'

test('evidence has what the system says, the last lines and the last report, or says that there are none', () => {
  const facts = { name: 'collector', pid: 12, silentMs: 10_040, system: '== wchan\nfutex\n' }
  assert.equal(
    evidenceText({ ...facts, lines: [], report: undefined }),
    'collector, process 12, not heard from for 10.0 s\n== wchan\nfutex\n== last lines\nnone\n== last report\nnone\n',
  )
})

test('of a flood of lines evidence has the newest', () => {
  const lines = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(8_000)}`)
  const facts = { name: 'collector', pid: 12, silentMs: 0, system: '' }
  const text = evidenceText({ ...facts, lines, report: undefined })
  assert.ok(text.length < 70_000)
  assert.match(text, /\n199 x/)
  assert.doesNotMatch(text, /\n1 x/)
})

test('the last 200 lines stay, and those of one process are told from those before it', () => {
  const lines = new LastLines()
  assert.deepEqual([lines.all(), lines.own()], [[], []])
  for (let index = 0; index < 300; index++) lines.push(`${index}`)
  assert.deepEqual([lines.all().length, lines.all()[0], lines.own().length], [200, '100', 200])
  lines.begin()
  assert.deepEqual([lines.all().length, lines.own()], [200, []])
  lines.push('a')
  lines.push('b')
  assert.deepEqual(lines.own(), ['a', 'b'])
  assert.equal(lines.all().length, 200)
})

test('a kill for want of memory counts within the next moments, and not for ever', () => {
  let kills: number | undefined = 7
  const memory = new MemoryKills(() => kills)
  memory.look(0)
  assert.equal(memory.hasRisen(), false)
  kills = 8
  assert.equal(memory.hasRisen(), true)
  memory.look(5_000_000)
  assert.equal(memory.hasRisen(), true)
  memory.look(9_000_000)
  assert.equal(memory.hasRisen(), true)
  memory.look(10_000_000)
  assert.equal(memory.hasRisen(), false)
  kills = undefined
  assert.equal(memory.hasRisen(), false)
})

test('only what is a report of the role is taken for one', () => {
  const delivery = { role: 'delivery', process: {}, sinks: [] }
  const collector = { role: 'collector', process: {}, venues: [], journal: {}, shedding: {} }
  const kindOf = (message: unknown, role: 'collector' | 'delivery' = 'delivery'): string =>
    readMessage(message, role).kind
  assert.equal(kindOf({ kind: 'report', report: delivery }), 'report')
  assert.equal(kindOf({ kind: 'report', report: collector }, 'collector'), 'report')
  for (const message of [
    { kind: 'report' },
    { kind: 'report', report: 'all is well' },
    { kind: 'report', report: [delivery] },
    { kind: 'report', report: collector },
    { kind: 'report', report: { ...delivery, process: undefined } },
    { kind: 'report', report: { ...delivery, sinks: {} } },
    'report',
    undefined,
    [],
  ]) {
    assert.equal(kindOf(message), 'malformed', JSON.stringify(message))
  }
  assert.equal(
    kindOf({ kind: 'report', report: { ...collector, journal: undefined } }, 'collector'),
    'malformed',
  )
  assert.equal(kindOf({ kind: 'diagnosis', id: 1 }), 'other')
})
