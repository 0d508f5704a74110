import type { Random } from '../runtime/runtime.ts'
import { SeededRandom } from '../runtime/sim-random.ts'

/** Reproducible random numbers: the same seed text gives the same row of numbers. */
export class Seeded implements Random {
  readonly #uniform: SeededRandom

  constructor(seed: string) {
    let hash = 0x811c9dc5
    for (let at = 0; at < seed.length; at++) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193)
    this.#uniform = new SeededRandom(hash)
  }

  next(): number {
    return this.#uniform.next()
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** Standard normal. */
  gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.gauss())
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(1 - this.next())
  }

  /** How many events of a Poisson process with this mean; at most 200. */
  poisson(mean: number): number {
    let sum = this.exponential()
    let count = 0
    while (sum < mean && count < 200) {
      sum += this.exponential()
      count++
    }
    return count
  }
}
