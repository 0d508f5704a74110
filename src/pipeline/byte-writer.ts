const MINUS = 45
const ZERO = 48
const POINT = 46
const HALF = 100_000_000

/**
 * Text as bytes in one growing buffer, written without intermediate strings: what a record is made in. `bytes.subarray(0, length)`
 * is the text so far, good until the next `reset`.
 */
export class ByteWriter {
  bytes: Uint8Array
  length = 0

  constructor(capacity = 64 * 1024) {
    this.bytes = new Uint8Array(capacity)
  }

  reset(): void {
    this.length = 0
  }

  /** Copies ready bytes. */
  put(text: Uint8Array): void {
    this.#reserve(text.length)
    this.bytes.set(text, this.length)
    this.length += text.length
  }

  /** Copies `from.subarray(start, end)` without making the view; for the few bytes of an id. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    for (let at = start; at < end; at++) this.bytes[this.length++] = from[at] ?? 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.bytes[this.length++] = value
  }

  /** Short ASCII text; anything else must come as ready bytes. */
  ascii(text: string): void {
    this.#reserve(text.length)
    for (let at = 0; at < text.length; at++) this.bytes[this.length++] = text.charCodeAt(at)
  }

  /** A safe integer, or `null` for NaN. */
  integer(value: number): void {
    if (Number.isNaN(value)) {
      this.ascii('null')
      return
    }
    this.#reserve(20)
    if (value < 0) {
      this.bytes[this.length++] = MINUS
      this.#digits(-value)
    } else this.#digits(value)
  }

  /** `mantissa / 10^decimals` in plain notation, without trailing zeros. */
  decimal(mantissa: number | bigint, decimals: number): void {
    if (typeof mantissa === 'bigint') {
      this.#bigDecimal(mantissa, decimals)
      return
    }
    this.#reserve(48)
    let value = mantissa
    if (value < 0) {
      this.bytes[this.length++] = MINUS
      value = -value
    }
    const start = this.length
    this.#digits(value)
    if (decimals === 0) return
    this.#point(start, decimals)
  }

  /** Puts the point `decimals` digits from the end of the digits that begin at `start`, and drops trailing zeros. */
  #point(start: number, decimals: number): void {
    const { bytes } = this
    const missing = decimals + 1 - (this.length - start)
    if (missing > 0) {
      bytes.copyWithin(start + missing, start, this.length)
      bytes.fill(ZERO, start, start + missing)
      this.length += missing
    }
    const point = this.length - decimals
    let end = this.length
    while (end > point && bytes[end - 1] === ZERO) end--
    if (end === point) {
      this.length = point
      return
    }
    bytes.copyWithin(point + 1, point, end)
    bytes[point] = POINT
    this.length = end + 1
  }

  #bigDecimal(mantissa: bigint, decimals: number): void {
    this.#reserve(64)
    const start = this.length
    this.ascii(mantissa.toString())
    if (decimals > 0) this.#point(start, decimals)
  }

  /** Digits of a whole number: two halves of 8 digits, because 32-bit division is several times faster than a double's. */
  #digits(value: number): void {
    if (value < HALF) {
      this.#small(value | 0, 0)
      return
    }
    const high = Math.floor(value / HALF)
    this.#digits(high)
    this.#small((value - high * HALF) | 0, 8)
  }

  #small(value: number, width: number): void {
    let rest = value
    let count = 1
    for (let bound = 10; count < 8 && rest >= bound; bound *= 10) count++
    const digits = Math.max(count, width)
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0
      this.bytes[at] = ZERO + rest - next * 10
      rest = next
    }
    this.length += digits
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
  }
}
