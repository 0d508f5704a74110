import { formatDecimal, parseDecimal } from '../core/decimal.ts'
import { DecodeError } from '../core/errors.ts'

/** Significant digits that survive JSON.parse for certain. */
const EXACT_DIGITS = 15

type Key = string | number

/**
 * A strict view of a parsed JSON value that knows where it stands, for what is read seldom: instrument lists and control frames.
 * Every wrong turn is a `DecodeError` that names the path:
 *
 *     reader.at('filters', 0).text('tickSize')      // missing_field: symbols[3].filters[0].tickSize
 *
 * Methods with a key read that member; without one, the value itself. Only own members count, so `__proto__` is a key like another.
 */
export class Reader {
  readonly #value: unknown
  readonly #path: string

  private constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }

  /** Reads a whole body. Throws `DecodeError` (`utf8`, `syntax`). */
  static parse(bytes: Uint8Array): Reader {
    return new Reader(parsed(decoded(bytes)), '')
  }

  /** Where this value stands, as in errors: `symbols[3].filters[0]`; empty for the whole. */
  get path(): string {
    return this.#path
  }

  /** The value under these keys, one after the other. Throws `missing_field`, `wrong_type`. */
  at(...keys: readonly Key[]): Reader {
    return keys.reduce<Reader>((reader, key) => reader.#member(key), this)
  }

  /** Like `at` with one key; `undefined` where it is absent or null. */
  optional(key: Key): Reader | undefined {
    return this.has(key) ? this.#member(key) : undefined
  }

  /** True when the member is there and not null. */
  has(key: Key): boolean {
    const value = this.#own(key)
    return value !== undefined && value !== null
  }

  /** The elements of an array. */
  items(): readonly Reader[] {
    const value = this.#value
    if (!Array.isArray(value)) return this.#wrong('an array')
    return value.map((item: unknown, index) => new Reader(item, `${this.#path}[${index}]`))
  }

  isArray(): boolean {
    return Array.isArray(this.#value)
  }

  isText(): boolean {
    return typeof this.#value === 'string'
  }

  text(key?: Key): string {
    const { value, reader } = this.#read(key)
    return typeof value === 'string' ? value : reader.#wrong('a string')
  }

  /** A string; `undefined` where it is absent or null. */
  optionalText(key: Key): string | undefined {
    return this.optional(key)?.text()
  }

  /** A finite number, as near as a double comes. */
  number(key?: Key): number {
    const { value, reader } = this.#read(key)
    if (typeof value !== 'number') return reader.#wrong('a number')
    return Number.isFinite(value) ? value : reader.#fail('bad_number', 'is no finite number')
  }

  /** An integer that a double holds exactly. */
  integer(key?: Key): number {
    const { reader } = this.#read(key)
    const value = reader.number()
    return Number.isSafeInteger(value) ? value : reader.#fail('bad_number', 'is no integer within 2^53')
  }

  boolean(key?: Key): boolean {
    const { value, reader } = this.#read(key)
    return typeof value === 'boolean' ? value : reader.#wrong('true or false')
  }

  /**
   * A decimal, written as a string or as a number, as exact text in the venue's digits (numbers: plain notation). A number of more
   * than 15 digits is refused: JSON.parse may have rounded it.
   */
  decimal(key?: Key): string {
    const { value, reader } = this.#read(key)
    if (typeof value === 'string') {
      return parseDecimal(value) === undefined ? reader.#fail('bad_number', 'is no decimal') : value
    }
    return plain(reader.number()) ?? reader.#fail('precision', `has more than ${EXACT_DIGITS} digits`)
  }

  #read(key: Key | undefined): { readonly value: unknown; readonly reader: Reader } {
    const reader = key === undefined ? this : this.#member(key)
    return { value: reader.#value, reader }
  }

  #member(key: Key): Reader {
    const value = this.#own(key)
    const path = pathTo(this.#path, key)
    if (value === undefined) throw new DecodeError('missing_field', `missing ${path}`)
    return new Reader(value, path)
  }

  #own(key: Key): unknown {
    const value = this.#value
    if (typeof value !== 'object' || value === null) return this.#wrong('an object or array')
    return Object.getOwnPropertyDescriptor(value, key)?.value
  }

  #wrong(expected: string): never {
    return this.#fail('wrong_type', `is not ${expected}`)
  }

  #fail(code: 'wrong_type' | 'bad_number' | 'precision', fault: string): never {
    throw new DecodeError(code, `${this.#path === '' ? 'the body' : this.#path} ${fault}`)
  }
}

function pathTo(path: string, key: Key): string {
  if (typeof key === 'number') return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) throw new DecodeError('utf8', 'not UTF-8')
    throw cause
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new DecodeError('syntax', 'not JSON')
    throw cause
  }
}

/** Plain notation of a number; `undefined` when it has too many digits to be certain. */
function plain(value: number): string | undefined {
  const text = String(value)
  const digits = text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '')
  if (digits.length > EXACT_DIGITS) return undefined
  const decimal = parseDecimal(text)
  return decimal === undefined ? undefined : formatDecimal(decimal.mantissa, decimal.decimals)
}
