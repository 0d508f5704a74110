import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

const ROOT = join(import.meta.dirname, '../..')

/** Lines that are neither empty nor documentation. */
const codeLines = (file: string): number =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length

for (const [family, venues] of Map.groupBy(VENUES, ({ exchange }) => exchange)) {
  test(`${family}: a venue costs under 400 lines of code`, () => {
    const folder = join(ROOT, 'src/venues', family)
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
    const lines = files.map((name) => codeLines(join(folder, name))).reduce((sum, count) => sum + count, 0)
    assert.ok(lines > 0 && lines < 400 * venues.length, `${lines} lines for ${venues.length} venues`)
  })

  test(`${family}: its templates for the scanner cost under 150 lines of code a venue`, () => {
    const lines = codeLines(join(ROOT, 'wasm', `${family}.ts`))
    assert.ok(lines > 0 && lines < 150 * venues.length, `${lines} lines for ${venues.length} venues`)
  })
}
