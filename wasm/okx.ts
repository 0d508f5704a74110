// The data frames of OKX. Sheet 4, 6 and 8; the samples stand at each function.
import * as column from './memory'
import { begin, endEvent, endTradeLevel, events, idIs } from './events'
import { OTHER, setInteger, setNumber, side, symbolIs } from './events'
import { endLevel, endLevels, expect, fail, firstLevel, fixed, integer, isDone } from './walk'
import { isThere, levels, micros, next, noLevels, past, place, price, priceAt } from './walk'
import { signed, size, sizeAt, start, stop, text, wholeAt } from './walk'

const CHANNEL = fixed('{"arg":{"channel":"')
const BOOKS = fixed('books"')
const BOOKS_TBT = fixed('books-l2-tbt"')
const BOOKS_50_TBT = fixed('books50-l2-tbt"')
const TRADES = fixed('trades"')
const TRADES_ALL = fixed('trades-all"')
const INSTRUMENT = fixed(',"instId":"')
const UPDATED = fixed('},"action":"update","data":[{"asks":')
const BEGUN = fixed('},"action":"snapshot","data":[{"asks":')
const BIDS = fixed(',"bids":')
const TIME = fixed(',"ts":"')
const QUOTE = fixed('"')
const CHECK = fixed(',"checksum":')
const SEQ_ID = fixed(',"seqId":')
const PREV_SEQ_ID = fixed(',"prevSeqId":')
const END = fixed('}]}')
const SIZE = fixed('","')
const ORDERS = fixed('","0","')
const NEXT_LEVEL = fixed('"],["')
const LEVELS_END = fixed('"]]')
const ROWS = fixed('},"data":[{"instId":"')
const NEXT_ROW = fixed('},{"instId":"')
const TRADE_ID = fixed(',"tradeId":"')
const PRICE = fixed('","px":"')
const TRADE_SIZE = fixed('","sz":"')
const SIDE_IS = fixed('","side":"')
const BOUGHT = fixed('buy"')
const SOLD = fixed('sell"')
const COUNT = fixed(',"count":"')
const SOURCE = fixed(',"source":"')
const IMPROVED = fixed('1"')
const ORDINARY = fixed('0"')

/** Streams are numbered as the venue's decoder does. */
export function scanOkx(): i32 {
  expect(CHANNEL)
  if (next(BOOKS)) return book(0)
  if (next(TRADES)) return trades(0)
  if (next(BOOKS_TBT)) return book(1)
  if (next(BOOKS_50_TBT)) return book(2)
  return next(TRADES_ALL) ? trades(1) : OTHER
}

/**
 *     {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8477","0","0","0"]],"bids":[],
 *       "ts":"1597026383185","checksum":0,"seqId":123463,"prevSeqId":123456}]}
 *
 * The numbers of the chain come in either order. Before 2023 there were none, and the checksum was one.
 */
function book(stream: u8): i32 {
  expect(INSTRUMENT)
  text()
  const isUpdate = next(UPDATED)
  if (!isUpdate) expect(BEGUN)
  const at = begin(isUpdate ? column.DELTA : column.SNAPSHOT)
  symbolIs(at, start, stop)
  store<u8>(column.STREAM + at, stream)
  setInteger(column.ASK_COUNT, at, levelsOf())
  expect(BIDS)
  setInteger(column.BID_START, at, levels)
  setInteger(column.BID_COUNT, at, levelsOf())
  expect(TIME)
  setNumber(column.VENUE_TIME, at, micros())
  expect(QUOTE)
  const isChecked = next(CHECK)
  if (isChecked) setNumber(column.CHECKSUM, at, signed())
  const isChained = chain(at)
  expect(END)
  // A snapshot names the number before it, and follows nothing.
  if (!isUpdate) setNumber(column.PREVIOUS, at, NaN)
  else if (!isChecked && !isChained) return OTHER
  endEvent()
  return isDone() ? events : OTHER
}

function chain(at: i32): bool {
  if (next(SEQ_ID)) {
    setNumber(column.LAST, at, signed())
    expect(PREV_SEQ_ID)
    setNumber(column.PREVIOUS, at, signed())
    return true
  }
  if (!next(PREV_SEQ_ID)) return false
  setNumber(column.PREVIOUS, at, signed())
  expect(SEQ_ID)
  setNumber(column.LAST, at, signed())
  return true
}

/** `[["8476.98","415","0","13"]]`; answers how many levels. */
function levelsOf(): i32 {
  if (noLevels()) return 0
  const first = levels
  let from: usize
  let following = firstLevel()
  do {
    from = wholeAt(past(sizeAt(past(priceAt(following), SIZE)), ORDERS))
    endLevel()
    following = past(from, NEXT_LEVEL)
  } while (isThere(following))
  endLevels(from, LEVELS_END)
  return levels - first
}

/**
 *     {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9",
 *       "sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}
 */
function trades(stream: u8): i32 {
  expect(INSTRUMENT)
  text()
  const from = start
  const to = stop
  expect(ROWS)
  do {
    text()
    const at = begin(column.TRADE)
    symbolIs(at, from, to)
    store<u8>(column.STREAM + at, stream)
    trade(at)
    endEvent()
  } while (next(NEXT_ROW))
  expect(END)
  return isDone() ? events : OTHER
}

function trade(at: i32): void {
  expect(TRADE_ID)
  const from = place()
  const last = integer()
  idIs(at, from, place())
  expect(PRICE)
  price()
  expect(TRADE_SIZE)
  size()
  expect(SIDE_IS)
  side(at, BOUGHT, SOLD)
  expect(TIME)
  setNumber(column.VENUE_TIME, at, micros())
  expect(QUOTE)
  cover(at, last)
  if (next(SEQ_ID)) integer()
  endTradeLevel(at)
}

/** `"count":"3","source":"0"`, either of which may not be there: trades with ids up to `last`, and whether they were against the RPI book (sheet 7). */
function cover(at: i32, last: f64): void {
  let count: f64 = 1
  if (next(COUNT)) {
    count = integer()
    expect(QUOTE)
  }
  if (next(SOURCE)) {
    if (next(IMPROVED)) store<u8>(column.FLAGS + at, column.RPI)
    else expect(ORDINARY)
  }
  const first = last - count + 1
  if (!(count >= 1 && first >= 0)) fail()
  setNumber(column.FIRST, at, first)
  setNumber(column.LAST, at, last)
  if (count == 1) return
  setNumber(column.FILL_FIRST, at, first)
  setNumber(column.FILL_LAST, at, last)
}
