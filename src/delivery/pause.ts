/** Keeps a loop from going on for a while. */
export class Pause {
  #isPaused = false
  #isOver = false
  #resume: (() => void) | undefined

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(): void {
    this.#isPaused = !this.#isOver
  }

  resume(): void {
    this.#isPaused = false
    this.#resume?.()
  }

  /** Nothing is paused any more, and never again. */
  end(): void {
    this.#isOver = true
    this.resume()
  }

  /** Resolves as soon as it is not paused. For one caller at a time. */
  async passed(): Promise<void> {
    while (this.#isPaused) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#resume = resolve
      // oxlint-disable-next-line no-await-in-loop -- it may be paused again before this is heard
      await promise
    }
    this.#resume = undefined
  }
}
