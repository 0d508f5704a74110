import { type DecodeCode, DecodeError } from '../core/errors.ts'
import type { Keys } from './keys.ts'
import { isDigit, readDecimal, readInteger, skipNumber } from './numbers.ts'
import type { Symbols } from './symbols.ts'

/** `key()` answers this for a key that is not in the list, and `END` at the end of the object. */
export const OTHER = -1
export const END = -2

/** Nesting a frame may have: the deepest real one has 6. */
export const DEPTH_LIMIT = 32

const QUOTE = 34
const COMMA = 44
const COLON = 58
const BACKSLASH = 92

/**
 * A strict JSON reader that walks the bytes of a frame where they lie: no tree, no strings, no garbage. It refuses what is not
 * JSON, what is nested deeper than `DEPTH_LIMIT`, a listed key that stands twice, and numbers that it could not give exactly.
 *
 *     cursor.object()
 *     for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
 *       if (key === PRICE) cursor.decimalText()      // the value is in cursor.mantissa, cursor.decimals
 *       else cursor.skip()
 *     }
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  /** The last decimal: `mantissa / 10^decimals`; a mantissa over 2^53 is `Infinity` here and exact in `big`. */
  mantissa = 0
  decimals = 0
  big: bigint | undefined
  /** The last text: bytes `start` to `stop`, without the quotes; `escaped` when it has backslashes. */
  start = 0
  stop = 0
  escaped = false
  /** Which listed keys the object that ended last had: bits in the order of its `Keys`. */
  closed = 0
  #depth = 0
  #first = false
  readonly #seen = new Int32Array(DEPTH_LIMIT + 1)

  /** Begins at the start of `bytes`. */
  load(bytes: Uint8Array): void {
    this.bytes = bytes
    this.at = 0
    this.end = bytes.length
    this.#depth = 0
    this.#first = false
  }

  /** Goes back to a value whose place was kept: `const place = cursor.at; cursor.skip(); …; cursor.seek(place)`. */
  seek(at: number): void {
    this.at = at
    this.#first = false
  }

  /** The next byte that is not white space; 0 at the end. */
  peek(): number {
    for (;;) {
      const byte = this.bytes[this.at] ?? 0
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return byte
      this.at++
    }
  }

  object(): void {
    this.#open(123, 'an object')
    this.#seen[this.#depth] = 0
  }

  array(): void {
    this.#open(91, 'an array')
  }

  /** The next key of the object: its index in `keys`, `OTHER`, or `END`. Its value comes next. */
  key(keys: Keys<string>): number {
    if (this.peek() === 125) {
      this.closed = this.#seen[this.#depth] ?? 0
      this.#close()
      return END
    }
    this.#comma()
    this.text()
    this.#expect(COLON, "':'")
    if (this.escaped) return OTHER
    const index = keys.find(this.bytes, this.start, this.stop)
    if (index !== OTHER) this.#mark(index, keys)
    return index
  }

  /** True when the array has another value, which comes next. */
  item(): boolean {
    if (this.peek() === 93) {
      this.#close()
      return false
    }
    this.#comma()
    return true
  }

  /** Reads past `null` and answers true; answers false and stays for anything else. */
  isNull(): boolean {
    if (this.peek() !== 110) return false
    this.#literal('null')
    return true
  }

  boolean(): boolean {
    const yes = this.peek() === 116
    if (!yes && this.peek() !== 102) this.fail('wrong_type', 'true or false expected')
    this.#literal(yes ? 'true' : 'false')
    return yes
  }

  /** Reads a string; its bytes are `start` to `stop`. */
  text(): void {
    if (this.peek() !== QUOTE) this.fail('wrong_type', 'a string expected')
    const { bytes } = this
    let at = this.at + 1
    this.start = at
    this.escaped = false
    for (;;) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) break
      if (byte === BACKSLASH) {
        this.escaped = true
        at = this.#escape(at + 1)
      } else if (byte < 32) {
        this.at = at
        this.fail('syntax', 'a control character in a string')
      } else at++
    }
    this.stop = at
    this.at = at + 1
  }

  /** The string that comes next, unescaped. Makes garbage: for what is rare. */
  string(): string {
    this.text()
    return this.lastString()
  }

  /** The text read last as a string. */
  lastString(): string {
    const raw = new TextDecoder().decode(this.bytes.subarray(this.start, this.stop))
    if (!this.escaped) return raw
    const unescaped: unknown = JSON.parse(`"${raw}"`)
    return String(unescaped)
  }

  /** True when the text read last is `word`. */
  is(word: string): boolean {
    if (this.stop - this.start !== word.length) return false
    for (let at = 0; at < word.length; at++) {
      if (this.bytes[this.start + at] !== word.charCodeAt(at)) return false
    }
    return true
  }

  /** True when the text read last begins with `word`. */
  startsWith(word: string): boolean {
    if (this.stop - this.start < word.length) return false
    for (let at = 0; at < word.length; at++) {
      if (this.bytes[this.start + at] !== word.charCodeAt(at)) return false
    }
    return true
  }

  /** Reads a string and answers its slot in `symbols`; -1 for a symbol that nobody asked for. */
  symbol(symbols: Symbols): number {
    this.text()
    if (!this.escaped) return symbols.resolve(this.bytes, this.start, this.stop)
    const bytes = new TextEncoder().encode(this.lastString())
    return symbols.resolve(bytes, 0, bytes.length)
  }

  /** Reads a JSON number into `mantissa` and `decimals`. */
  decimal(): void {
    this.peek()
    readDecimal(this)
  }

  /** Reads a decimal that stands in quotes. */
  decimalText(): void {
    this.#expect(QUOTE, 'a decimal in quotes')
    readDecimal(this)
    if (this.bytes[this.at] !== QUOTE) this.fail('bad_number', 'not a decimal')
    this.at++
  }

  /** Reads a JSON integer that a double holds exactly. */
  integer(): number {
    this.peek()
    return readInteger(this)
  }

  /** Reads an integer that stands in quotes. */
  integerText(): number {
    this.#expect(QUOTE, 'an integer in quotes')
    const value = readInteger(this)
    if (this.bytes[this.at] !== QUOTE) this.fail('bad_number', 'not an integer')
    this.at++
    return value
  }

  /** Reads past one value of any kind, checking that it is JSON. */
  skip(): void {
    const byte = this.peek()
    if (byte === QUOTE) this.text()
    else if (byte === 123) this.#skipObject()
    else if (byte === 91) {
      this.array()
      while (this.item()) this.skip()
    } else if (byte === 116) this.#literal('true')
    else if (byte === 102) this.#literal('false')
    else if (byte === 110) this.#literal('null')
    else skipNumber(this)
  }

  /** Nothing but white space may follow. */
  finish(): void {
    this.peek()
    if (this.at < this.end) this.fail('syntax', 'more than one value')
  }

  /** Refuses the frame here. At the end of the bytes every fault is a cut. */
  fail(code: DecodeCode, message: string): never {
    if (this.at >= this.end) throw new DecodeError('truncated', `frame ends too early: ${message}`, this.at)
    throw new DecodeError(code, message, this.at)
  }

  /** Refuses the object that ended last unless it had all keys of `bits`. */
  require(keys: Keys<string>, bits: number): void {
    const missing = bits & ~this.closed
    if (missing === 0) return
    const names = keys.names.filter((_, index) => (missing & (1 << index)) !== 0)
    throw new DecodeError('missing_field', `missing ${names.join(', ')}`, this.at)
  }

  #open(byte: number, what: string): void {
    if (this.peek() !== byte) this.fail('wrong_type', `${what} expected`)
    if (this.#depth === DEPTH_LIMIT) this.fail('depth', `nested deeper than ${DEPTH_LIMIT}`)
    this.#depth++
    this.at++
    this.#first = true
  }

  #close(): void {
    this.#depth--
    this.at++
    this.#first = false
  }

  #comma(): void {
    if (!this.#first) this.#expect(COMMA, "','")
    this.#first = false
  }

  #expect(byte: number, what: string): void {
    if (this.peek() !== byte) this.fail(byte === QUOTE ? 'wrong_type' : 'syntax', `${what} expected`)
    this.at++
  }

  #mark(index: number, keys: Keys<string>): void {
    const seen = this.#seen[this.#depth] ?? 0
    const bit = 1 << index
    if ((seen & bit) !== 0) this.fail('duplicate_key', `${keys.names[index]} stands twice`)
    this.#seen[this.#depth] = seen | bit
  }

  #skipObject(): void {
    this.object()
    for (;;) {
      if (this.peek() === 125) {
        this.#close()
        return
      }
      this.#comma()
      this.text()
      this.#expect(COLON, "':'")
      this.skip()
    }
  }

  #literal(word: string): void {
    for (let at = 0; at < word.length; at++) {
      if (this.bytes[this.at + at] !== word.charCodeAt(at)) this.fail('syntax', `${word} expected`)
    }
    this.at += word.length
  }

  #escape(at: number): number {
    const byte = this.bytes[at] ?? 0
    if (byte === 117) {
      for (let digit = 1; digit <= 4; digit++) if (!isHex(this.bytes[at + digit] ?? 0)) this.#badEscape(at)
      return at + 5
    }
    if (byte === 0 || !'"\\/bfnrt'.includes(String.fromCharCode(byte))) this.#badEscape(at)
    return at + 1
  }

  #badEscape(at: number): never {
    this.at = at
    return this.fail('syntax', 'a bad escape in a string')
  }
}

const isHex = (byte: number): boolean =>
  isDigit(byte) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
