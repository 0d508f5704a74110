import { isUtf8 } from 'node:buffer'

/** First byte of a text message in one frame: FIN, no extension, opcode 1. RFC 6455, section 5.2. */
const WHOLE_TEXT = 0x81
const PING = 0x89
const PONG = 0x8a
const CLOSE = 0x88
const FIN = 0x80
/** This bit marks opcodes of control frames, which may come between fragments. */
const CONTROL = 0x08
/** Second byte: the length in 7 bits; these two say that it follows in 2 or 8 bytes. Above them it has the bit of a mask, which no server sends: nothing that follows is a frame. */
const LENGTH_IN_2 = 126
const LENGTH_IN_8 = 127
const HEAD_BYTES = 2
const HEAD_BYTES_2 = 4
const HEAD_BYTES_8 = 10
/** A control frame has no more. */
const CONTROL_LIMIT_BYTES = 125
/** Longer messages are rare. */
const TEXT_LIMIT_BYTES = 65_535

/** Where bytes go. */
export interface TapLinks {
  /** The payload of a whole text message. As the rest it is only good during the call. */
  readonly onText: (bytes: Uint8Array) => void
  /** Bytes for whoever speaks the whole protocol, in their order. */
  readonly onRest: (bytes: Buffer) => void
}

/**
 * Takes what venues send a thousand times a second, text in one frame, out of what a socket has read. Whoever speaks the whole protocol, and
 * spends more on each than decoding does, gets all else: control frames, fragments, what is above the limits, and whatever is against
 * the protocol. It gets whole frames, so that it misses nothing it has to know; and it gets all that follows in the same read, since
 * it may refuse what it got, and tells that only before the next.
 */
export class FrameTap {
  readonly #limitBytes: number
  readonly #links: TapLinks
  /** Bytes of the frame in hand that are still to come; they are not ours. */
  #owedBytes = 0
  /** A text that is ours and not whole: the length of its frame, 0 where there is none, and how much of it is there. */
  #partLength = 0
  #partBytes = 0
  /** Where it is put together. */
  #part = Buffer.alloc(0)
  /** The begin of a frame whose length is not known yet. */
  #head: Buffer | undefined
  /** Between the first and the last fragment of a message; whole text is against the protocol there. */
  #isFragmented = false
  #isLeaving = false
  /** From here on nothing is ours. */
  #isOff = false
  /** Of the frame in hand: where its payload begins, and its length. */
  #start = 0
  #length = 0

  constructor(limitBytes: number, links: TapLinks) {
    this.#limitBytes = Math.min(limitBytes, TEXT_LIMIT_BYTES)
    this.#links = links
  }

  /** Takes nothing from here on, and leaves all. */
  off(): void {
    this.#isOff = true
  }

  /** Takes what was read. The bytes need only be good during the call. */
  take(read: Buffer): void {
    this.#isLeaving = this.#owedBytes > 0
    const bytes = this.#head === undefined ? read : Buffer.concat([this.#head, read])
    this.#head = undefined
    let at = this.#partLength === 0 ? this.#leave(bytes, 0, this.#owedBytes) : this.#fill(bytes)
    while (at < bytes.length) {
      if (this.#isOff) {
        this.#links.onRest(bytes.subarray(at))
        return
      }
      if (!this.#readHead(bytes, at)) {
        this.#head = Buffer.from(bytes.subarray(at))
        return
      }
      const end = this.#start + this.#length
      const isOurs = bytes[at] === WHOLE_TEXT && this.#length <= this.#limitBytes && !this.#isFragmented
      if (!isOurs || this.#isLeaving) at = this.#follow(bytes, at, end)
      else if (end > bytes.length) at = this.#begin(bytes, at, end)
      else at = this.#text(bytes, at, end)
    }
  }

  /** Takes a text that is there. What is not UTF-8 is to be refused, by who can tell the peer. */
  #text(bytes: Buffer, at: number, end: number): number {
    const payload = bytes.subarray(this.#start, end)
    if (!isUtf8(payload)) return this.#follow(bytes, at, end)
    this.#links.onText(payload)
    return end
  }

  /** Begins a text whose end is still to come. */
  #begin(bytes: Buffer, at: number, end: number): number {
    this.#partLength = end - at
    if (this.#partLength > this.#part.length) this.#part = Buffer.allocUnsafeSlow(this.#partLength)
    this.#partBytes = bytes.copy(this.#part, 0, at)
    this.#start -= at
    return bytes.length
  }

  #fill(bytes: Buffer): number {
    const copied = bytes.copy(this.#part, this.#partBytes, 0, this.#partLength - this.#partBytes)
    this.#partBytes += copied
    const length = this.#partLength
    if (this.#partBytes < length) return copied
    this.#partLength = 0
    this.#text(this.#part, 0, length)
    return copied
  }

  /** Leaves the frame from `at` to `end`, and notes of it what matters for those that follow. */
  #follow(bytes: Buffer, at: number, end: number): number {
    const first = bytes[at] ?? 0
    // What follows a close frame is no message.
    if (first === CLOSE) this.#isOff = true
    if ((first & CONTROL) === 0) this.#isFragmented = (first & FIN) === 0
    if ((first !== PING && first !== PONG) || this.#length > CONTROL_LIMIT_BYTES) this.#isLeaving = true
    return this.#leave(bytes, at, end - at)
  }

  /** Hands on `count` bytes from `at`, or as many of them as there are; answers the place behind them. */
  #leave(bytes: Buffer, at: number, count: number): number {
    if (count === 0) return at
    const end = Math.min(bytes.length, at + count)
    this.#owedBytes = at + count - end
    this.#links.onRest(bytes.subarray(at, end))
    return end
  }

  /** Reads where the payload of the frame at `at` begins, and its length; false when that is still to come. */
  #readHead(bytes: Buffer, at: number): boolean {
    const second = bytes[at + 1]
    if (second === undefined) return false
    let head = HEAD_BYTES
    this.#length = second
    if (second === LENGTH_IN_2) {
      head = HEAD_BYTES_2
      if (at + head > bytes.length) return false
      this.#length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    } else if (second === LENGTH_IN_8) {
      head = HEAD_BYTES_8
      if (at + head > bytes.length) return false
      this.#length = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
    } else if (second > LENGTH_IN_8) this.#length = Infinity
    this.#start = at + head
    return true
  }
}
