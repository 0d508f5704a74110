// The entry: one function a venue family, and where in the memory everything is.
import { scanBinance } from './binance'
import { scanDeribit } from './deribit'
import { beginEvents } from './events'
import { LEVELS } from './memory'
import { scanOkx } from './okx'
import { beginWalk, levels } from './walk'

export * from './memory'

/**
 * Reads the frame of `length` bytes that stands at `FRAME` into the columns. Answers how many events it has; 0 for a frame that is of no
 * use; -1 for one that is not of the usual shape, and is for the strict reader.
 */
export function binance(length: i32, needsPrevious: bool): i32 {
  beginFrame(length)
  return ended(scanBinance(needsPrevious))
}

export function okx(length: i32): i32 {
  beginFrame(length)
  return ended(scanOkx())
}

export function deribit(length: i32): i32 {
  beginFrame(length)
  return ended(scanDeribit())
}

function beginFrame(length: i32): void {
  beginWalk(length)
  beginEvents()
}

function ended(outcome: i32): i32 {
  store<i32>(LEVELS, outcome > 0 ? levels : 0)
  return outcome
}
