import type { Rate } from '../venues/venue.ts'

/** Requests that may wait for their turn on one socket; with one a key and a thousand keys it is far away. */
export const OUTBOX_LIMIT = 4_096

/**
 * Requests of one socket that wait to be sent within the venue's limit. One place of each window is kept for what cannot wait:
 * proof of life. Times are steady µs.
 */
export class Outbox {
  readonly #waiting: string[] = []
  readonly #perUs: number
  readonly #sent: Float64Array
  #at = 0

  constructor(rate: Rate) {
    this.#perUs = rate.perMs * 1_000
    this.#sent = new Float64Array(Math.max(1, Math.floor(rate.count) - 1)).fill(Number.NEGATIVE_INFINITY)
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Puts a request at the end. Answers false when there are too many. */
  push(text: string): boolean {
    if (this.#waiting.length >= OUTBOX_LIMIT) return false
    this.#waiting.push(text)
    return true
  }

  /** When the next one may go: `Infinity` when nothing waits. */
  dueUs(): number {
    if (this.#waiting.length === 0) return Infinity
    return (this.#sent[this.#at] ?? Number.NEGATIVE_INFINITY) + this.#perUs
  }

  /** The next request when its turn has come. */
  take(nowUs: number): string | undefined {
    if (this.dueUs() > nowUs) return undefined
    this.#sent[this.#at] = nowUs
    this.#at = (this.#at + 1) % this.#sent.length
    return this.#waiting.shift()
  }

  /** Forgets everything: the socket is another. */
  clear(): void {
    this.#waiting.length = 0
    this.#sent.fill(Number.NEGATIVE_INFINITY)
    this.#at = 0
  }
}
