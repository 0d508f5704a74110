import type { Rate } from '../venues/venue.ts'

/** A venue counts when it hears of a socket, which name lookup and handshake put off, one socket's more than the next one's. */
const LATE_US = 500_000

/**
 * Spaces the sockets that an address opens, within the venue's limit: at most `count` reach it in any stretch of `perMs`, unless one is
 * half a second later on its way than another. A turn is taken at the moment of opening and never ahead: a socket that has to wait for
 * something else as well can neither waste one nor come at another's. Who waits comes in no order. Times are steady µs.
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

  /** When the next socket may be opened. Whoever takes that turn, or a hold, moves it later, never earlier. */
  get dueUs(): number {
    return Math.max((this.#turns[this.#at] ?? Number.NEGATIVE_INFINITY) + this.#perUs, this.#notBeforeUs)
  }

  /** Takes the turn for a socket that is opened at once. Answers false when none may be opened yet. */
  take(nowUs: number): boolean {
    if (this.dueUs > nowUs) return false
    this.#turns[this.#at] = nowUs
    this.#at = (this.#at + 1) % this.#turns.length
    return true
  }

  /** The venue wants no sockets before then: none is opened, whoever has waited for how long. */
  holdUntil(us: number): void {
    this.#notBeforeUs = Math.max(this.#notBeforeUs, us)
  }
}
