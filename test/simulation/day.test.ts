import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { assertBooksAccounted, assertTradesAccounted, Day } from './day.ts'

/** Virtual hours a venue: one in the suite; `MARKETPRISM_SEEDS=50` runs as many. */
const SEEDS = Number(process.env['MARKETPRISM_SEEDS'] ?? 1)
const HOSTILE_MINUTES = 50

for (const venue of VENUE_IDS) {
  test(`${venue}: an hour in which nothing goes wrong has no gap, and every event is delivered`, async () => {
    const day = new Day()
    await day.run({ venue, seed: 11, minutes: 2, hostile: false })
    assert.deepEqual(
      day.records.filter((record) => record['type'] === 'gap'),
      [],
    )
    assert.equal(day.liveAtEnd, day.booksAtEnd)
    assert.ok(day.compared > 1_000, `${day.compared} books compared`)
    assertBooksAccounted(day)
    assertTradesAccounted(day)
  })

  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`${venue}, seed ${seed}: in a hostile hour no published book differs from the truth, and no hole is untold`, async () => {
      const day = new Day()
      await day.run({ venue, seed, minutes: HOSTILE_MINUTES, hostile: true })
      assert.ok(day.struck > 10, `${day.struck} faults struck`)
      assert.ok(day.compared > 5_000, `${day.compared} books compared`)
      assert.ok(day.records.some((record) => record['type'] === 'gap'))
      assertBooksAccounted(day)
      assertTradesAccounted(day)
      assert.equal(day.liveAtEnd, day.booksAtEnd, 'all books are live again')
      assert.equal(day.openAtEnd, 0, 'no socket is left')
      assert.ok(day.peak <= day.desired * 2, `${day.peak} sockets at the most, ${day.desired} wanted`)
    })
  }
}

test('the same seed gives the same day, byte for byte', async () => {
  const traces = [new Day(), new Day()]
  for (const day of traces) {
    await day.run({ venue: 'okx-spot', seed: 7, minutes: 10, hostile: true })
  }
  assert.equal(traces[0]?.trace, traces[1]?.trace)
})
