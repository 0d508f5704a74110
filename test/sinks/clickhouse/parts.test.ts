import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { bytesOf, partOf, type Range, splitAt } from '../../../src/sinks/clickhouse/parts.ts'
import { batchOf, lineOf } from './world.ts'

const decoder = new TextDecoder()

test('the parts of a batch hold every line once, in its order, and know which line each was', () => {
  const someLines = fc.array(fc.tuple(fc.constantFrom(...RECORD_TYPES), fc.string()), { maxLength: 40 })
  fc.assert(
    fc.property(someLines, (records) => {
      const lines = records.map(([type, symbol]) => lineOf(type, { symbol }))
      const batch = batchOf('batch', lines)
      let held = 0
      for (const [code, type] of RECORD_TYPES.entries()) {
        const part = partOf(batch, code)
        held += part.count
        for (let line = 0; line < part.count; line++) {
          const of = part.lines[line] ?? -1
          assert.equal(records[of]?.[0], type)
          assert.equal(decoder.decode(bytesOf(part, { from: line, to: line + 1 })), `${lines[of]}\n`)
        }
      }
      assert.equal(held, lines.length)
    }),
  )
})

test('a batch of one type is not copied', () => {
  const batch = batchOf('batch', [lineOf('gap'), lineOf('gap')])
  assert.equal(partOf(batch, RECORD_TYPES.indexOf('gap')).bytes, batch.bytes)
})

test('a range splits into shorter ones that follow one another without a hole', () => {
  const aRange = fc.tuple(fc.nat(1_000), fc.integer({ min: 2, max: 1_000 }))
  const aSuspect = fc.option(fc.integer({ min: -5, max: 1_100 }), { nil: undefined })
  fc.assert(
    fc.property(aRange, aSuspect, ([from, count], suspect) => {
      const range: Range = { from, to: from + count }
      const ranges = splitAt(range, suspect)
      assert.equal(ranges[0]?.from, range.from)
      assert.equal(ranges.at(-1)?.to, range.to)
      for (const [index, part] of ranges.entries()) {
        assert.ok(part.to > part.from && part.to - part.from < count)
        if (index > 0) assert.equal(part.from, ranges[index - 1]?.to)
      }
    }),
  )
})

test('a suspected line stands alone', () => {
  assert.deepEqual(splitAt({ from: 10, to: 20 }, 4), [
    { from: 10, to: 14 },
    { from: 14, to: 15 },
    { from: 15, to: 20 },
  ])
})
