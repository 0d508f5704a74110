import type { Rate } from '../venues/venue.ts'

/** A venue counts when it hears of a socket, which name lookup and handshake put off, one socket's more than the next one's. */
const LATE_US = 500_000

/**
 * Spaces the sockets that an address opens, within the venue's limit: at most `count` reach it in any stretch of `perMs`, unless one is
 * half a second later on its way than another: whoever waits longer than to its turn comes at another's. A turn is taken by asking for it.
 * Times are steady µs.
 */
export class Connects {
  readonly #perUs: number
  readonly #turns: Float64Array
  #at = 0
  #notBeforeUs = Number.NEGATIVE_INFINITY

  constructor(rate: Rate) {
    this.#perUs = rate.perMs * 1_000 + LATE_US
    this.#turns = new Float64Array(Math.max(1, Math.floor(rate.count))).fill(Number.NEGATIVE_INFINITY)
  }

  /** Takes the next turn: the time at which the socket may be opened, `nowUs` or later. */
  turnUs(nowUs: number): number {
    const oldestUs = this.#turns[this.#at] ?? Number.NEGATIVE_INFINITY
    const turnUs = Math.max(nowUs, oldestUs + this.#perUs, this.#notBeforeUs)
    this.#turns[this.#at] = turnUs
    this.#at = (this.#at + 1) % this.#turns.length
    return turnUs
  }

  /** The venue wants no sockets before then: turns that are asked for later come after it. */
  holdUntil(us: number): void {
    this.#notBeforeUs = Math.max(this.#notBeforeUs, us)
  }
}
