// Changes of books and trades as records, from the columns of their frame. src/core/record.ts has the fields; src/pipeline/encoder.ts writes all
// other records, and these where the numbers are not in the columns.
import { integerOf, numberOf } from './events'
import * as column from './memory'
import { writeInteger, writeLevels, writeNumber } from './text'
import { Fixed, fixed, isFrameThere } from './walk'

const VENUE_TIME = fixed(',"venue_time_us":')
const RECEIVE_TIME = fixed(',"recv_time_us":')
const KNOWN_BIDS = fixed(',"known_depth_bids":')
const KNOWN_ASKS = fixed(',"known_depth_asks":')
const FIRST = fixed(',"first_sequence":')
const LAST = fixed(',"last_sequence":')
const BIDS = fixed(',"bids":[')
const ASKS = fixed('],"asks":[')
const END = fixed(']}\n')
const TRADE_SEQ = fixed('","trade_seq":')
const FIRST_FILL = fixed(',"first_fill_id":')
const LAST_FILL = fixed(',"last_fill_id":')
const PRICE = fixed(',"price":"')
const SIZE = fixed('","size":"')
const BOUGHT = fixed('","aggressor":"buy"}\n')
const SOLD = fixed('","aggressor":"sell"}\n')

/** What stands at a prefix: the lengths of its three parts, then the parts. */
const ID_LENGTH: usize = 4
const TAIL_LENGTH: usize = 8
const PARTS: usize = 12

/**
 * Writes event `at`, whose last number is known. `prefix`: what all records of the stream have in common, up to its number, from there up to the
 * number of the venue, and up to the epoch. NaN becomes `null`. Answers the place behind it.
 */
export function writeDelta(
  place: usize,
  prefix: usize,
  at: i32,
  number: f64,
  receiveTimeUs: f64,
  epoch: f64,
  knownBids: f64,
  knownAsks: f64,
): usize {
  const last = numberOf(column.LAST, at)
  let to = writeInteger(writeId(writeHead(place, prefix, at, number, receiveTimeUs), prefix), last)
  to = writeInteger(writeTail(to, prefix), epoch)
  to = writeInteger(write(to, KNOWN_BIDS), knownBids)
  to = writeInteger(write(to, KNOWN_ASKS), knownAsks)
  to = writeInteger(write(to, FIRST), numberOf(column.FIRST, at))
  to = writeInteger(write(to, LAST), last)
  to = levelsOf(write(to, BIDS), integerOf(column.BID_START, at), integerOf(column.BID_COUNT, at))
  to = levelsOf(write(to, ASKS), integerOf(column.ASK_START, at), integerOf(column.ASK_COUNT, at))
  return write(to, END)
}

/**
 * Writes event `at`, a trade without flags. `prefix`: what all records of the stream have in common, up to its number, from there up to the
 * venue's id, and from there up to the id again. Answers the place behind it; 0 where the frame is gone, which has the id.
 */
export function writeTrade(place: usize, prefix: usize, at: i32, number: f64, receiveTimeUs: f64): usize {
  if (!isFrameThere) return 0
  const id = column.FRAME + integerOf(column.ID_START, at)
  const length = integerOf(column.ID_END, at) - integerOf(column.ID_START, at)
  const first = numberOf(column.FILL_FIRST, at)
  const level = integerOf(column.BID_START, at)
  let to = copy(writeId(writeHead(place, prefix, at, number, receiveTimeUs), prefix), id, length)
  to = copy(writeTail(to, prefix), id, length)
  to = writeInteger(write(to, TRADE_SEQ), numberOf(column.LAST, at))
  if (first == first) {
    to = writeInteger(write(to, FIRST_FILL), first)
    to = writeInteger(write(to, LAST_FILL), numberOf(column.FILL_LAST, at))
  }
  to = writeNumber(write(to, PRICE), level)
  to = writeNumber(write(to, SIZE), level + i32(column.LEVEL_LIMIT))
  return write(to, load<u8>(column.SIDE + at) == column.BUY ? BOUGHT : SOLD)
}

/** Writes what a record begins with, up to its id. */
function writeHead(place: usize, prefix: usize, at: i32, number: f64, receiveTimeUs: f64): usize {
  let to = writeInteger(copy(place, prefix + PARTS, load<u32>(prefix)), number)
  to = writeInteger(write(to, VENUE_TIME), numberOf(column.VENUE_TIME, at))
  return writeInteger(write(to, RECEIVE_TIME), receiveTimeUs)
}

function writeId(place: usize, prefix: usize): usize {
  return copy(place, prefix + PARTS + load<u32>(prefix), load<u32>(prefix, ID_LENGTH))
}

function writeTail(place: usize, prefix: usize): usize {
  const tail = prefix + PARTS + load<u32>(prefix) + load<u32>(prefix, ID_LENGTH)
  return copy(place, tail, load<u32>(prefix, TAIL_LENGTH))
}

function levelsOf(place: usize, from: i32, count: i32): usize {
  return writeLevels(place, from, from + count)
}

function copy(place: usize, from: usize, length: usize): usize {
  memory.copy(place, from, length)
  return place + length
}

/** Writes up to seven bytes more, which the next overwrite. */
function write(place: usize, text: Fixed): usize {
  for (let at: usize = 0; at < text.length; at += 8) store<u64>(place + at, load<u64>(text.place + (at << 1)))
  return place + text.length
}
