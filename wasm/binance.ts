// The frames of both Binance venues as they come on combined streams. Sheets binance-spot.md sections 3 and 4, binance-derivatives.md
// section 3; the samples stand at each function.
import * as column from './memory'
import { begin, endEvent, endTradeLevel, events, idIs } from './events'
import { IGNORED, OTHER, setInteger, setNumber, symbol } from './events'
import { boolean, expect, fixed, integer, isDone, levels, micros } from './walk'
import { next, place, price, size, text, textLevels, until } from './walk'

/** `st` of the COIN-M contracts that share the USD-M streams since 2026-06-30; their quantities are contracts. */
const COIN_M: f64 = 2
const AT_SIGN: u8 = 64

const COMBINED = fixed('{"stream":"')
const DEPTH = fixed('depth')
const SPEED = fixed('@')
const MILLISECONDS = fixed('ms')
const DIFF = fixed('","data":{"e":"depthUpdate","E":')
const ONE_TRADE = fixed('trade","data":{"e":"trade","E":')
const AGGREGATE = fixed('aggTrade","data":{"e":"aggTrade","E":')
const TICKER = fixed('bookTicker","data":{')
const TYPE = fixed('"e":"bookTicker",')
const UPDATE = fixed('"u":')
const MATCHED = fixed(',"T":')
const SENT = fixed(',"E":')
const SYMBOL = fixed(',"s":"')
const FIRST_ID = fixed(',"U":')
const LAST_ID = fixed(',"u":')
const PREVIOUS_ID = fixed(',"pu":')
const BIDS = fixed(',"b":')
const ASKS = fixed(',"a":')
const BID_PRICE = fixed(',"b":"')
const BID_SIZE = fixed(',"B":"')
const ASK_PRICE = fixed(',"a":"')
const ASK_SIZE = fixed(',"A":"')
const TRADE_ID = fixed(',"t":')
const PRICE = fixed(',"p":"')
const QUANTITY = fixed('","q":"')
const QUOTE = fixed('"')
const NORMAL_QUANTITY = fixed(',"nq":"')
const FIRST_FILL = fixed(',"f":')
const LAST_FILL = fixed(',"l":')
const MARKET = fixed(',"X":"MARKET"')
const BUYER_IS_MAKER = fixed(',"m":')
const BEST_MATCH = fixed(',"M":')
const PAIR = fixed(',"ps":"')
const SYMBOL_TYPE = fixed(',"st":')
const END = fixed('}}')

/** `needsPrevious`: whether a diff must name the last id of the diff before it (`pu`, USD-M). */
export function scanBinance(needsPrevious: bool): i32 {
  expect(COMBINED)
  until(AT_SIGN)
  if (next(TICKER)) return ticker()
  if (next(DEPTH)) return diff(needsPrevious)
  if (next(ONE_TRADE)) return trade()
  return next(AGGREGATE) ? aggregate() : OTHER
}

/**
 *     {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT",
 *       "U":390497796,"u":390497878,"pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]],"ps":"BTCUSDT","st":1}}
 */
function diff(needsPrevious: bool): i32 {
  const at = begin(column.DELTA)
  if (next(SPEED)) {
    integer()
    expect(MILLISECONDS)
  }
  expect(DIFF)
  const sentUs = micros()
  setNumber(column.VENUE_TIME, at, next(MATCHED) ? micros() : sentUs)
  expect(SYMBOL)
  symbol(at)
  expect(FIRST_ID)
  const first = integer()
  expect(LAST_ID)
  const last = integer()
  if (next(PREVIOUS_ID)) setNumber(column.PREVIOUS, at, integer())
  else if (needsPrevious) return OTHER
  expect(BIDS)
  setInteger(column.BID_COUNT, at, textLevels())
  expect(ASKS)
  setInteger(column.ASK_START, at, levels)
  setInteger(column.ASK_COUNT, at, textLevels())
  setNumber(column.FIRST, at, first)
  setNumber(column.LAST, at, last)
  return first <= last ? ended() : OTHER
}

/**
 *     {"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",
 *       "T":1672515782136,"m":true,"M":true}}
 *     {"stream":"btcusdt@trade","data":{"e":"trade","E":1787151602037,"T":1787151602037,"s":"BTCUSDT","t":7979344737,
 *       "p":"59000.1","q":"0.002","X":"MARKET","m":true,"st":1}}
 */
function trade(): i32 {
  const at = begin(column.TRADE)
  micros()
  const isEarly = next(MATCHED)
  if (isEarly) setNumber(column.VENUE_TIME, at, micros())
  expect(SYMBOL)
  symbol(at)
  expect(TRADE_ID)
  id(at)
  amounts()
  // The orders of both sides, until 2024.
  if (next(BIDS)) {
    integer()
    expect(ASKS)
    integer()
  }
  if (!isEarly) matched(at)
  next(MARKET)
  return endTrade(at)
}

/**
 *     {"stream":"bnbbtc@aggTrade","data":{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100",
 *       "f":100,"l":105,"T":1672515782136,"m":true,"M":true}}
 *     {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1787151602037,"a":12345,"s":"BTCUSDT","p":"59000.1",
 *       "q":"0.004","nq":"0.004","f":100,"l":105,"T":1787151602037,"m":true,"st":1}}
 */
function aggregate(): i32 {
  const at = begin(column.TRADE)
  store<u8>(column.STREAM + at, 1)
  micros()
  const isEarly = next(ASKS)
  if (isEarly) id(at)
  expect(SYMBOL)
  symbol(at)
  if (!isEarly) {
    expect(ASKS)
    id(at)
  }
  amounts()
  if (next(NORMAL_QUANTITY)) text()
  expect(FIRST_FILL)
  const first = integer()
  expect(LAST_FILL)
  const last = integer()
  setNumber(column.FILL_FIRST, at, first)
  setNumber(column.FILL_LAST, at, last)
  matched(at)
  return first <= last ? endTrade(at) : OTHER
}

/**
 * The best price, which is not read: `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":400900217,"s":"BTCUSDT",
 * "b":"25.3519","B":"31.21","a":"25.3652","A":"40.66","T":1568014460891,"E":1568014460893}}`; on spot without `e`, `T`, `E`.
 */
function ticker(): i32 {
  next(TYPE)
  expect(UPDATE)
  integer()
  expect(SYMBOL)
  text()
  expect(BID_PRICE)
  text()
  expect(BID_SIZE)
  text()
  expect(ASK_PRICE)
  text()
  expect(ASK_SIZE)
  text()
  if (next(MATCHED)) integer()
  if (next(SENT)) integer()
  symbolType()
  expect(END)
  return isDone() ? IGNORED : OTHER
}

/** A trade's id, which is the number that grows by one as well. */
function id(at: i32): void {
  const from = place()
  setNumber(column.LAST, at, integer())
  idIs(at, from, place())
}

function amounts(): void {
  expect(PRICE)
  price()
  expect(QUANTITY)
  size()
  expect(QUOTE)
}

function matched(at: i32): void {
  expect(MATCHED)
  setNumber(column.VENUE_TIME, at, micros())
}

function endTrade(at: i32): i32 {
  expect(BUYER_IS_MAKER)
  // A buyer that is the maker was sold to.
  store<u8>(column.SIDE + at, boolean() ? column.SELL : column.BUY)
  if (next(BEST_MATCH)) boolean()
  // What has no price or no size is no trade: the strict reader knows why.
  const isTrade =
    load<f64>(column.PRICES + (levels << 3)) != 0 && load<f64>(column.SIZES + (levels << 3)) != 0
  endTradeLevel(at)
  return isTrade ? ended() : OTHER
}

/** Since 2026 `"ps":"BTCUSDT","st":1` ends the frames of USD-M. */
function symbolType(): f64 {
  if (next(PAIR)) text()
  return next(SYMBOL_TYPE) ? integer() : 0
}

function ended(): i32 {
  const type = symbolType()
  expect(END)
  if (!isDone()) return OTHER
  if (type == COIN_M) return IGNORED
  endEvent()
  return events
}
