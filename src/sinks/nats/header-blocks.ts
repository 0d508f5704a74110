import type { IdRange } from './subjects.ts'

const PREFIX = new TextEncoder().encode('NATS/1.0\r\nNats-Msg-Id: ')
const SUFFIX = new TextEncoder().encode('\r\n\r\n')
/** Header blocks made in one piece of memory; the client holds on to a few hundred until it has copied them. */
const PIECE_BYTES = 65_536

/** Header blocks with a `Nats-Msg-Id`, by which the server drops what comes twice. An own piece of memory for each would cost more. */
export class HeaderBlocks {
  #piece = new Uint8Array()
  #used = 0

  /** The block for the id that stands at `range` of `bytes`; it stays as it is. */
  of(bytes: Uint8Array, { start, end }: IdRange): Uint8Array {
    const size = PREFIX.length + end - start + SUFFIX.length
    if (this.#used + size > this.#piece.length) {
      this.#piece = new Uint8Array(Math.max(PIECE_BYTES, size))
      this.#used = 0
    }
    const from = this.#used
    this.#piece.set(PREFIX, from)
    let at = from + PREFIX.length
    for (let byte = start; byte < end; byte++) this.#piece[at++] = bytes[byte] ?? 0
    this.#piece.set(SUFFIX, at)
    this.#used = from + size
    return this.#piece.subarray(from, from + size)
  }
}
