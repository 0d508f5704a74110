/** Runs pieces of work one after the other, in the order in which they came. One that fails holds up no other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work` does, once it has had its turn. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
