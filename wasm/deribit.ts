// The data frames of Deribit. Sheet 3, 8 and 9; the samples stand at each function.
import * as column from './memory'
import { begin, endEvent, endTradeLevel, events, idIs, OTHER } from './events'
import { setInteger, setNumber, side, symbol, symbolIs } from './events'
import { endLevel, endLevels, expect, fail, firstLevel, fixed, Fixed } from './walk'
import { integer, isDone, isThere, levels, micros, next, noLevels } from './walk'
import { nowhere, passNumber, past, price, priceAt, removeLevel } from './walk'
import { size, sizeAt, stands, start, stop, text, until } from './walk'

const DOT: u8 = 46

const CHANNEL = fixed('{"jsonrpc":"2.0","method":"subscription","params":{"channel":"')
const BOOK = fixed('book.')
const TRADES = fixed('trades.')
const HUNDRED_MS = fixed('100ms"')
const RAW = fixed('raw"')
const AGGREGATED = fixed('agg2"')
const TYPED = fixed(',"data":{"type":"change","timestamp":')
const TIMED = fixed(',"data":{"timestamp":')
const CHANGED = fixed(',"type":"change"')
const PREVIOUS_ID = fixed(',"prev_change_id":')
const INSTRUMENT = fixed(',"instrument_name":"')
const CHANGE_ID = fixed(',"change_id":')
const BIDS = fixed(',"bids":')
const ASKS = fixed(',"asks":')
const BOOK_END = fixed('}}}')
const CHANGE = fixed('change",')
const DELETE = fixed('delete",')
const NEW = fixed('new",')
const COMMA = fixed(',')
const NEXT_LEVEL = fixed('],["')
const LEVELS_END = fixed(']]')
const ROWS = fixed(',"data":[{"timestamp":')
const NEXT_ROW = fixed('},{"timestamp":')
const ROWS_END = fixed('}]}}')
const PRICE = fixed(',"price":')
const AMOUNT = fixed(',"amount":')
const BOUGHT = fixed(',"direction":"buy"')
const SOLD = fixed(',"direction":"sell"')
const INDEX_PRICE = fixed(',"index_price":')
const TRADE_SEQ = fixed(',"trade_seq":')
const MARK_PRICE = fixed(',"mark_price":')
const TICK_DIRECTION = fixed(',"tick_direction":')
const CONTRACTS = fixed(',"contracts":')
const TRADE_ID = fixed(',"trade_id":"')

export function scanDeribit(): i32 {
  expect(CHANNEL)
  if (next(BOOK)) return change()
  return next(TRADES) ? trades() : OTHER
}

/**
 * As documented, and in the order that was seen in 2025:
 *
 *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change",
 *       "timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL","change_id":297218,
 *       "bids":[["delete",5041.94,0],["change",5042.34,25]],"asks":[["new",5042.7,10]]}}}
 *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"timestamp":1554373962554,
 *       "type":"change","change_id":297218,"instrument_name":"BTC-PERPETUAL","bids":[],"asks":[["new",5042.7,10]],
 *       "prev_change_id":297217}}}
 */
function change(): i32 {
  const at = begin(column.DELTA)
  until(DOT)
  symbolIs(at, start, stop)
  store<u8>(column.STREAM + at, interval())
  const isDocumented = next(TYPED)
  if (!isDocumented) expect(TIMED)
  setNumber(column.VENUE_TIME, at, micros())
  if (!isDocumented) expect(CHANGED)
  expect(isDocumented ? PREVIOUS_ID : CHANGE_ID)
  const first = integer()
  expect(INSTRUMENT)
  text()
  const second = isDocumented ? numberAt(CHANGE_ID) : 0
  expect(BIDS)
  setInteger(column.BID_START, at, levels)
  setInteger(column.BID_COUNT, at, levelsOf())
  expect(ASKS)
  setInteger(column.ASK_START, at, levels)
  setInteger(column.ASK_COUNT, at, levelsOf())
  const third = isDocumented ? 0 : numberAt(PREVIOUS_ID)
  expect(BOOK_END)
  const previous = isDocumented ? first : third
  setNumber(column.PREVIOUS, at, previous)
  setNumber(column.LAST, at, isDocumented ? second : first)
  endEvent()
  return previous > 0 && isDone() ? events : OTHER
}

function numberAt(key: Fixed): f64 {
  expect(key)
  return integer()
}

/** Numbered as the venue's decoder does. */
function interval(): u8 {
  if (next(HUNDRED_MS)) return 0
  if (next(RAW)) return 1
  expect(AGGREGATED)
  return 2
}

/** `[["change",5042.34,25]]`; answers how many levels. A `delete` removes whatever its amount says, and is as long as a `change`. */
function levelsOf(): i32 {
  if (noLevels()) return 0
  const first = levels
  let from: usize
  let following = firstLevel()
  do {
    const isDelete = stands(following, DELETE)
    const isNew = stands(following, NEW)
    const isKnown = i32(isDelete) | i32(isNew) | i32(stands(following, CHANGE))
    const action = isKnown ? following + (isNew ? NEW.length : CHANGE.length) : nowhere()
    from = sizeAt(past(priceAt(action), COMMA))
    removeLevel(isDelete)
    endLevel()
    following = past(from, NEXT_LEVEL)
  } while (isThere(following))
  endLevels(from, LEVELS_END)
  return levels - first
}

/**
 *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.100ms","data":[{
 *       "timestamp":1765531356452,"price":92294.5,"amount":10.0,"direction":"sell","index_price":92276.75,
 *       "instrument_name":"BTC-PERPETUAL","trade_seq":271252854,"mark_price":92287.11,"tick_direction":2,"contracts":1.0,
 *       "trade_id":"403691824"}]}}
 *
 * `contracts` stands before or after the id. What makes a trade a special one is for the strict reader.
 */
function trades(): i32 {
  text()
  expect(ROWS)
  do {
    const at = begin(column.TRADE)
    setNumber(column.VENUE_TIME, at, micros())
    trade(at)
    endEvent()
  } while (next(NEXT_ROW))
  expect(ROWS_END)
  return isDone() ? events : OTHER
}

function trade(at: i32): void {
  expect(PRICE)
  price()
  expect(AMOUNT)
  size()
  endTradeLevel(at)
  side(at, BOUGHT, SOLD)
  expect(INDEX_PRICE)
  passNumber()
  expect(INSTRUMENT)
  symbol(at)
  expect(TRADE_SEQ)
  const sequence = integer()
  setNumber(column.FIRST, at, sequence)
  setNumber(column.LAST, at, sequence)
  expect(MARK_PRICE)
  passNumber()
  expect(TICK_DIRECTION)
  integer()
  const isEarly = contracts()
  expect(TRADE_ID)
  text()
  idIs(at, start, stop)
  if (start == stop) fail()
  if (!isEarly) contracts()
}

function contracts(): bool {
  const isThere = next(CONTRACTS)
  if (isThere) passNumber()
  return isThere
}
