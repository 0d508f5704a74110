// A change of a book as a record, from the columns of its frame. src/core/record.ts has its fields; src/pipeline/encoder.ts writes all other
// records, and this one where the numbers are not in the columns.
import * as column from './memory'
import { writeInteger, writeLevels } from './text'
import { Fixed, fixed } from './walk'

const VENUE_TIME = fixed(',"venue_time_us":')
const RECEIVE_TIME = fixed(',"recv_time_us":')
const KNOWN_BIDS = fixed(',"known_depth_bids":')
const KNOWN_ASKS = fixed(',"known_depth_asks":')
const FIRST = fixed(',"first_sequence":')
const LAST = fixed(',"last_sequence":')
const BIDS = fixed(',"bids":[')
const ASKS = fixed('],"asks":[')
const END = fixed(']}\n')

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
  const head = load<u32>(prefix)
  const id = load<u32>(prefix, ID_LENGTH)
  const tail = load<u32>(prefix, TAIL_LENGTH)
  const last = numberOf(column.LAST, at)
  let to = writeInteger(copy(place, prefix + PARTS, head), number)
  to = writeInteger(write(to, VENUE_TIME), numberOf(column.VENUE_TIME, at))
  to = writeInteger(write(to, RECEIVE_TIME), receiveTimeUs)
  to = writeInteger(copy(to, prefix + PARTS + head, id), last)
  to = writeInteger(copy(to, prefix + PARTS + head + id, tail), epoch)
  to = writeInteger(write(to, KNOWN_BIDS), knownBids)
  to = writeInteger(write(to, KNOWN_ASKS), knownAsks)
  to = writeInteger(write(to, FIRST), numberOf(column.FIRST, at))
  to = writeInteger(write(to, LAST), last)
  to = levelsOf(write(to, BIDS), integerOf(column.BID_START, at), integerOf(column.BID_COUNT, at))
  to = levelsOf(write(to, ASKS), integerOf(column.ASK_START, at), integerOf(column.ASK_COUNT, at))
  return write(to, END)
}

function levelsOf(place: usize, from: i32, count: i32): usize {
  return writeLevels(place, from, from + count)
}

function numberOf(column: usize, at: i32): f64 {
  return load<f64>(column + (at << 3))
}

function integerOf(column: usize, at: i32): i32 {
  return load<i32>(column + (at << 2))
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
