import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf, VENUE_IDS } from '../../src/core/ids.ts'
import { VENUES, venueOf } from '../../src/venues/venues.ts'

test('every venue id has one venue, of its exchange', () => {
  assert.deepEqual(
    VENUES.map(({ id }) => id),
    VENUE_IDS,
  )
  for (const id of VENUE_IDS) {
    assert.equal(venueOf(id).id, id)
    assert.equal(venueOf(id).exchange, exchangeOf(id))
  }
})

test('every venue has default streams, and its window is what its snapshots give', () => {
  for (const { options, snapshot, window } of VENUES) {
    assert.ok(options.book.length > 0 && options.trade.length > 0)
    if (snapshot !== undefined) assert.equal(snapshot.window(window), window)
  }
})
