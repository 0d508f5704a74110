// Levels as text, the way they stand in records: `["7403.89","0.002"]`. Decimals are written without trailing zeros.
import { FRAME, LEVEL_LIMIT, PRICE_DECIMALS, PRICES, TEXT_LENGTH } from './memory'
import { EXACT_LIMIT, sizeIn } from './chunk'
import { textOf } from './walk'
import { chunksOf, entryOf, highsOf, keyIn, lastPlace, placesOf, usedOf, withoutLast } from './directory'

/** A number takes no more: 16 digits, up to 18 zeros before them, sign and point. */
export const NUMBER_TEXT_LIMIT: usize = 40
/** Two numbers, and what stands around them. */
export const LEVEL_TEXT_LIMIT: usize = NUMBER_TEXT_LIMIT * 2 + 8

/** Two characters each, the first in the low byte. */
const BEGIN: u16 = 0x225b
const BETWEEN: u16 = 0x2c22
const END: u16 = 0x5d22
const ZERO_POINT: u16 = 0x2e30
const NULL: u32 = 0x6c6c756e
const QUOTE: u8 = 34
const COMMA: u8 = 44
const MINUS: u8 = 45
const POINT: u8 = 46
const ZERO: u8 = 48
const ZEROS: u64 = 0x3030303030303030
/** Numbers below have at most eight. */
const EIGHT_DIGITS: u64 = 100000000

const POW10 = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
])

/** Writes a whole number, or `null` for NaN; answers the place behind it. Traps for one that is not exact. */
export function writeInteger(place: usize, value: f64): usize {
  if (value != value) {
    store<u32>(place, NULL)
    return place + 4
  }
  if (!(abs(value) <= EXACT_LIMIT)) unreachable()
  let at = place
  if (value < 0) store<u8>(at++, MINUS)
  const whole = u64(abs(value))
  if (whole < EIGHT_DIGITS) return writeWhole(at, u32(whole))
  const high = whole / EIGHT_DIGITS
  at = writeWhole(at, u32(high))
  store<u64>(at, eightDigits(u32(whole - high * EIGHT_DIGITS)) | ZEROS)
  return at + 8
}

/** Numbers below 10^8. */
function writeWhole(at: usize, value: u32): usize {
  const digits = eightDigits(value)
  // The last digit is one, also where it is 0.
  const first = i32(ctz(digits | (u64(1) << 63)) >> 3)
  store<u64>(at, (digits | ZEROS) >> u64(8 * first))
  return at + 8 - first
}

/** Writes levels `from` to `to` of the columns; answers the place behind them. None of their sizes may be beyond 2^53. */
export function writeLevels(place: usize, from: i32, to: i32): usize {
  let at = place
  for (let level = from; level < to; level++) {
    if (level > from) store<u8>(at++, COMMA)
    store<u16>(at, BEGIN)
    at = between(writeNumber(at + 2, level))
    at = writeNumber(at, level + i32(LEVEL_LIMIT))
    store<u16>(at, END)
    at += 2
  }
  return at
}

/** Writes a number of the columns: as the frame has it, where it does. */
export function writeNumber(at: usize, number: i32): usize {
  const text = textOf(number)
  if (text == 0) return writeDecimal(at, load<f64>(PRICES + (number << 3)), load<u8>(PRICE_DECIMALS + number))
  v128.store(at, v128.load(FRAME + (text & ((1 << TEXT_LENGTH) - 1))))
  return at + (text >> TEXT_LENGTH)
}

/** Writes the best `depth` levels of a side, or all, likewise: `sign` is 1 for bids and -1 for asks, the decimals are those of the book. */
export function writeSide(
  place: usize,
  side: usize,
  sign: f64,
  depth: i32,
  priceDecimals: i32,
  sizeDecimals: i32,
): usize {
  let at = place
  let left = depth
  for (let chunk = chunksOf(side) - 1; chunk >= 0 && left > 0; chunk--) {
    const entry = entryOf(side, chunk)
    const places = placesOf(entry)
    const highs = highsOf(side, places)
    for (let used = usedOf(entry); used != 0 && left > 0; used = withoutLast(used)) {
      const index = lastPlace(used)
      if (left < depth) store<u8>(at++, COMMA)
      store<u16>(at, BEGIN)
      at = writeDecimal(at + 2, keyIn(entry, index) * sign, priceDecimals)
      at = between(at)
      at = writeDecimal(at, sizeIn(places, highs, index), sizeDecimals)
      store<u16>(at, END)
      at += 2
      left--
    }
  }
  return at
}

function between(at: usize): usize {
  store<u16>(at, BETWEEN)
  store<u8>(at, QUOTE, 2)
  return at + 3
}

/** Writes `mantissa / 10^decimals`, of at most 18; answers the place behind it. Traps for a mantissa that is not exact. */
export function writeDecimal(place: usize, mantissa: f64, decimals: i32): usize {
  if (!(abs(mantissa) <= EXACT_LIMIT)) unreachable()
  let at = place
  if (mantissa < 0) store<u8>(at++, MINUS)
  const value = u64(abs(mantissa))
  if (value == 0) {
    store<u8>(at, ZERO)
    return at + 1
  }
  return value < EIGHT_DIGITS && decimals <= 8
    ? writeShort(at, u32(value), decimals)
    : writeLong(at, value, decimals)
}

/** Eight digits at once: what stands before the point and what stands behind it are both moved out of one word. */
function writeShort(at: usize, value: u32, decimals: i32): usize {
  const digits = eightDigits(value)
  const text = digits | ZEROS
  const first = i32(ctz(digits) >> 3)
  const whole = 8 - first - decimals
  const fine = max(decimals - i32(clz(digits) >> 3), 0)
  if (whole > 0) store<u64>(at, text >> u64(8 * first))
  else store<u8>(at, ZERO)
  const point = at + max(whole, 1)
  if (fine == 0) return point
  store<u8>(point, POINT)
  store<u64>(point, text >> u64(64 - 8 * decimals), 1)
  return point + 1 + fine
}

/** A number below 10^8 as eight digits, the first in the lowest byte: pairs of halves first, then of halves of those. */
function eightDigits(value: u32): u64 {
  const high = value / 10000
  const fours = u64(high) | (u64(value - high * 10000) << 32)
  const hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f
  const twos = hundreds | ((fours - hundreds * 100) << 16)
  const tens = ((twos * 103) >> 10) & 0x000f000f000f000f
  return tens | ((twos - tens * 10) << 8)
}

/** The same for longer numbers, two digits at a time. */
function writeLong(place: usize, mantissa: u64, decimals: i32): usize {
  let at = place
  let value = mantissa
  let fine = decimals
  while (fine > 0) {
    const shorter = value / 10
    if (shorter * 10 != value) break
    value = shorter
    fine--
  }
  const digits = digitsOf(value)
  if (fine == 0) {
    writeDigits(at + digits, value, digits)
    return at + digits
  }
  if (digits <= fine) {
    store<u16>(at, ZERO_POINT)
    at += 2
    for (let zeros = fine - digits; zeros > 0; zeros--) store<u8>(at++, ZERO)
    writeDigits(at + digits, value, digits)
    return at + digits
  }
  const scale = load<u64>(POW10 + (fine << 3))
  const whole = value / scale
  const end = at + digits + 1
  writeDigits(end, value - whole * scale, fine)
  store<u8>(end - fine - 1, POINT)
  writeDigits(end - fine - 1, whole, digits - fine)
  return end
}

/** Writes so many digits of a number before `end`, eight at a time. */
function writeDigits(end: usize, value: u64, digits: i32): void {
  let at = end
  let rest = value
  let left = digits
  for (; left > 8; left -= 8) {
    const next = rest / EIGHT_DIGITS
    at -= 8
    store<u64>(at, eightDigits(u32(rest - next * EIGHT_DIGITS)) | ZEROS)
    rest = next
  }
  const text = (eightDigits(u32(rest)) | ZEROS) >> u64(8 * (8 - left))
  // Byte by byte, because what stands behind is written already.
  for (let byte = 0; byte < left; byte++) store<u8>(at - left + byte, u8(text >> u64(8 * byte)))
}

/** How many digits a number has. */
function digitsOf(value: u64): i32 {
  const guess = i32(((64 - clz(value | 1)) * 1233) >> 12)
  return guess + i32(value >= load<u64>(POW10 + (guess << 3)))
}
