import { type EpochMicros, epochMicros } from '../core/units.ts'
import type { Clock, Timer, Timers } from './runtime.ts'

/** The two clocks of the host. */
export interface HostClocks {
  /** Wall time, whole ms since 1970. */
  wallMs(): number
  /** Steady time in ms, with fraction. */
  steadyMs(): number
  /** Wall time at which steady time was 0, ms with fraction: only the first guess. */
  readonly originMs: number
}

/** A pause of the process between two readings looks like a step of the clock; so many pairs of readings are tried to rule it out. */
const READINGS_LIMIT = 3

const HOST: HostClocks = {
  wallMs: () => Date.now(),
  steadyMs: () => performance.now(),
  originMs: performance.timeOrigin,
}

/**
 * Wall time in µs that follows the host's clock. The fine part comes from steady time; whenever that leaves the present
 * millisecond of the wall clock (which has been set), it is moved there. Makes no objects.
 */
export class SystemClock implements Clock {
  readonly #host: HostClocks
  /** Wall time less steady time, µs. In an array because a field that holds a fraction is a new object at each change. */
  readonly #offsetUs = new Float64Array(1)

  constructor(host: HostClocks = HOST) {
    this.#host = host
    this.#offsetUs[0] = host.originMs * 1_000
  }

  now(): EpochMicros {
    const fineUs = this.steadyUs() + (this.#offsetUs[0] ?? 0)
    const behindUs = this.#host.wallMs() * 1_000 - fineUs
    if (behindUs <= 0 && behindUs > -1_000) return epochMicros(Math.floor(fineUs))
    return this.#follow()
  }

  steadyUs(): number {
    return this.#host.steadyMs() * 1_000
  }

  /** Moves the offset by as little as brings it into the present millisecond of the wall clock. */
  #follow(): EpochMicros {
    let steadyUs = 0
    let wallUs = 0
    for (let reading = 0; reading < READINGS_LIMIT; reading++) {
      wallUs = this.#host.wallMs() * 1_000
      steadyUs = this.steadyUs()
      if (this.#host.wallMs() * 1_000 === wallUs) break
    }
    const fineUs = steadyUs + (this.#offsetUs[0] ?? 0)
    const rightUs = Math.min(Math.max(fineUs, wallUs), wallUs + 999)
    this.#offsetUs[0] = rightUs - steadyUs
    return epochMicros(Math.floor(rightUs))
  }
}

/** The longest delay that Node's timers take; they run anything over it at once. */
const DELAY_LIMIT_MS = 2_147_483_647

/** Node's timers, with delays of any length. They keep the process alive. */
export class SystemTimers implements Timers {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  after(delayMs: number, run: () => void): Timer {
    if (Number.isNaN(delayMs)) throw new RangeError('a delay that is no number')
    if (delayMs <= 0) {
      const immediate = setImmediate(run)
      return { cancel: () => clearImmediate(immediate) }
    }
    if (delayMs <= DELAY_LIMIT_MS) {
      const timeout = setTimeout(run, delayMs)
      return { cancel: () => clearTimeout(timeout) }
    }
    let current = this.after(DELAY_LIMIT_MS, () => {
      current = this.after(delayMs - DELAY_LIMIT_MS, run)
    })
    return { cancel: () => current.cancel() }
  }

  /** On a fixed grid: a late run does not shift the next, and runs missed while the process was busy are left out. */
  every(periodMs: number, run: () => void): Timer {
    if (!(periodMs > 0)) throw new RangeError(`a period of ${periodMs} ms`)
    const periodUs = periodMs * 1_000
    let dueUs = this.#clock.steadyUs()
    const arm = (): Timer => {
      const nowUs = this.#clock.steadyUs()
      dueUs = nextOnGrid(dueUs, periodUs, nowUs)
      return this.after((dueUs - nowUs) / 1_000, () => {
        current = arm()
        run()
      })
    }
    let current = arm()
    return { cancel: () => current.cancel() }
  }
}

/** The first point of the grid through `lastUs` that is after both `lastUs` and `nowUs`. */
export function nextOnGrid(lastUs: number, periodUs: number, nowUs: number): number {
  const missed = Math.max(0, Math.floor((nowUs - lastUs) / periodUs))
  return lastUs + (missed + 1) * periodUs
}
