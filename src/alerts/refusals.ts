/** Forms in which an alert was refused, after which it is given up unless it is critical: the usual one, and twice the plainest. */
const REFUSALS_LIMIT = 3
/** A refused critical alert is tried again as seldom as a robot that has to be mended. */
const REFUSED_RETRY_MS = 600_000
/** Answers in a row that nobody knows the reason of, after which it may be the message: it is set aside, and others are tried. */
const UNCLEAR_LIMIT = 5
/** An alert that was set aside, and is not taken by itself either, lets others go first for so long. */
const ASIDE_MS = 60_000

interface Refused {
  readonly times: number
  readonly notBeforeUs: number
  /** Messages that the robot had taken when it first refused this one. */
  readonly takenBefore: number
}

/** Alerts, by their ids, that a robot refuses, or that may be why it takes nothing. Times are of the steady clock, us. */
export class Refusals {
  readonly #refused = new Map<number, Refused>()
  #takenMessages = 0
  #unclearInRow = 0

  has(id: number): boolean {
    return this.#refused.has(id)
  }

  /** When it may be tried again; 0 of one that was never refused. */
  notBeforeUs(id: number): number {
    return this.#refused.get(id)?.notBeforeUs ?? 0
  }

  /** The robot has taken a message that tells these. */
  taken(ids: readonly number[]): void {
    this.#takenMessages++
    for (const id of ids) this.#refused.delete(id)
  }

  forget(id: number): void {
    this.#refused.delete(id)
  }

  /** It was refused once more; answers whether it was in every form by now. */
  refuse(id: number, nowUs: number): boolean {
    const known = this.#refused.get(id)
    const times = (known?.times ?? 0) + 1
    const isLast = times >= REFUSALS_LIMIT
    this.#refused.set(id, {
      times,
      notBeforeUs: nowUs + (isLast ? REFUSED_RETRY_MS * 1_000 : 0),
      takenBefore: known?.takenBefore ?? this.#takenMessages,
    })
    return isLast
  }

  /** An answer came whose reason is known. */
  clear(): void {
    this.#unclearInRow = 0
  }

  /**
   * Nobody knows why a message was not taken: it is the message, or the robot takes none at all. So it is set aside after some tries,
   * and others are tried: once one of them was taken, it is the message. Answers whether that is known by now.
   */
  unclear(ids: readonly number[], nowUs: number): boolean {
    const aside = ids.map((id) => this.#refused.get(id)).find((known) => known !== undefined)
    if (aside !== undefined && aside.takenBefore < this.#takenMessages) return true
    if (aside !== undefined) this.#setAside(ids, aside.times, nowUs + ASIDE_MS * 1_000)
    else if (++this.#unclearInRow >= UNCLEAR_LIMIT) this.#setAside(ids, 1, 0)
    return false
  }

  #setAside(ids: readonly number[], times: number, notBeforeUs: number): void {
    this.#unclearInRow = 0
    for (const id of ids) {
      const takenBefore = this.#refused.get(id)?.takenBefore ?? this.#takenMessages
      this.#refused.set(id, { times, notBeforeUs, takenBefore })
    }
  }
}
