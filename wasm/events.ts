// The events of a frame, in their columns.
import * as column from './memory'
import { findSymbol, prefetch } from './symbols'
import { endLevel, expect, fail, Fixed, levels, next, start, stop, text } from './walk'

/** What a scan answers besides the number of events: the frame is none of those that the venue usually writes, or of no use. */
export const OTHER: i32 = -1
export const IGNORED: i32 = 0

const NONE: i32 = -1

/** How many events are whole. */
export let events: i32 = 0
/** Where the symbols of the frame are to be found. */
let symbols: usize = 0

export function beginEvents(table: usize): void {
  events = 0
  symbols = table
}

/** Begins an event with nothing known of it; answers its index. */
export function begin(kind: u8): i32 {
  if (events >= i32(column.EVENT_LIMIT)) {
    fail()
    return 0
  }
  const at = events
  store<u8>(column.KIND + at, kind)
  setNumber(column.VENUE_TIME, at, NaN)
  setNumber(column.FIRST, at, NaN)
  setNumber(column.LAST, at, NaN)
  setNumber(column.PREVIOUS, at, NaN)
  setNumber(column.CHECKSUM, at, NaN)
  setNumber(column.FILL_FIRST, at, NaN)
  setNumber(column.FILL_LAST, at, NaN)
  setInteger(column.BID_START, at, levels)
  setInteger(column.BID_COUNT, at, 0)
  setInteger(column.ASK_START, at, levels)
  setInteger(column.ASK_COUNT, at, 0)
  setInteger(column.ID_START, at, 0)
  setInteger(column.ID_END, at, 0)
  store<u8>(column.SIDE + at, 0)
  store<u8>(column.FLAGS + at, 0)
  store<u8>(column.STREAM + at, 0)
  return at
}

/** The event that was begun last is whole. */
export function endEvent(): void {
  events++
}

/** What a column has of event `at`. */
export function numberOf(column: usize, at: i32): f64 {
  return load<f64>(column + (at << 3))
}

export function integerOf(column: usize, at: i32): i32 {
  return load<i32>(column + (at << 2))
}

export function setNumber(column: usize, at: i32, value: f64): void {
  store<f64>(column + (at << 3), value)
}

export function setInteger(column: usize, at: i32, value: i32): void {
  store<i32>(column + (at << 2), value)
}

/** The text that comes next is the event's symbol. */
export function symbol(at: i32): void {
  text()
  symbolIs(at, start, stop)
}

/** The event's symbol stands there. */
export function symbolIs(at: i32, from: i32, to: i32): void {
  setInteger(column.SYMBOL_START, at, from)
  setInteger(column.SYMBOL_END, at, to)
  // The rows of a frame may share one symbol.
  if (at == 0 || integerOf(column.SYMBOL_START, at - 1) != from)
    prefetch(symbols, column.FRAME + from, to - from)
}

/** Fills in the slots of so many events, and how many of them have one. */
export function resolve(count: i32): void {
  let known = 0
  let start = NONE
  let slot = NONE
  for (let at = 0; at < count; at++) {
    const from = integerOf(column.SYMBOL_START, at)
    if (from != start) {
      start = from
      slot = findSymbol(symbols, column.FRAME + from, integerOf(column.SYMBOL_END, at) - from)
    }
    setInteger(column.SLOT, at, slot)
    known += i32(slot != NONE)
  }
  store<i32>(column.KNOWN, known)
}

/** The event's id stands there. */
export function idIs(at: i32, from: i32, to: i32): void {
  setInteger(column.ID_START, at, from)
  setInteger(column.ID_END, at, to)
}

/** Reads which side took liquidity: one of the two texts. */
export function side(at: i32, bought: Fixed, sold: Fixed): void {
  const isBought = next(bought)
  if (!isBought) expect(sold)
  store<u8>(column.SIDE + at, isBought ? column.BUY : column.SELL)
}

/** Price and size of the trade are the level that comes next. */
export function endTradeLevel(at: i32): void {
  setInteger(column.BID_COUNT, at, 1)
  endLevel()
}
