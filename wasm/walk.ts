// The walk along the bytes of a frame: the words in which the templates of the venues are written.
//
// What does not fit ends the walk: every later step fails too, so a template reads like its frame, and `isDone` at its end tells whether
// all of it was there. The strict reader takes a frame that does not fit, so a step may be stricter than JSON, but it must never
// read what that reader refuses.
//
// Sixteen bytes are looked at together, and all of a number is read at once. How long its parts are changes from one to the next, and a
// branch on that would cost more than all the rest: digits are moved to where they belong by a shuffle that a table knows.
import { FRAME, LEVEL_LIMIT, PRICE_DECIMALS, PRICES, ROOM, TEXT_LENGTH, TEXTS } from './memory'

const QUOTE: u8 = 34
const BACKSLASH: u8 = 92
/** Below a blank nothing may stand in a text. */
const LAST_CONTROL: u8 = 31
const EXPONENT: u8 = 101
const LOWER_CASE: u8 = 32
const MINUS: u8 = 45
const POINT: u8 = 46
const ZERO: u8 = 48

/** So many digits always fit a double exactly. */
const EXACT_DIGITS: i32 = 15
/** Bits of places behind them. */
const TOO_LONG: i32 = 0x10000
const DIGITS_LIMIT: f64 = 999999999999999
/** What `pow10` and the columns hold. */
const EXPONENT_LIMIT: i32 = 15
const DECIMALS_LIMIT: i32 = 18
const MILLIS_LIMIT: f64 = 9007199254740
const POW10 = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
])
const ZEROS = memory.data<u64>([0x3030303030303030, 0x3030303030303030], 16)
const NINES = memory.data<u64>([0x0909090909090909, 0x0909090909090909], 16)
/** What a point becomes where digits become what they are worth. */
const POINTS = memory.data<u64>([0xfefefefefefefefe, 0xfefefefefefefefe], 16)
const PAIRS = memory.data<u16>([2561, 2561, 2561, 2561, 2561, 2561, 2561, 2561], 16)
const FOURS = memory.data<i16>([100, 1, 100, 1, 100, 1, 100, 1], 16)
const EIGHTS = memory.data<i16>([10000, 1, 10000, 1, 10000, 1, 10000, 1], 16)

let at: usize = 0
let end: usize = 0
/** The text read last, from the begin of the frame: bytes `start` to `stop`. */
export let start: i32 = 0
export let stop: i32 = 0
export let levels: i32 = 0
/** The frame that was read last still stands where it was. */
export let isFrameThere: bool = false

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
  isFrameThere = true
  at = FRAME
  end = FRAME + length
  memory.fill(end, 0, ROOM)
  levels = 0
}

/** Something else stands where the frame was. */
export function endFrame(): void {
  isFrameThere = false
}

/** Where and how long the text of a number is, as `TEXTS` has it; 0 where it is not to be had. */
export function textOf(number: i32): u32 {
  return isFrameThere ? load<u32>(TEXTS + (number << 2)) : 0
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
  const behind = past(at, text)
  if (behind > end) return false
  at = behind
  return true
}

/** Passes over `text`, which must come next. */
export function expect(text: Fixed): void {
  if (!next(text)) fail()
}

/** Passes over `text` at `from`: answers the place behind it, or one behind the end where something else stands. */
export function past(from: usize, text: Fixed): usize {
  const last = from + text.length
  let word = text.place
  for (let part = from; part < last; part += 8, word += 16)
    if ((load<u64>(part) & load<u64>(word, 8)) != load<u64>(word)) return end + 1
  return last
}

/** Whether `text`, of at most eight bytes, stands at `from`: for what is not to be foreseen, without a branch. */
export function stands(from: usize, text: Fixed): bool {
  return (load<u64>(from) & load<u64>(text.place, 8)) == load<u64>(text.place)
}

/** Reads a text without escapes up to `last`, and passes over that byte. */
export function until(last: u8): void {
  const lasts = i8x16.splat(last)
  let from = at
  start = i32(from - FRAME)
  for (;;) {
    const bytes = v128.load(from)
    const ends = v128.or(i8x16.eq(bytes, lasts), i8x16.eq(bytes, i8x16.splat(QUOTE)))
    const others = v128.or(
      i8x16.eq(bytes, i8x16.splat(BACKSLASH)),
      i8x16.le_u(bytes, i8x16.splat(LAST_CONTROL)),
    )
    const found = i8x16.bitmask(v128.or(ends, others))
    if (found != 0) {
      from += usize(ctz(found))
      break
    }
    from += 16
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
  const from = at
  at = wholeAt(from)
  const count = i32(at - from)
  return at > end ? 0 : valueOf(digitsAt(from), count, count)
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
  at = priceAt(at)
}

/** Reads a decimal as the size of the level that comes next. */
export function size(): void {
  at = sizeAt(at)
}

/** The same of one at `from`, for the rows of levels: answers the place behind it. What is read there waits for no memory in between. */
export function priceAt(from: usize): usize {
  return numberAt(from, levels)
}

export function sizeAt(from: usize): usize {
  return numberAt(from, levels + i32(LEVEL_LIMIT))
}

/** Passes over a decimal, whose value goes where the next level overwrites it. */
export function passNumber(): void {
  price()
}

/** The level that comes next is whole. In a row of levels there is room for all that a frame can hold. */
export function endLevel(): void {
  if (++levels >= i32(LEVEL_LIMIT)) fail()
}

/** The level that comes next removes its price where `isRemoved`, whatever its size was. */
export function removeLevel(isRemoved: bool): void {
  const number = levels + i32(LEVEL_LIMIT)
  const text = TEXTS + (number << 2)
  store<f64>(PRICES + (number << 3), select<f64>(0, load<f64>(PRICES + (number << 3)), isRemoved))
  store<u8>(PRICE_DECIMALS + number, select<u8>(0, load<u8>(PRICE_DECIMALS + number), isRemoved))
  store<u32>(text, select<u32>(0, load<u32>(text), isRemoved))
}

/** Reads an empty array and answers true; or the begin of an array of levels, up to the first text of the first. */
export function noLevels(): bool {
  const isEmpty = next(NO_LEVELS)
  if (!isEmpty) expect(LEVELS)
  return isEmpty
}

/** Where the row of levels begins that `noLevels` has found. */
export function firstLevel(): usize {
  return at
}

/** Ends a row of levels at `from` with `text`. */
export function endLevels(from: usize, text: Fixed): void {
  at = past(from, text)
}

/** Where a step leads that finds what it does not want. */
export function nowhere(): usize {
  return end + 1
}

/** Whether a step of a row of levels led to `from`. */
export function isThere(from: usize): bool {
  return from <= end
}

/** Reads `[["7403.89","0.002"]]`; answers how many levels. */
export function textLevels(): i32 {
  if (noLevels()) return 0
  const first = levels
  let from: usize
  let following = firstLevel()
  do {
    from = sizeAt(past(priceAt(following), SIZE))
    endLevel()
    following = past(from, NEXT_LEVEL)
  } while (isThere(following))
  endLevels(from, LEVELS_END)
  return levels - first
}

/** Passes over an integer of at most 15 digits at `from`; answers the place behind it. */
export function wholeAt(from: usize): usize {
  const count = ctz(~digitsIn(digitsAt(from)))
  const isLed = i32(load<u8>(from) == ZERO) & i32(count > 1)
  return isLed | i32(count == 0) | i32(count > EXACT_DIGITS) ? end + 1 : from + usize(count)
}

/**
 * Reads a decimal of at most 15 digits without a sign as `number` of the columns: without the trailing zeros of its fraction, as the strict
 * reader gives it. Answers the place behind it.
 */
function numberAt(from: usize, number: i32): usize {
  const to = decimalAt(from, number)
  if ((load<u8>(to) | LOWER_CASE) != EXPONENT) return to
  at = to
  readExponent(from, number)
  return at
}

function keep(number: i32, value: f64, decimals: i32, text: u32): void {
  store<f64>(PRICES + (number << 3), value)
  store<u8>(PRICE_DECIMALS + number, u8(decimals))
  store<u32>(TEXTS + (number << 2), text)
}

/** `1.5e-5`: with one digit before its point, and not 0, such a number has no zeros behind its last digit. */
function readExponent(from: usize, number: i32): void {
  const digits = load<f64>(PRICES + (number << 3))
  const fine = i32(load<u8>(PRICE_DECIMALS + number))
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
  // The digits that are put behind it count as well.
  const value = digits * f64(pow10(usize(max(-moved, 0))))
  keep(number, value, max(moved, 0), 0)
  if (moved > DECIMALS_LIMIT || value > DIGITS_LIMIT) fail()
}

/** The same without an exponent. */
function decimalAt(from: usize, number: i32): usize {
  const values = digitsAt(from)
  const digits = digitsIn(values)
  const zeros = i8x16.bitmask(i8x16.eq(values, i8x16.splat(0)))
  const points = i8x16.bitmask(i8x16.eq(values, constant(POINTS)))
  const length = ctz(~(digits | points))
  const behind = 1 << length
  const all = behind - 1
  const point = points & all
  const stops = point | behind
  // Nothing before the point or behind it, a zero that leads, a second point: each is a bit.
  const odd = (~digits & 1) | ((point << 1) & behind) | (zeros & (digits >> 1) & 1) | (point & (point - 1))
  if (odd | (behind & TOO_LONG)) return slowDecimalAt(from, number)
  const count = ctz(stops)
  // The whole digits, and those of the fraction up to the last that is not zero.
  const stop = 32 - clz(((digits ^ zeros) & all) | ((stops - 1) & ~stops))
  const text = u32(from - FRAME) | (u32(stop) << TEXT_LENGTH)
  keep(number, valueOf(values, count, stop), max(stop - count - 1, 0), text)
  return from + usize(length)
}

/** The same for decimals of more than fifteen bytes, one at a time; and it refuses what is none. */
function slowDecimalAt(from: usize, number: i32): usize {
  let to = from
  let value: u64 = 0
  for (; isDigit(load<u8>(to)); to++) value = value * 10 + load<u8>(to) - ZERO
  const count = to - from
  if (count == 0 || count > usize(EXACT_DIGITS) || (count > 1 && load<u8>(from) == ZERO)) return end + 1
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
    if (to == first || count + kept > usize(EXACT_DIGITS)) return end + 1
  }
  keep(number, f64(exact), i32(kept), 0)
  return to
}

const isDigit = (byte: u8): bool => u8(byte - ZERO) < 10

function pow10(power: usize): u64 {
  return load<u64>(POW10 + (power << 3))
}

/** The sixteen bytes at `from`, of which digits become what they are worth. */
function digitsAt(from: usize): v128 {
  return i8x16.sub(v128.load(from), constant(ZEROS))
}

/** A bit for each of them that is a digit. */
function digitsIn(values: v128): i32 {
  return i8x16.bitmask(i8x16.le_u(values, constant(NINES)))
}

/** The number that those up to `stop` make, without the point at `point`: moved to the end, then put together two, four and eight at a time. */
function valueOf(values: v128, point: i32, stop: i32): f64 {
  const digits = i8x16.swizzle(values, v128.load(SHUFFLES + (usize((point << 5) | stop) << 4)))
  // Ten times the first of two, and the second, are the upper byte of one product.
  const pairs = i16x8.shr_u(i16x8.mul(digits, constant(PAIRS)), 8)
  const fours = i32x4.dot_i16x8_s(pairs, constant(FOURS))
  const packed = i16x8.narrow_i32x4_u(fours, fours)
  const eights = i64x2.extract_lane(i32x4.dot_i16x8_s(packed, constant(EIGHTS)), 0)
  return f64((eights & 0xffffffff) * 100000000 + i64(u64(eights) >> 32))
}

/** Sixteen bytes from memory: one instruction, where the machine would need three to make them. */
function constant(place: usize): v128 {
  return v128.load(place)
}

/** Which byte goes where, for each place of the point and each length: 16 bytes each. What goes nowhere becomes 0. */
function shuffles(): usize {
  const table = heap.alloc(16 * 32 * 16)
  memory.fill(table, 0xff, 16 * 32 * 16)
  for (let point = 0; point < 16; point++)
    for (let stop = 0; stop <= 16; stop++) shuffle(table + (usize((point << 5) | stop) << 4), point, stop)
  return table
}

function shuffle(place: usize, point: i32, stop: i32): void {
  let to = place + 15
  for (let from = stop - 1; from >= 0; from--) if (from != point) store<u8>(to--, u8(from))
}

const SHUFFLES = shuffles()
const NEGATIVE = fixed('-')
const POSITIVE = fixed('+')
const TRUE = fixed('true')
const FALSE = fixed('false')
const NO_LEVELS = fixed('[]')
const LEVELS = fixed('[["')
const SIZE = fixed('","')
const NEXT_LEVEL = fixed('"],["')
const LEVELS_END = fixed('"]]')
