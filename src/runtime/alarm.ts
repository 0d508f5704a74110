import type { Clock, Timer, Timers } from './runtime.ts'

/** One timer for whatever is due next, on the steady clock: a wall clock that is set moves nothing. */
export class Alarm {
  readonly #outside: { readonly clock: Clock; readonly timers: Timers }
  readonly #ring: () => void
  #timer: Timer | undefined
  #dueUs = Infinity

  constructor(outside: { readonly clock: Clock; readonly timers: Timers }, ring: () => void) {
    this.#outside = outside
    this.#ring = ring
  }

  /** Rings once, not before steady time `dueUs`, in place of whatever was set; at `Infinity` never. */
  set(dueUs: number): void {
    if (dueUs === this.#dueUs) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#dueUs = dueUs
    if (dueUs === Infinity) return
    const { clock, timers } = this.#outside
    const delayMs = Math.max(0, Math.ceil((dueUs - clock.steadyUs()) / 1_000))
    this.#timer = timers.after(delayMs, () => {
      this.#timer = undefined
      this.#dueUs = Infinity
      this.#ring()
    })
  }
}
