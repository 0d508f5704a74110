import { POW10 } from '../core/decimal.ts'
import type { Columns } from '../core/columns.ts'
import type { Symbols } from './symbols.ts'

const QUOTE = 34
const MINUS = 45
const POINT = 46
const ZERO = 48

/** Four bytes at once, one in each byte of a word. */
const EACH = 0x01010101
const HIGH_BITS = 0x80808080 | 0
const BLANKS = 0x20202020
const ZEROS = 0x30303030
const BACKSLASHES = 0x5c5c5c5c
/** Added to a digit it leaves the high bit of its byte clear, added to more than 9 it sets it. */
const OVER_NINE = 0x76767676
const WORD = 4

const SMALL_POW10 = Int32Array.of(1, 10, 100, 1_000)
/** The least number of so many digits that has no zero before others. */
const LEAST = Float64Array.of(Infinity, 0, 10, 100, 1_000, 1e4, 1e5, 1e6)
/** So many bytes of a word, from the lowest on. */
const LOW_BYTES = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1)
/** So many digits always fit a double exactly. */
const EXACT_DIGITS = 15
const MILLIS_LIMIT = Math.floor(Number.MAX_SAFE_INTEGER / 1_000)
const FIRST_CAPACITY = 4_096

/** A template's fixed text as words, the last of which may be a part of one. */
export interface Fixed {
  readonly length: number
  readonly words: Int32Array
  readonly masks: Int32Array
}

/** Makes a fixed text ready to be compared four bytes at a time. */
export function fixed(text: string): Fixed {
  const bytes = new TextEncoder().encode(text)
  const length = Math.ceil(bytes.length / WORD)
  const words = new Int32Array(length)
  const masks = new Int32Array(length)
  for (const [at, byte] of bytes.entries()) {
    const shift = (at % WORD) * 8
    words[at >> 2] = (words[at >> 2] ?? 0) | (byte << shift)
    masks[at >> 2] = (masks[at >> 2] ?? 0) | (255 << shift)
  }
  return { length: bytes.length, words, masks }
}

/**
 * Walks the bytes of a frame along the template that its venue is known to write. What does not fit ends the walk: every later step
 * fails too, so a template reads like its frame, and `isDone` at its end tells whether all of it was there. The strict reader
 * takes a frame that does not fit, so a step may be stricter than JSON, but it must never read what that reader refuses.
 *
 *     scanner.expect(FIRST)                            // ,"U":
 *     out.first[at] = scanner.integer()                // 390497796
 *
 * The frame is copied, because an own view of it can be read four bytes at a time: half the time of a byte at a time.
 */
export class Scanner {
  /** The frame, and zeros behind it. */
  bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  at = 0
  /** The text read last: bytes `start` to `stop`. */
  start = 0
  stop = 0
  #view = new DataView(this.bytes.buffer)
  #end = 0
  readonly #passed = new Float64Array(1)
  readonly #passedDecimals = new Uint8Array(1)

  /** Begins at the start of `frame`. */
  load(frame: Uint8Array): void {
    const end = frame.length
    if (end + 2 * WORD > this.bytes.length) this.#grow(end)
    this.bytes.set(frame)
    // What an earlier frame left behind the end is never read: nothing fits a zero.
    this.#view.setInt32(end, 0)
    this.#view.setInt32(end + WORD, 0)
    this.#end = end
    this.at = 0
  }

  /** The whole frame was read, and fitted. */
  get isDone(): boolean {
    return this.at === this.#end
  }

  /** Ends the walk. */
  fail(): void {
    this.at = this.#end + 1
  }

  /** Passes over `text` where it comes next; stays and answers false where something else does. */
  next({ length, words, masks }: Fixed): boolean {
    const { at } = this
    const view = this.#view
    for (let word = 0; word < words.length; word++) {
      const found = view.getInt32(at + word * WORD, true) & (masks[word] ?? 0)
      if (found !== words[word]) return false
    }
    this.at = at + length
    return true
  }

  /** Passes over `text`, which must come next. */
  expect(text: Fixed): void {
    if (!this.next(text)) this.fail()
  }

  /** Reads a text without escapes up to `end`, and passes over that byte. */
  until(end: number): void {
    const view = this.#view
    const ends = Math.imul(end, EACH)
    let at = this.at
    this.start = at
    for (;;) {
      const word = view.getInt32(at, true)
      const special = zeroBytes(word ^ ends) | zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES)
      const found = (special | belowBlanks(word)) & HIGH_BITS
      if (found !== 0) {
        at += lowestByte(found)
        break
      }
      at += WORD
    }
    this.stop = at
    if (this.bytes[at] === end) this.at = at + 1
    else this.fail()
  }

  /** Reads the rest of a text, with the quote that ends it. */
  text(): void {
    this.until(QUOTE)
  }

  /** Reads the rest of a text; answers its slot in `symbols`, -1 for a symbol that nobody asked for. */
  symbol(symbols: Symbols): number {
    this.until(QUOTE)
    return symbols.resolve(this.bytes, this.start, this.stop)
  }

  /** Reads an integer of at most 15 digits without a sign; not to be used where there is none. */
  integer(): number {
    const { at: start, bytes } = this
    const view = this.#view
    let at = start
    let value = 0
    let word = view.getInt32(at, true) ^ ZEROS
    let other = notDigits(word)
    while (other === 0) {
      value = value * 10_000 + fourDigits(word)
      at += WORD
      word = view.getInt32(at, true) ^ ZEROS
      other = notDigits(word)
    }
    const more = lowestByte(other)
    at += more
    const count = at - start
    const isLed = count > 1 && bytes[start] === ZERO
    this.at = at
    if (count === 0 || count > EXACT_DIGITS || isLed) this.fail()
    return value * (POW10[more] ?? 0) + fourDigits(movedUp(word, more))
  }

  /** Reads an integer of at most 15 digits. */
  signed(): number {
    if (this.bytes[this.at] !== MINUS) return this.integer()
    this.at++
    return 0 - this.integer()
  }

  /** Reads a time in ms; answers µs. */
  micros(): number {
    const ms = this.integer()
    if (ms > MILLIS_LIMIT) this.fail()
    return ms * 1_000
  }

  /** Reads `true` or `false`. */
  boolean(): boolean {
    const isTrue = this.next(TRUE)
    if (!isTrue) this.expect(FALSE)
    return isTrue
  }

  /**
   * Reads a decimal of at most 15 digits, without sign and exponent, into `mantissas[index]` and `decimals[index]`: without the trailing
   * zeros of its fraction, as the strict reader gives it.
   */
  decimal(mantissas: Float64Array, decimals: Uint8Array, index: number): void {
    this.at = this.#decimalAt(this.at, mantissas, decimals, index)
  }

  /** Passes over a decimal as `decimal` reads it. */
  skipNumber(): void {
    this.decimal(this.#passed, this.#passedDecimals, 0)
  }

  /** Reads `[["7403.89","0.002"]]` into the level columns; answers how many levels. */
  levels(out: Columns): number {
    return this.#levels(out, undefined)
  }

  /** Reads `[["8477","415","0","13"]]` into the level columns, of each level the first two texts. */
  longLevels(out: Columns): number {
    return this.#levels(out, ORDERS)
  }

  /** The place is kept in a variable meanwhile, and the few bytes between the numbers are compared as one. */
  #levels(out: Columns, rest: Fixed | undefined): number {
    const view = this.#view
    const first = out.levels
    if (this.next(NO_LEVELS)) return 0
    this.expect(LEVELS)
    let { at } = this
    for (;;) {
      out.reserve()
      const level = out.levels++
      at = this.#decimalAt(at, out.prices, out.priceDecimals, level)
      if ((view.getInt32(at, true) & THREE) !== SIZE) break
      at = this.#decimalAt(at + 3, out.sizes, out.sizeDecimals, level)
      if (rest !== undefined) at = this.#restAt(at, rest)
      const word = view.getInt32(at, true)
      if ((word & THREE) === LEVELS_END) {
        this.at = at + 3
        return out.levels - first
      }
      if (word !== NEXT_LEVEL || this.bytes[at + WORD] !== QUOTE) break
      at += WORD + 1
    }
    this.fail()
    return 0
  }

  #restAt(at: number, rest: Fixed): number {
    this.at = at
    this.expect(rest)
    this.integer()
    return this.at
  }

  /**
   * `decimal` at a place; answers the place behind it. How long the parts of a number are changes from one to the next: a branch on that
   * would cost more than all the rest, so digits are moved to where they belong by shifts.
   */
  #decimalAt(start: number, mantissas: Float64Array, decimals: Uint8Array, index: number): number {
    const view = this.#view
    let at = start
    let word = view.getInt32(at, true) ^ ZEROS
    let other = notDigits(word)
    let whole = 0
    if (other === 0) {
      whole = fourDigits(word)
      at += WORD
      word = view.getInt32(at, true) ^ ZEROS
      other = notDigits(word)
      if (other === 0) return this.#longDecimalAt(start, mantissas, decimals, index)
    }
    const more = lowestByte(other)
    whole = Math.imul(whole, SMALL_POW10[more] ?? 0) + fourDigits(movedUp(word, more))
    at += more
    // Neither without a digit nor with a zero before others.
    if (!(whole >= (LEAST[at - start] ?? Infinity))) return this.#end + 1
    mantissas[index] = whole
    decimals[index] = 0
    return this.bytes[at] === POINT ? this.#fractionAt(at + 1, mantissas, decimals, index) : at
  }

  /** The fraction of the decimal whose whole part is in its place. */
  #fractionAt(start: number, mantissas: Float64Array, decimals: Uint8Array, index: number): number {
    const view = this.#view
    const high = view.getInt32(start, true) ^ ZEROS
    const other = notDigits(high)
    const whole = mantissas[index] ?? 0
    if (other !== 0) {
      const count = lowestByte(other)
      const digits = high & (LOW_BYTES[count] ?? 0)
      const kept = highestByte(digits)
      mantissas[index] = whole * (POW10[kept] ?? Number.NaN) + fourDigits(movedUp(digits, kept))
      decimals[index] = kept
      return count === 0 ? this.#end + 1 : start + count
    }
    const low = view.getInt32(start + WORD, true) ^ ZEROS
    const lowOther = notDigits(low)
    const count = lowOther === 0 ? WORD : lowestByte(lowOther)
    const end = start + WORD + count
    if (isDigit(this.bytes[end] ?? 0)) return this.#longFractionAt(start, mantissas, decimals, index)
    const digits = low & (LOW_BYTES[count] ?? 0)
    const keptLow = highestByte(digits)
    const keptHigh = highestByte(high)
    const isLow = (keptLow + WORD - 1) >> 2
    const kept = keptHigh + ((keptLow + WORD - keptHigh) & -isLow)
    const fraction = (Math.imul(fourDigits(high), 10_000) + fourDigits(digits)) | 0
    mantissas[index] = whole * (POW10[kept] ?? Number.NaN) + fraction / (POW10[2 * WORD - kept] ?? Number.NaN)
    decimals[index] = kept
    return end
  }

  /** `decimal` at a place, with more than seven digits before the point. */
  #longDecimalAt(start: number, mantissas: Float64Array, decimals: Uint8Array, index: number): number {
    const { bytes } = this
    let at = start
    let whole = 0
    while (isDigit(bytes[at] ?? 0)) whole = whole * 10 + (bytes[at++] ?? 0) - ZERO
    if (bytes[start] === ZERO || at - start > EXACT_DIGITS) return this.#end + 1
    mantissas[index] = whole
    decimals[index] = 0
    return bytes[at] === POINT ? this.#longFractionAt(at + 1, mantissas, decimals, index) : at
  }

  /** The fraction of the decimal whose whole part is in its place, digit by digit. */
  #longFractionAt(start: number, mantissas: Float64Array, decimals: Uint8Array, index: number): number {
    const { bytes } = this
    const whole = mantissas[index] ?? 0
    let at = start
    let value = whole
    let kept = 0
    for (; isDigit(bytes[at] ?? 0); at++) {
      value = value * 10 + (bytes[at] ?? 0) - ZERO
      if (bytes[at] === ZERO) continue
      mantissas[index] = value
      kept = at + 1 - start
    }
    decimals[index] = kept
    const isExact = kept < EXACT_DIGITS && whole < (POW10[EXACT_DIGITS - kept] ?? 0)
    return at === start || !isExact ? this.#end + 1 : at
  }

  #grow(length: number): void {
    this.bytes = new Uint8Array(2 * length)
    this.#view = new DataView(this.bytes.buffer)
  }
}

const TRUE = fixed('true')
const FALSE = fixed('false')
const NO_LEVELS = fixed('[]')
const LEVELS = fixed('[["')
const ORDERS = fixed('","0","')
const THREE = 0xffffff
/** `","` */
const SIZE = 0x222c22
/** `"]]` */
const LEVELS_END = 0x5d5d22
/** `"],[` */
const NEXT_LEVEL = 0x5b2c5d22
const QUOTES = QUOTE * EACH

/** Sets the high bit of the lowest byte of `word` that is zero; bytes above it may be wrong. */
const zeroBytes = (word: number): number => (word - EACH) & ~word

/** The same for a byte below a blank: a control character. */
const belowBlanks = (word: number): number => (word - BLANKS) & ~word

/** Which byte the lowest bit of `bits` is in. */
const lowestByte = (bits: number): number => (31 - Math.clz32(bits & -bits)) >> 3

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9

/** Of four digits, from which zeros were taken away: the high bits of the bytes that were none. */
const notDigits = (word: number): number => ((word + OVER_NINE) | word) & HIGH_BITS

/** The lowest `count` bytes of `word` moved to its top, zeros below them. */
const movedUp = (word: number, count: number): number => (word << (31 - 8 * count)) << 1

/** How many bytes of `word` there are up to the highest that is not zero. */
const highestByte = (word: number): number => (39 - Math.clz32(word)) >> 3

/** Four digits as a number: pairs of digits first, then the pair of pairs. */
function fourDigits(word: number): number {
  const pairs = (word * 10 + (word >>> 8)) & 0x00ff00ff
  return (pairs * 100 + (pairs >>> 16)) & 0xffff
}
