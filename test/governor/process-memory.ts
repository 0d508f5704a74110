import { Seeded } from '../../src/emulator/seeded.ts'

const MEGABYTE = 1_000_000
export const HOUR_SECONDS = 3_600
export const DAY_SECONDS = 24 * HOUR_SECONDS

/** What befalls a process on top of its everyday life; seconds from the start of the day. */
export interface Course {
  /** Adds this much each minute from `leakFromSeconds` on, MB. */
  readonly leakPerMinute?: number
  readonly leakFromSeconds?: number
  /** Adds this much once, MB. */
  readonly step?: number
  readonly stepAtSeconds?: number
}

/**
 * Resident memory second by second, as garbage collection shapes it: teeth of 60 to 100 MB, each some 20 to 90 s long, which leave
 * more or less behind; bursts of up to 150 MB for some minutes; and a wave over the day, least at its start, steepest at six.
 */
export class ProcessMemory {
  readonly #seeded: Seeded
  readonly #course: Course
  #tooth = { fromSeconds: 0, seconds: 0, megabytes: 0, left: 0 }
  #burst = { toSeconds: 0, megabytes: 0 }

  constructor(seed: string, course: Course) {
    this.#seeded = new Seeded(seed)
    this.#course = course
  }

  /** Call it for each second, in order. */
  bytesAt(second: number): number {
    const megabytes = 500 + this.#wave(second) + this.#toothAt(second) + this.#burstAt(second)
    return Math.round((megabytes + this.#befallen(second)) * MEGABYTE)
  }

  #wave(second: number): number {
    return 40 - 40 * Math.cos((2 * Math.PI * second) / DAY_SECONDS)
  }

  #toothAt(second: number): number {
    const { fromSeconds, seconds } = this.#tooth
    if (second >= fromSeconds + seconds) {
      this.#tooth = {
        fromSeconds: second,
        seconds: 20 + this.#seeded.below(71),
        megabytes: 60 + 40 * this.#seeded.next(),
        left: 5 * this.#seeded.next(),
      }
    }
    const { left, megabytes } = this.#tooth
    return left + (megabytes * (second - this.#tooth.fromSeconds)) / this.#tooth.seconds
  }

  #burstAt(second: number): number {
    if (second < this.#burst.toSeconds) return this.#burst.megabytes
    const isBegun = this.#seeded.next() < 1 / HOUR_SECONDS
    if (!isBegun) return 0
    this.#burst = {
      toSeconds: second + 30 + this.#seeded.below(270),
      megabytes: 50 + 100 * this.#seeded.next(),
    }
    return this.#burst.megabytes
  }

  #befallen(second: number): number {
    const { leakPerMinute = 0, leakFromSeconds = 0, step = 0, stepAtSeconds = 0 } = this.#course
    const leakedMinutes = Math.max(second - leakFromSeconds, 0) / 60
    return leakPerMinute * leakedMinutes + (second >= stepAtSeconds ? step : 0)
  }
}
