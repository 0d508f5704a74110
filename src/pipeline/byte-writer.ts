import type { Side } from '../book/side.ts'
import { formatDecimal } from '../core/decimal.ts'
import { type Decimals, kernel } from '../core/kernel.ts'
import type { EpochMicros } from '../core/units.ts'

/** The fields of a record besides its prefix, its id and its levels: their names, and nine numbers. */
const FIELDS_BYTES = 1_024

/**
 * Texts that the kernel has, by number, each of several parts: where its parts are in that memory, one behind the other, and how long they are
 * in all. In columns: where there are thousands, an object for each would be one more thing to wait for.
 */
export class KeptTexts {
  readonly places: Uint32Array
  readonly bytes: Uint32Array

  constructor(texts: readonly (readonly Uint8Array[])[]) {
    this.places = Uint32Array.from(texts, (parts) => kernel().keepTexts(this, parts))
    this.bytes = Uint32Array.from(texts, (parts) => parts.reduce((sum, { length }) => sum + length, 0))
  }
}

/** What a record has that is not in the columns: of a trade this is all. */
export interface ScannedRecord {
  /** Of the record in its stream. */
  readonly number: number
  readonly receiveTimeUs: EpochMicros
}

/** What a record of a change has that is not in the columns. NaN becomes `null`. */
export interface ScannedDelta extends ScannedRecord {
  readonly epoch: number
  readonly knownBids: number
  readonly knownAsks: number
}

/** Fewer bytes are copied faster in a loop than through the call of `set`. */
const SET_LENGTH = 24

/**
 * Text as bytes, written without intermediate strings: what a record is made in. It stands in the kernel's memory, which writes numbers and levels
 * itself: there is one text at a time in a process, good until another writer writes.
 */
export class ByteWriter {
  readonly #kernel = kernel()
  length = 0

  /** What was written since the last `reset`. */
  get text(): Uint8Array {
    return this.#kernel.text.subarray(0, this.length)
  }

  reset(): void {
    this.length = 0
  }

  /** Copies ready bytes. */
  put(text: Uint8Array): void {
    if (text.length < SET_LENGTH) {
      this.copy(text, 0, text.length)
      return
    }
    this.#reserve(text.length)
    this.#kernel.text.set(text, this.length)
    this.length += text.length
  }

  /** Copies `from.subarray(start, end)` without making the view; for the few bytes of an id. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    for (let at = start; at < end; at++) this.#kernel.text[this.length++] = from[at] ?? 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#kernel.text[this.length++] = value
  }

  /** Short ASCII text; anything else must come as ready bytes. */
  ascii(text: string): void {
    this.#reserve(text.length)
    for (let at = 0; at < text.length; at++) this.#kernel.text[this.length++] = text.charCodeAt(at)
  }

  /** A safe integer, or `null` for NaN. */
  integer(value: number): void {
    this.#reserve(this.#kernel.numberTextLimit)
    this.#to(this.#kernel.writeInteger(this.#place, value))
  }

  /** `mantissa / 10^decimals` in plain notation, without trailing zeros. */
  decimal(mantissa: number | bigint, decimals: number): void {
    if (typeof mantissa === 'bigint') {
      this.ascii(formatDecimal(mantissa, decimals))
      return
    }
    this.#reserve(this.#kernel.numberTextLimit)
    this.#to(this.#kernel.writeDecimal(this.#place, mantissa, decimals))
  }

  /** The best `depth` levels of a side, `["7403.89","0.002"],…`; false where a size is beyond 2^53, and nothing is written. */
  side(side: Side, depth: number, decimals: Decimals): boolean {
    const levels = Math.min(depth, side.count)
    this.#reserve(levels * this.#kernel.levelTextLimit)
    const end = side.write(this.#place, levels, decimals)
    if (end === undefined) return false
    this.#to(end)
    return true
  }

  /** Event `at` of the kernel's columns, a change of a book whose last number is known, as a whole record that begins as text `prefix` of `kept`. */
  delta(
    kept: KeptTexts,
    prefix: number,
    at: number,
    { number, receiveTimeUs, epoch, knownBids, knownAsks }: ScannedDelta,
  ): void {
    const { bidCount, askCount } = this.#kernel.columns
    const levels = (bidCount[at] ?? 0) + (askCount[at] ?? 0)
    this.#reserve((kept.bytes[prefix] ?? 0) + FIELDS_BYTES + levels * this.#kernel.levelTextLimit)
    const { writeDelta } = this.#kernel
    const place = kept.places[prefix] ?? 0
    this.#to(writeDelta(this.#place, place, at, number, receiveTimeUs, epoch, knownBids, knownAsks))
  }

  /** Likewise a trade without flags; false where its frame is gone, and nothing is written. */
  trade(kept: KeptTexts, prefix: number, at: number, { number, receiveTimeUs }: ScannedRecord): boolean {
    const { columns, levelTextLimit, writeTrade } = this.#kernel
    const idLength = (columns.idEnd[at] ?? 0) - (columns.idStart[at] ?? 0)
    this.#reserve((kept.bytes[prefix] ?? 0) + FIELDS_BYTES + idLength * 2 + levelTextLimit)
    const end = writeTrade(this.#place, kept.places[prefix] ?? 0, at, number, receiveTimeUs)
    if (end === 0) return false
    this.#to(end)
    return true
  }

  /** Where the next byte goes, in the kernel's memory. */
  get #place(): number {
    return this.#kernel.textPlace + this.length
  }

  /** The kernel has written up to there. */
  #to(place: number): void {
    this.length = (place >>> 0) - this.#kernel.textPlace
  }

  #reserve(more: number): void {
    this.#kernel.reserveText(this.length + more)
  }
}
