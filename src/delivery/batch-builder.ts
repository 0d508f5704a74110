import { recordTypeAt } from '../core/record.ts'
import type { Tally } from '../journal/tally.ts'
import { Sha256 } from '../runtime/sha256.ts'
import type { Batching, RecordBatch } from '../sinks/sink.ts'

const NEWLINE = 10
/** Lines that the columns have room for at first; they grow. */
const LINES = 1_024

/** Puts batches of the journal together for a sink. One builder a sink: its memory is used again and again. */
export class BatchBuilder implements RecordBatch {
  bytes = new Uint8Array()
  starts = new Uint32Array(LINES + 1)
  types = new Uint8Array(LINES)
  count = 0
  readonly #limits: Pick<Batching, 'limitBytes' | 'limitRecords'>
  #buffer = new Uint8Array()
  #token: string | undefined

  constructor(limits: Pick<Batching, 'limitBytes' | 'limitRecords'>) {
    this.#limits = limits
  }

  get isFull(): boolean {
    return this.count >= this.#limits.limitRecords || this.bytes.length >= this.#limits.limitBytes
  }

  /** SHA-256 of the records: two journals never have the same, however alike their places are. */
  get token(): string {
    if (this.#token === undefined) {
      const hash = new Sha256()
      hash.add(this.bytes)
      this.#token = hash.text()
    }
    return this.#token
  }

  clear(): void {
    this.bytes = this.#buffer.subarray(0, 0)
    this.count = 0
    this.#token = undefined
  }

  /** Takes the records of one batch of the journal, and counts them in `seen`. */
  add(records: Uint8Array, seen: Tally): void {
    const from = this.bytes.length
    const end = from + records.length
    if (end > this.#buffer.length) this.#grow(end)
    this.#buffer.set(records, from)
    this.bytes = this.#buffer.subarray(0, end)
    for (let at = from; at < end;) {
      if (this.count === this.types.length) this.#growLines()
      const type = recordTypeAt(this.bytes, at)
      this.starts[this.count] = at
      this.types[this.count] = type
      this.count++
      seen.count(type)
      const newline = this.bytes.indexOf(NEWLINE, at)
      at = newline === -1 ? end : newline + 1
    }
    this.starts[this.count] = end
  }

  /** To what a sink asks for and one batch of the journal, at once: it would come to that anyway. */
  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, Math.min(this.#limits.limitBytes * 2, bytes * 2)))
    grown.set(this.bytes)
    this.#buffer = grown
  }

  #growLines(): void {
    const starts = new Uint32Array(this.types.length * 2 + 1)
    starts.set(this.starts)
    const types = new Uint8Array(this.types.length * 2)
    types.set(this.types)
    this.starts = starts
    this.types = types
  }
}
