// The walk along the bytes of a frame: the words in which the templates of the venues are written.
//
// What does not fit ends the walk: every later step fails too, so a template reads like its frame, and `isDone` at its end tells whether
// all of it was there. The strict reader takes a frame that does not fit, so a step may be stricter than JSON, but it must never
// read what that reader refuses.
//
// Eight bytes are read at a time. How long the parts of a number are changes from one to the next, and a branch on that would cost more
// than all the rest: digits are moved to where they belong by shifts.
import { FRAME, LEVEL_LIMIT, PRICE_DECIMALS, PRICES, ROOM, SIZE_DECIMALS, SIZES } from './memory'

/** One byte in each of the eight. */
const EACH: u64 = 0x0101010101010101
const HIGH_BITS: u64 = 0x8080808080808080
const BLANKS: u64 = 0x2020202020202020
const QUOTES: u64 = 0x2222222222222222
const ZEROS: u64 = 0x3030303030303030
const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c
/** Added to a digit it leaves the high bit of its byte clear, added to more than 9 it sets it. */
const OVER_NINE: u64 = 0x7676767676767676

const QUOTE: u8 = 34
const EXPONENT: u8 = 101
const LOWER_CASE: u8 = 32
const MINUS: u8 = 45
const POINT: u8 = 46
const ZERO: u8 = 48

/** So many digits always fit a double exactly. */
const EXACT_DIGITS: usize = 15
const DIGITS_LIMIT: f64 = 999999999999999
/** What `pow10` and the columns hold. */
const EXPONENT_LIMIT: i32 = 15
const DECIMALS_LIMIT: i32 = 18
const MILLIS_LIMIT: f64 = 9007199254740
const POW10 = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
])

let at: usize = 0
let end: usize = 0
/** The text read last, from the begin of the frame: bytes `start` to `stop`. */
export let start: i32 = 0
export let stop: i32 = 0
export let levels: i32 = 0

/** A fixed part of a template: pairs of eight bytes and of the mask that says which of them count. */
export class Fixed {
  constructor(
    public length: usize,
    public place: usize,
  ) {}
}

/** Makes a text (ASCII) ready to be compared. */
export function fixed(text: string): Fixed {
  const size = ((text.length + 7) >> 3) << 4
  const place = heap.alloc(size)
  memory.fill(place, 0, size)
  for (let index = 0; index < text.length; index++) {
    const word = place + ((index >> 3) << 4) + (index & 7)
    store<u8>(word, u8(text.charCodeAt(index)))
    store<u8>(word + 8, 255)
  }
  return new Fixed(text.length, place)
}

/** Begins at the start of a frame of `length` bytes. */
export function beginWalk(length: i32): void {
  at = FRAME
  end = FRAME + length
  memory.fill(end, 0, ROOM)
  levels = 0
}

/** The whole frame was read, and fitted. */
export function isDone(): bool {
  return at == end
}

/** Ends the walk. */
export function fail(): void {
  at = end + 1
}

/** How far the walk is from the begin of the frame. */
export function place(): i32 {
  return i32(at - FRAME)
}

/** Passes over `text` where it comes next; stays and answers false where something else does. */
export function next(text: Fixed): bool {
  const last = at + text.length
  let word = text.place
  for (let from = at; from < last; from += 8, word += 16)
    if ((load<u64>(from) & load<u64>(word, 8)) != load<u64>(word)) return false
  at = last
  return true
}

/** Passes over `text`, which must come next. */
export function expect(text: Fixed): void {
  if (!next(text)) fail()
}

/** Reads a text without escapes up to `last`, and passes over that byte. */
export function until(last: u8): void {
  const lasts = u64(last) * EACH
  let from = at
  start = i32(from - FRAME)
  for (;;) {
    const word = load<u64>(from)
    const special = zeroBytes(word ^ lasts) | zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES)
    const found = (special | ((word - BLANKS) & ~word)) & HIGH_BITS
    if (found != 0) {
      from += usize(ctz(found) >> 3)
      break
    }
    from += 8
  }
  stop = i32(from - FRAME)
  if (load<u8>(from) == last) at = from + 1
  else fail()
}

/** Reads the rest of a text, with the quote that ends it. */
export function text(): void {
  until(QUOTE)
}

/** Reads an integer of at most 15 digits without a sign. */
export function integer(): f64 {
  const high = load<u64>(at) ^ ZEROS
  const count = digitsOf(high)
  const isLed = i32((high & 0xff) == 0)
  if (count < 8) {
    at += count
    if (i32(count == 0) | (i32(count > 1) & isLed)) fail()
    return f64(numberOf(high, count))
  }
  const low = load<u64>(at, 8) ^ ZEROS
  const more = digitsOf(low)
  at += 8 + more
  if (isLed | i32(more == 8)) fail()
  return f64(more == 0 ? pairOf(high) : pairOf(high) * pow10(more) + numberOf(low, more))
}

/** Reads an integer of at most 15 digits. */
export function signed(): f64 {
  if (load<u8>(at) != MINUS) return integer()
  at++
  return 0.0 - integer()
}

/** Reads a time in ms; answers µs. */
export function micros(): f64 {
  const ms = integer()
  if (ms > MILLIS_LIMIT) fail()
  return ms * 1000
}

/** Reads `true` or `false`. */
export function boolean(): bool {
  const isTrue = next(TRUE)
  if (!isTrue) expect(FALSE)
  return isTrue
}

/** Reads a decimal as the price of the level that comes next. */
export function price(): void {
  readDecimal(PRICES + (levels << 3), PRICE_DECIMALS + levels)
}

/** Reads a decimal as the size of the level that comes next. */
export function size(): void {
  readDecimal(SIZES + (levels << 3), SIZE_DECIMALS + levels)
}

/** Passes over a decimal, whose value goes where the next level overwrites it. */
export function passNumber(): void {
  price()
}

/** The level that comes next is whole. */
export function endLevel(): void {
  if (++levels >= i32(LEVEL_LIMIT)) fail()
}

/** The level that comes next removes its price, whatever its size was. */
export function removeLevel(): void {
  store<f64>(SIZES + (levels << 3), 0)
  store<u8>(SIZE_DECIMALS + levels, 0)
}

/** Reads an empty array and answers true; or the begin of an array of levels, up to the first text of the first. */
export function noLevels(): bool {
  const isEmpty = next(NO_LEVELS)
  if (!isEmpty) expect(LEVELS)
  return isEmpty
}

/** Reads `[["7403.89","0.002"]]`; answers how many levels. */
export function textLevels(): i32 {
  if (noLevels()) return 0
  const first = levels
  do {
    price()
    expect(SIZE)
    size()
    endLevel()
  } while (next(NEXT_LEVEL))
  expect(LEVELS_END)
  return levels - first
}

/**
 * Reads a decimal of at most 15 digits without a sign to `mantissa` (f64) and `decimals` (u8): without the trailing zeros of its
 * fraction, as the strict reader gives it.
 */
function readDecimal(mantissa: usize, decimals: usize): void {
  const from = at
  at = decimalAt(from, mantissa, decimals)
  if ((load<u8>(at) | LOWER_CASE) == EXPONENT) readExponent(from, mantissa, decimals)
}

/** `1.5e-5`: with one digit before its point, and not 0, such a number has no zeros behind its last digit. */
function readExponent(from: usize, mantissa: usize, decimals: usize): void {
  const digits = load<f64>(mantissa)
  const fine = i32(load<u8>(decimals))
  const isPlain = load<u8>(from) != ZERO && !isDigit(load<u8>(from, 1))
  at++
  const isFine = next(NEGATIVE)
  if (!isFine) next(POSITIVE)
  const power = i32(integer())
  if (!isPlain || power > EXPONENT_LIMIT) {
    fail()
    return
  }
  const moved = isFine ? fine + power : fine - power
  store<u8>(decimals, u8(max(moved, 0)))
  if (moved < 0) store<f64>(mantissa, digits * f64(pow10(usize(-moved))))
  // The digits that are put behind it count as well.
  if (moved > DECIMALS_LIMIT || digits * f64(pow10(usize(max(-moved, 0)))) > DIGITS_LIMIT) fail()
}

/** The same without an exponent. Answers the place behind it. */
function decimalAt(from: usize, mantissa: usize, decimals: usize): usize {
  const high = load<u64>(from) ^ ZEROS
  const count = digitsOf(high)
  if (count == 8) return longDecimalAt(from, mantissa, decimals)
  if (i32(count == 0) | (i32(count > 1) & i32((high & 0xff) == 0))) return end + 1
  const whole = numberOf(high, count)
  const point = from + count
  if (load<u8>(point) != POINT) {
    store<f64>(mantissa, f64(whole))
    store<u8>(decimals, 0)
    return point
  }
  const low = load<u64>(point, 1) ^ ZEROS
  const fine = digitsOf(low)
  if (fine == 0) return end + 1
  if (fine == 8 && isDigit(load<u8>(point, 9))) return longDecimalAt(from, mantissa, decimals)
  const digits = low & (u64.MAX_VALUE >> (64 - 8 * fine))
  const kept = usize((71 - clz(digits)) >> 3)
  store<f64>(mantissa, f64(whole * pow10(kept) + numberOf(digits, kept)))
  store<u8>(decimals, u8(kept))
  return point + 1 + fine
}

/** The same for decimals with more than seven digits before their point, or eight behind it: one at a time. */
function longDecimalAt(from: usize, mantissa: usize, decimals: usize): usize {
  let to = from
  let value: u64 = 0
  for (; isDigit(load<u8>(to)); to++) value = value * 10 + load<u8>(to) - ZERO
  const count = to - from
  if (count == 0 || count > EXACT_DIGITS || (count > 1 && load<u8>(from) == ZERO)) return end + 1
  let exact = value
  let kept: usize = 0
  if (load<u8>(to) == POINT) {
    const first = ++to
    for (; isDigit(load<u8>(to)); to++) {
      value = value * 10 + load<u8>(to) - ZERO
      if (load<u8>(to) == ZERO) continue
      exact = value
      kept = to + 1 - first
    }
    if (to == first || count + kept > EXACT_DIGITS) return end + 1
  }
  store<f64>(mantissa, f64(exact))
  store<u8>(decimals, u8(kept))
  return to
}

const isDigit = (byte: u8): bool => u8(byte - ZERO) < 10

function pow10(power: usize): u64 {
  return load<u64>(POW10 + (power << 3))
}

/** Sets the high bit of the lowest byte that is zero; bytes above it may be wrong. */
function zeroBytes(word: u64): u64 {
  return (word - EACH) & ~word
}

/** How many bytes there are before the first that was no digit, once zeros were taken away. */
function digitsOf(word: u64): usize {
  return usize(ctz(((word + OVER_NINE) | word) & HIGH_BITS) >> 3)
}

/** The first `count` (from 1) digits as a number: moved up, they have zeros before them. */
function numberOf(word: u64, count: usize): u64 {
  return pairOf(word << (64 - 8 * count))
}

/** Eight digits as a number: pairs of digits first, then pairs of pairs, then both. */
function pairOf(word: u64): u64 {
  const pairs = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ff
  const fours = (pairs * 100 + (pairs >> 16)) & 0x0000ffff0000ffff
  return (fours * 10000 + (fours >> 32)) & 0xffffffff
}

const NEGATIVE = fixed('-')
const POSITIVE = fixed('+')
const TRUE = fixed('true')
const FALSE = fixed('false')
const NO_LEVELS = fixed('[]')
const LEVELS = fixed('[["')
const SIZE = fixed('","')
const NEXT_LEVEL = fixed('"],["')
const LEVELS_END = fixed('"]]')
