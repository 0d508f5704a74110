import type { Columns } from '../../core/columns.ts'
import { DecodeError } from '../../core/errors.ts'
import type { Cursor } from '../cursor.ts'
import { setPrice, setSize } from '../levels.ts'

const MICROS_PER_MILLI = 1_000

/** Reads `[["7403.89","0.002"],…]` into the level columns; answers how many levels. */
export function readLevels(cursor: Cursor, out: Columns): number {
  const start = out.levels
  cursor.array()
  while (cursor.item()) {
    cursor.array()
    out.reserve()
    readPart(cursor)
    setPrice(cursor, out)
    readPart(cursor)
    setSize(cursor, out)
    if (cursor.item()) cursor.fail('unknown_shape', 'a level of more than price and quantity')
    out.levels++
  }
  return out.levels - start
}

/** Reads an id: an integer of at least `least`. */
export function readId(cursor: Cursor, least = 0): number {
  const id = cursor.integer()
  if (id < least) cursor.fail('negative', 'an id below zero')
  return id
}

/** Reads a time in ms; answers µs. */
export function readTimeUs(cursor: Cursor): number {
  const timeUs = readId(cursor) * MICROS_PER_MILLI
  if (!Number.isSafeInteger(timeUs)) throw new DecodeError('precision', 'a time beyond 2^53 µs', cursor.at)
  return timeUs
}

function readPart(cursor: Cursor): void {
  if (!cursor.item()) cursor.fail('unknown_shape', 'a level of less than price and quantity')
  cursor.decimalText()
}
