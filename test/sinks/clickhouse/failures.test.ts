import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineFailure, rowIn } from '../../../src/sinks/clickhouse/failures.ts'

const CASES: readonly (readonly [number, string, string, boolean])[] = [
  [516, 'collector: Authentication failed', 'unauthorized', false],
  [497, 'collector: Not enough privileges', 'unauthorized', false],
  [243, 'Cannot reserve 1.00 MiB, not enough space', 'full', true],
  [75, 'Cannot write to file: , errno: 28, strerror: No space left on device', 'full', true],
  [241, 'Memory limit (total) exceeded', 'rate_limited', true],
  [252, 'Too many parts (3000)', 'rate_limited', true],
  [242, 'Table is in readonly mode', 'maintenance', true],
  [159, 'Timeout exceeded', 'timeout', true],
  [60, 'Table marketprism.trade does not exist', 'mismatch', true],
  [81, 'Database marketprism does not exist', 'mismatch', true],
  [115, 'Unknown setting x', 'mismatch', false],
  [117, 'Unknown field found while parsing JSONEachRow format: x: (at row 2)', 'mismatch', false],
  [117, 'Duplicate field found while parsing JSONEachRow format: id: (at row 2)', 'bad_record', false],
  [27, 'Cannot parse input', 'bad_record', false],
  [469, 'Constraint `whole` is violated at row 3', 'bad_record', false],
  [49, 'Logical error', 'bad_answer', true],
]

for (const [number, text, code, retryable] of CASES) {
  test(`ClickHouse ${number}, "${text}", is ${code}, ${retryable ? 'to be tried again' : 'for a person'}`, () => {
    const failure = engineFailure(number, text, undefined)
    assert.deepEqual([failure.code, failure.retryable], [code, retryable])
  })
}

test('the row that an exception names is counted from 0', () => {
  assert.equal(rowIn('Cannot parse input: (while reading the value of key price): (at row 2)\n: While'), 1)
  assert.equal(rowIn('Constraint `whole` for table t is violated at row 3. Expression'), 2)
  assert.equal(rowIn('Cannot insert NULL value into a column'), undefined)
})
