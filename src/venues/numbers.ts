import { DECIMALS_LIMIT, parseDecimal } from '../core/decimal.ts'
import type { DecodeCode } from '../core/errors.ts'

const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
/** So many digits always fit a double exactly. */
const EXACT_DIGITS = 15
/** Bytes of the longest number that is worth reading: 2^53 with 18 decimals and an exponent has 40. */
const LENGTH_LIMIT = 64
/** No price or size has a larger exponent; it also bounds the work of a hostile one. */
const EXPONENT_LIMIT = 30
const EXPONENT_DIGITS = 3

/** What number reading needs of a cursor: the bytes, the place in them (moved on), and where a decimal goes. */
export interface NumberPlace {
  readonly bytes: Uint8Array
  at: number
  mantissa: number
  decimals: number
  big: bigint | undefined
  fail(code: DecodeCode, message: string): never
}

/** True for the bytes `0` to `9`. */
export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE

/** Reads a JSON integer that a double holds exactly. Throws `DecodeError` (`bad_number`, `precision`). */
export function readInteger(place: NumberPlace): number {
  const { bytes } = place
  const negative = bytes[place.at] === MINUS
  const start = negative ? place.at + 1 : place.at
  let at = start
  let value = 0
  let byte = bytes[at] ?? 0
  while (byte >= ZERO && byte <= NINE) {
    value = value * 10 + (byte - ZERO)
    byte = bytes[++at] ?? 0
  }
  place.at = at
  checkWhole(place, start)
  if (byte === POINT || isExponentMark(byte)) place.fail('bad_number', 'not an integer')
  if (value > Number.MAX_SAFE_INTEGER) place.fail('precision', 'an integer beyond 2^53')
  return negative ? 0 - value : value
}

/**
 * Reads a JSON number into `mantissa` and `decimals`, without the trailing zeros of its fraction. Up to 15 digits are exact in a
 * double; more, and exponents, take the slow and equally exact way. Throws `DecodeError` (`bad_number`, `precision`).
 */
export function readDecimal(place: NumberPlace): void {
  const from = place.at
  const negative = place.bytes[from] === MINUS
  if (negative) place.at++
  const whole = readWhole(place)
  const decimals = place.bytes[place.at] === POINT ? readFraction(place) : 0
  place.big = undefined
  if (whole + decimals > EXACT_DIGITS || isExponentMark(place.bytes[place.at])) {
    readExact(place, from)
    return
  }
  if (negative) place.mantissa = 0 - place.mantissa
  place.decimals = decimals
}

/** Passes over any JSON number, of any size. Throws `DecodeError` (`syntax`, `bad_number`). */
export function skipNumber(place: NumberPlace): void {
  const { bytes } = place
  if (bytes[place.at] === MINUS) place.at++
  const start = place.at
  skipDigits(place, 'a value expected')
  if (place.at - start > 1 && bytes[start] === ZERO) place.fail('bad_number', 'a leading zero')
  if (bytes[place.at] === POINT) {
    place.at++
    skipDigits(place, 'no digit after the point')
  }
  if (!isExponentMark(bytes[place.at])) return
  skipMark(place)
  skipDigits(place, 'no digit in the exponent')
}

/** The number from `from` once more, with its exponent, in arbitrary precision. */
function readExact(place: NumberPlace, from: number): void {
  if (isExponentMark(place.bytes[place.at])) checkExponent(place)
  const length = place.at - from
  if (length > LENGTH_LIMIT) place.fail('precision', `a number of more than ${LENGTH_LIMIT} bytes`)
  const value = parseDecimal(String.fromCharCode(...place.bytes.subarray(from, place.at)))
  if (value === undefined) place.fail('bad_number', 'not a decimal')
  if (value.decimals > DECIMALS_LIMIT) place.fail('precision', `more than ${DECIMALS_LIMIT} decimals`)
  place.decimals = value.decimals
  const size = value.mantissa < 0n ? -value.mantissa : value.mantissa
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) {
    place.mantissa = Number(value.mantissa)
    return
  }
  if (value.mantissa < 0n) place.fail('precision', 'a negative number beyond 2^53')
  place.mantissa = Infinity
  place.big = value.mantissa
}

function checkExponent(place: NumberPlace): void {
  skipMark(place)
  const start = place.at
  skipDigits(place, 'no digit in the exponent')
  let value = 0
  for (let at = start; at < place.at; at++) value = value * 10 + (place.bytes[at] ?? 0) - ZERO
  if (place.at - start > EXPONENT_DIGITS || value > EXPONENT_LIMIT) {
    place.fail('precision', `an exponent beyond ${EXPONENT_LIMIT}`)
  }
}

function skipMark(place: NumberPlace): void {
  place.at++
  const sign = place.bytes[place.at]
  if (sign === 43 || sign === MINUS) place.at++
}

function skipDigits(place: NumberPlace, fault: string): void {
  const start = place.at
  while (isDigit(place.bytes[place.at] ?? 0)) place.at++
  if (place.at === start) place.fail('syntax', fault)
}

/** Digits from `start` to the place: at least one, and no leading zero. */
function checkWhole(place: NumberPlace, start: number): void {
  const count = place.at - start
  if (count === 0 || (count > 1 && place.bytes[start] === ZERO)) place.fail('bad_number', 'not a number')
}

/** Reads the digits before the point into `mantissa`; answers how many. */
function readWhole(place: NumberPlace): number {
  const { bytes } = place
  const start = place.at
  let at = start
  let mantissa = 0
  let byte = bytes[at] ?? 0
  while (byte >= ZERO && byte <= NINE) {
    mantissa = mantissa * 10 + (byte - ZERO)
    byte = bytes[++at] ?? 0
  }
  place.at = at
  checkWhole(place, start)
  place.mantissa = mantissa
  return at - start
}

/** Reads the point and the digits after it, but for trailing zeros, on into `mantissa`; answers how many counted. */
function readFraction(place: NumberPlace): number {
  const { bytes } = place
  const point = place.at + 1
  let at = point
  while (isDigit(bytes[at] ?? 0)) at++
  place.at = at
  if (at === point) place.fail('bad_number', 'no digit after the point')
  let last = at
  while (last > point && bytes[last - 1] === ZERO) last--
  let mantissa = place.mantissa
  for (let digit = point; digit < last; digit++) mantissa = mantissa * 10 + (bytes[digit] ?? 0) - ZERO
  place.mantissa = mantissa
  return last - point
}

const isExponentMark = (byte: number | undefined): boolean => byte === 101 || byte === 69
