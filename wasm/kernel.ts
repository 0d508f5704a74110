// The entry: one function a venue family, the sides of books, and where in the memory everything is.
import { scanBinance } from './binance'
import { scanDeribit } from './deribit'
import { beginEvents, resolve } from './events'
import { crc32c } from './crc32c'
import { FRAME, LEVELS } from './memory'
import { scanOkx } from './okx'
import { beginWalk, endFrame, levels } from './walk'

export * from './memory'
export { ASKS, BEST_LEAST, BEST_PLACES, BEST_USED, BIG, COUNT, FURTHER, NOTE } from './directory'
export { clearSide, freeBook, newBook } from './directory'
export { depthOf, keyOf, scaleKeys, setEvent, setLevel, sizeOf, trimSide } from './side'
export { writeDelta, writeTrade } from './record'
export { addSymbol, findSymbol, freeSymbols, newSymbols } from './symbols'
export { LEVEL_TEXT_LIMIT, NUMBER_TEXT_LIMIT, writeDecimal, writeInteger, writeSide } from './text'

/**
 * Reads the frame of `length` bytes that stands at `FRAME` into the columns; `symbols` are those that were asked for. Answers how many
 * events it has; 0 for a frame that is of no use; -1 for one that is not of the usual shape, and is for the strict reader.
 */
export function binance(length: i32, symbols: usize, needsPrevious: bool): i32 {
  beginFrame(length, symbols)
  return ended(scanBinance(needsPrevious))
}

export function okx(length: i32, symbols: usize): i32 {
  beginFrame(length, symbols)
  return ended(scanOkx())
}

export function deribit(length: i32, symbols: usize): i32 {
  beginFrame(length, symbols)
  return ended(scanDeribit())
}

/** The CRC-32C of the first `length` bytes where a frame stands, which are changed. */
export function crcOfFrame(length: usize, seed: u32): u32 {
  endFrame()
  return crc32c(FRAME, length, seed)
}

/** Makes room for so many bytes that stay, in place of what is at `place`, if that is not 0; answers where. `freeRoom` takes it back. */
export function newRoom(place: usize, bytes: usize): usize {
  return place == 0 ? heap.alloc(bytes) : heap.realloc(place, bytes)
}

export function freeRoom(place: usize): void {
  heap.free(place)
}

function beginFrame(length: i32, symbols: usize): void {
  beginWalk(length)
  beginEvents(symbols)
}

function ended(outcome: i32): i32 {
  store<i32>(LEVELS, outcome > 0 ? levels : 0)
  resolve(outcome)
  return outcome
}
