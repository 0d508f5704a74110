const NEWLINE = 10
/** Ends what names a stream in a record, see src/core/record.ts. */
const SEQ = new TextEncoder().encode('"seq":')
const DIGIT_0 = 48
const DIGIT_9 = 57
const decoder = new TextDecoder('latin1')

/** Checks that the numbers of each stream grow by one: a hole would be a loss after the collector. */
export class SequenceCheck {
  readonly #last = new Map<string, number>()
  records = 0

  /** Streams that were seen: type, exchange, market type, symbol, and run of the collector. */
  get streams(): number {
    return this.#last.size
  }

  /** Takes whole lines of records. Answers what is wrong with them. */
  *take(batches: Iterable<Uint8Array>): Generator<string> {
    for (const records of batches) {
      for (let at = 0; at < records.length;) {
        const newline = records.indexOf(NEWLINE, at)
        const end = newline === -1 ? records.length : newline + 1
        const fault = this.#line(Buffer.from(records.buffer, records.byteOffset + at, end - at))
        if (fault !== undefined) yield fault
        at = end
      }
    }
  }

  #line(line: Buffer): string | undefined {
    this.records++
    const at = line.indexOf(SEQ)
    if (at === -1) return `a record without seq: ${decoder.decode(line).slice(0, 120)}`
    const stream = decoder.decode(line.subarray(0, at))
    let seq = 0
    for (let digit = at + SEQ.length; isDigit(line[digit]); digit++) {
      seq = seq * 10 + (line[digit] ?? DIGIT_0) - DIGIT_0
    }
    const last = this.#last.get(stream)
    this.#last.set(stream, seq)
    // The oldest segments may be gone: a stream begins where it is met first.
    if (last === undefined || seq === last + 1) return undefined
    return `seq ${seq} after ${last} in ${stream}`
  }
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9
