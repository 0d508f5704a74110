import type { ReadFile } from '../runtime/runtime.ts'
import { BATCH_BEGIN, type BatchHeader, HEADER_BYTES, isSound, readHeader } from './format.ts'

/** Read from the file at a time; grows to the largest batch. */
const READ_BYTES = 1024 * 1024

/** What stands at a place of a segment. */
export type Found =
  | {
      readonly kind: 'batch'
      readonly at: number
      readonly end: number
      readonly header: BatchHeader
      /** Its records; good until the next call. */
      readonly records: Uint8Array
    }
  /** Bytes that are no batch, with a sound batch after them: the disk has lost or changed them. */
  | { readonly kind: 'damaged'; readonly at: number; readonly end: number }
  /** Nothing whole: the end of the file, a batch that is being written, or one that never was written to its end. */
  | { readonly kind: 'end'; readonly at: number }

/** Walks the batches of one segment from `at` on, and believes only those whose checksum agrees. */
export class BatchScanner {
  readonly #file: ReadFile
  #buffer = new Uint8Array(READ_BYTES)
  /** Where in the file the buffer begins, and how much of it holds bytes. */
  #bufferAt = 0
  #filled = 0
  /** Where the next call looks. */
  at: number

  constructor(file: ReadFile, at = 0) {
    this.#file = file
    this.at = at
  }

  /** What comes next. After `end` the same place is looked at again. */
  next(): Found {
    const at = this.at
    const found = this.#batch(at)
    if (found !== undefined) return this.#pass(found)
    const next = this.#search(at + 1)
    // What was read of this place may be half of a batch: of one that has come meanwhile, or of one that was taken back.
    this.#filled = 0
    if (next === undefined) return { kind: 'end', at }
    const late = this.#batch(at)
    return this.#pass(late ?? { kind: 'damaged', at, end: next })
  }

  #pass(found: Exclude<Found, { kind: 'end' }>): Found {
    this.at = found.end
    return found
  }

  #batch(at: number): Extract<Found, { kind: 'batch' }> | undefined {
    const headerAt = this.#load(at, HEADER_BYTES)
    if (headerAt === undefined) return undefined
    const header = readHeader(this.#buffer, headerAt)
    if (header === undefined) return undefined
    const bytes = HEADER_BYTES + header.bytes
    const from = this.#load(at, bytes)
    if (from === undefined || !isSound(this.#buffer, from, header)) return undefined
    const records = this.#buffer.subarray(from + HEADER_BYTES, from + bytes)
    return { kind: 'batch', at, end: at + bytes, header, records }
  }

  /** The first sound batch at or after `from`. */
  #search(from: number): number | undefined {
    const sizeBytes = this.#file.sizeBytes()
    for (let at = from; at + HEADER_BYTES <= sizeBytes;) {
      const loaded = this.#load(at, HEADER_BYTES)
      if (loaded === undefined) return undefined
      const bytes = Buffer.from(this.#buffer.buffer, 0, this.#filled)
      const found = bytes.indexOf(BATCH_BEGIN, loaded)
      if (found === -1) {
        // The beginning of a batch may lie across the end of what was read.
        at = Math.max(at + 1, this.#bufferAt + this.#filled - BATCH_BEGIN.length + 1)
        continue
      }
      const candidate = this.#bufferAt + found
      if (this.#batch(candidate) !== undefined) return candidate
      at = candidate + 1
    }
    return undefined
  }

  /** Brings `length` bytes from `at` on into the buffer; answers where in it they begin, `undefined` where the file is shorter. */
  #load(at: number, length: number): number | undefined {
    const inside = at - this.#bufferAt
    if (inside >= 0 && inside + length <= this.#filled) return inside
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length)
    this.#bufferAt = at
    this.#filled = this.#file.read(this.#buffer, at)
    return this.#filled >= length ? 0 : undefined
  }
}
