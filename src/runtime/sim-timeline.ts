import { type EpochMicros, epochMicros } from '../core/units.ts'
import type { Clock, Timer, Timers } from './runtime.ts'

/** Works done at one and the same instant; more, and something re-arms itself without ever letting time pass. */
export const INSTANT_LIMIT = 1_000_000

/** The heap is cleared of cancelled work when it holds more of it than of other, and at least so much. */
const CANCELLED_LIMIT = 1_024

interface Due extends Timer {
  readonly atUs: number
  /** Equal times run in order of arming. */
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Virtual time: a heap of due work. Time passes only by `next`, from one due work to the following; whatever else happens takes
 * none. The same calls in the same order always run in the same order.
 */
export class Timeline implements Clock, Timers {
  readonly #heap: Due[] = []
  #order = 0
  #steadyUs = 0
  #wallOffsetUs: number
  #cancelled = 0
  #sameInstant = 0

  constructor(startUs: EpochMicros) {
    this.#wallOffsetUs = startUs
  }

  now(): EpochMicros {
    return epochMicros(Math.floor(this.#wallOffsetUs + this.#steadyUs))
  }

  steadyUs(): number {
    return this.#steadyUs
  }

  /** Sets the wall clock forward (or back); steady time does not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetUs += byMs * 1_000
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#arm(this.#steadyUs + Math.max(0, delayMs) * 1_000, run)
  }

  every(periodMs: number, run: () => void): Timer {
    if (!(periodMs > 0)) throw new RangeError(`a period of ${periodMs} ms`)
    let dueUs = this.#steadyUs
    const arm = (): Timer => {
      dueUs += periodMs * 1_000
      return this.#arm(dueUs, () => {
        current = arm()
        run()
      })
    }
    let current = arm()
    return { cancel: () => current.cancel() }
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#heap.length - this.#cancelled
  }

  /** Runs the next work due at or before `untilUs`; answers false, and lets time pass until then, when there is none. */
  next(untilUs: number): boolean {
    for (let due = this.#heap[0]; due !== undefined && due.atUs <= untilUs; due = this.#heap[0]) {
      this.#pop()
      const { run } = due
      if (run === undefined) {
        this.#cancelled--
        continue
      }
      due.run = undefined
      this.#pass(due.atUs)
      run()
      return true
    }
    if (untilUs > this.#steadyUs && untilUs < Infinity) this.#pass(untilUs)
    return false
  }

  #pass(toUs: number): void {
    if (toUs > this.#steadyUs) {
      this.#steadyUs = toUs
      this.#sameInstant = 0
    } else if (++this.#sameInstant > INSTANT_LIMIT) throw new Error('virtual time stands still')
  }

  #arm(atUs: number, run: () => void): Timer {
    if (Number.isNaN(atUs)) throw new RangeError('a delay that is no number')
    const due: Due = {
      atUs,
      order: this.#order++,
      run,
      cancel: () => {
        if (due.run === undefined) return
        due.run = undefined
        this.#cancelled++
        if (this.#cancelled > CANCELLED_LIMIT && this.#cancelled * 2 > this.#heap.length)
          this.#clearCancelled()
      },
    }
    this.#heap.push(due)
    this.#rise(this.#heap.length - 1)
    return due
  }

  #clearCancelled(): void {
    const kept = this.#heap
      .filter(({ run }) => run !== undefined)
      .toSorted((a, b) => (isBefore(a, b) ? -1 : 1))
    this.#heap.length = 0
    this.#heap.push(...kept)
    this.#cancelled = 0
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  #rise(from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const child = heap[at]
      const parent = heap[above]
      if (child === undefined || parent === undefined || !isBefore(child, parent)) return
      heap[at] = parent
      heap[above] = child
      at = above
    }
  }

  #sink(): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const parent = heap[at]
      if (left === undefined || parent === undefined) return
      const below = right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1
      const child = heap[below]
      if (child === undefined || !isBefore(child, parent)) return
      heap[at] = child
      heap[below] = parent
      at = below
    }
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order)
}
