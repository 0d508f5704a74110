import assert from 'node:assert/strict'
import { Columns } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import type { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'

const EVENT_COLUMNS = [
  ...([
    'kind',
    'slot',
    'venueTimeUs',
    'first',
    'last',
    'previous',
    'checksum',
    'bidStart',
    'bidCount',
  ] as const),
  ...(['askCount', 'side', 'flags', 'stream', 'idStart', 'idEnd', 'fillFirst', 'fillLast'] as const),
]
const LEVEL_COLUMNS = ['prices', 'priceDecimals', 'sizes', 'sizeDecimals'] as const

const strict = new Columns()

/** Answers whether the scanner took the frame; fails where it took what the strict reader refuses, or reads otherwise. */
export function isScanned(venue: Venue, symbols: Symbols, frame: Uint8Array): boolean {
  const scanned = venue.scan?.(frame, symbols)
  if (scanned === undefined) return false
  try {
    venue.decode(frame, symbols, strict)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    assert.fail(`scanned, but refused (${cause.code}): ${new TextDecoder().decode(frame)}`)
  }
  assertEqual(scanned, frame)
  return true
}

function assertEqual(scanned: Columns, frame: Uint8Array): void {
  const tell = (what: string): string => `${what} of ${new TextDecoder().decode(frame)}`
  for (const name of ['count', 'levels', 'unknown', 'ignored'] as const)
    if (scanned[name] !== strict[name]) assert.equal(scanned[name], strict[name], tell(name))
  if (strict.control.length > 0 || strict.bigSizes !== undefined) assert.fail(tell('control or a huge size'))
  for (const name of EVENT_COLUMNS) assertSame(scanned[name], strict[name], strict.count, () => tell(name))
  // Without asks their place means nothing.
  for (let at = 0; at < strict.count; at++)
    if (strict.askCount[at] !== 0) assert.equal(scanned.askStart[at], strict.askStart[at], tell('askStart'))
  for (const name of LEVEL_COLUMNS) assertSame(scanned[name], strict[name], strict.levels, () => tell(name))
}

function assertSame(
  one: ArrayLike<number>,
  other: ArrayLike<number>,
  count: number,
  tell: () => string,
): void {
  for (let at = 0; at < count; at++)
    if (!Object.is(one[at], other[at])) assert.equal(one[at], other[at], `${tell()}, ${at}`)
}
