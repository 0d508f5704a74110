import type { Columns } from '../../core/columns.ts'
import type { Cursor } from '../cursor.ts'
import { microsOf, readLevels as readLevelsBy, readPriceAndSize } from '../levels.ts'

/** Reads `[["7403.89","0.002"],…]` into the level columns; answers how many levels. */
export function readLevels(cursor: Cursor, out: Columns): number {
  return readLevelsBy(cursor, out, readLevel)
}

function readLevel(cursor: Cursor, out: Columns): void {
  cursor.array()
  readPriceAndSize(cursor, out, true)
  if (cursor.item()) cursor.fail('unknown_shape', 'a level of more than price and quantity')
}

/** Reads an id: an integer of at least `least`. */
export function readId(cursor: Cursor, least = 0): number {
  const id = cursor.integer()
  if (id < least) cursor.fail('negative', 'an id below zero')
  return id
}

/** Reads a time in ms; answers µs. */
export function readTimeUs(cursor: Cursor): number {
  return microsOf(cursor, cursor.integer())
}
