import type { Timer, Timers } from '../runtime/runtime.ts'

/** Waits that can be cut short. One at a time. */
export class Waiter {
  readonly #timers: Timers
  #timer: Timer | undefined
  #wake: (() => void) | undefined
  /** Woken while nobody waited: the next wait does not begin. */
  #isWoken = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Resolves after `ms`, or as soon as `wake` is called; at once where it was called since the last wait. */
  wait(ms: number): Promise<void> {
    if (this.#isWoken) {
      this.#isWoken = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#timer?.cancel()
        this.#timer = undefined
        this.#wake = undefined
        resolve()
      }
      this.#timer = this.#timers.after(ms, this.#wake)
    })
  }

  wake(): void {
    if (this.#wake === undefined) this.#isWoken = true
    else this.#wake()
  }
}
