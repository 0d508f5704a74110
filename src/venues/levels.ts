import { BUY, type Columns, SELL } from '../core/columns.ts'
import type { Cursor } from './cursor.ts'

/**
 * Makes the decimal that `cursor` read last the price of the level at `out.levels`, which has been reserved. Throws `DecodeError`
 * (`negative`, `precision`) for what no order book has.
 */
export function setPrice(cursor: Cursor, out: Columns): void {
  if (cursor.mantissa < 0) cursor.fail('negative', 'a negative price')
  if (cursor.mantissa === Infinity) cursor.fail('precision', 'a price beyond 2^53')
  out.prices[out.levels] = cursor.mantissa
  out.priceDecimals[out.levels] = cursor.decimals
}

/** Makes the decimal that `cursor` read last the size of the level at `out.levels`. Throws `DecodeError` (`negative`). */
export function setSize(cursor: Cursor, out: Columns): void {
  if (cursor.mantissa < 0) cursor.fail('negative', 'a negative size')
  out.sizes[out.levels] = cursor.mantissa
  out.sizeDecimals[out.levels] = cursor.decimals
  if (cursor.big !== undefined) {
    out.bigSizes ??= new Map()
    out.bigSizes.set(out.levels, cursor.big)
  } else if (out.bigSizes !== undefined) {
    out.bigSizes.delete(out.levels)
  }
}

/** Reads the next two items of an array, numbers or (`inText`) texts, as price and size of the level at `out.levels`. */
export function readPriceAndSize(cursor: Cursor, out: Columns, inText: boolean): void {
  readPart(cursor, inText, 'a level without a price')
  setPrice(cursor, out)
  readPart(cursor, inText, 'a level without a size')
  setSize(cursor, out)
}

function readPart(cursor: Cursor, inText: boolean, missing: string): void {
  if (!cursor.item()) cursor.fail('missing_field', missing)
  if (inText) cursor.decimalText()
  else cursor.decimal()
}

/** Ends the trade at `at`: its price and size are the level at `out.levels`. */
export function endTrade(out: Columns, at: number): void {
  out.bidCount[at] = 1
  out.levels++
  out.count++
}

/** Reads an array of levels, each by `read`, which fills the level at `out.levels`. Answers how many there were. */
export function readLevels(
  cursor: Cursor,
  out: Columns,
  read: (cursor: Cursor, out: Columns) => void,
): number {
  const start = out.levels
  cursor.array()
  while (cursor.item()) {
    out.reserve()
    read(cursor, out)
    out.levels++
  }
  return out.levels - start
}

/** What the venue names in milliseconds, in µs. Throws `DecodeError` (`negative`, `precision`) for what is no time. */
export function microsOf(cursor: Cursor, timeMs: number): number {
  const timeUs = timeMs * 1_000
  if (timeUs < 0) cursor.fail('negative', 'a time before 1970')
  if (!Number.isSafeInteger(timeUs)) cursor.fail('precision', 'a time beyond 2^53 µs')
  return timeUs
}

/** Reads the text `buy` or `sell` as `BUY` or `SELL`. Throws `DecodeError` (`unknown_shape`) for any other. */
export function readSide(cursor: Cursor): number {
  cursor.text()
  if (cursor.is('buy')) return BUY
  if (cursor.is('sell')) return SELL
  return cursor.fail('unknown_shape', 'a side that is neither buy nor sell')
}
