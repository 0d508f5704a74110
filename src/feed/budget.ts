import { Alarm } from '../runtime/alarm.ts'
import type { Clock, Timers } from '../runtime/runtime.ts'
import type { Rate } from '../venues/venue.ts'
import {
  adopt,
  createSpending,
  readyUs,
  settle,
  spend,
  type Spending,
  usedAt,
  type Window,
} from './spending.ts'

/** Why a request is made, the most urgent first. */
export const PRIORITIES = ['recovery', 'bootstrap', 'audit', 'poll'] as const
export type Priority = (typeof PRIORITIES)[number]

/** Requests of one priority that may wait: over all instruments of a venue, each asking once. */
export const WAITING_LIMIT = 2_000

/** The part of the venue's limit that each priority may use up: however many polls there are, a lost book finds room. */
const SHARES: Readonly<Record<Priority, number>> = { recovery: 1, bootstrap: 0.9, audit: 0.7, poll: 0.6 }

/** Asked of the budget: `run` is called once, when there is room, and sends the request. */
export interface Asking {
  readonly weight: number
  readonly priority: Priority
  /** `settled` is to be called when the answer (or failure) is there, with the venue's figure of used weight if it told one. */
  run(settled: (usedWeight?: number) => void): void
}

/** What became of an asking: it runs at once, it waits (until `cancel`), or too many of its priority wait already. */
export type Asked =
  | { readonly outcome: 'started' }
  | { readonly outcome: 'waiting'; cancel(): void }
  | { readonly outcome: 'full' }

export interface BudgetOptions {
  readonly rate: Rate
  /** `clock` where the venue counts by clock windows and tells its count in a header (Binance), else `sliding`. */
  readonly window: Window
}

/**
 * The REST weight that one address may spend at one venue. Requests run in order of priority, first come first served within one;
 * the most urgent is never overtaken by a cheaper one behind it. A timer runs only while something waits.
 */
export class RequestBudget {
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #rate: Rate
  readonly #spending: Spending
  readonly #waiting: Readonly<Record<Priority, Asking[]>> = {
    recovery: [],
    bootstrap: [],
    audit: [],
    poll: [],
  }

  constructor(options: BudgetOptions, outside: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = outside.clock
    this.#alarm = new Alarm(outside, () => this.#serve())
    this.#rate = options.rate
    this.#spending = createSpending(options.window)
  }

  /** Requests that wait. */
  get waiting(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#waiting[priority].length, 0)
  }

  /** Weight that counts against the limit at this moment. */
  get usedWeight(): number {
    return usedAt(this.#spending, this.#clock.steadyUs())
  }

  /** Runs the request as soon as there is room; at once when there is. */
  ask(asking: Asking): Asked {
    const queue = this.#waiting[asking.priority]
    if (queue.length >= WAITING_LIMIT) return { outcome: 'full' }
    queue.push(asking)
    this.#serve()
    if (!queue.includes(asking)) return { outcome: 'started' }
    return { outcome: 'waiting', cancel: () => this.#cancel(asking) }
  }

  /** The venue asked for silence (`Retry-After`, a ban): nothing runs for `delayMs` from here. A longer hold stays. */
  hold(delayMs: number): void {
    this.#spending.heldUntilUs = Math.max(
      this.#spending.heldUntilUs,
      this.#clock.steadyUs() + delayMs * 1_000,
    )
    this.#arm()
  }

  /** Milliseconds until the hold ends; 0 when there is none. */
  get heldMs(): number {
    return Math.max(0, (this.#spending.heldUntilUs - this.#clock.steadyUs()) / 1_000)
  }

  /** Forgets everything that waits, without running it. */
  stop(): void {
    for (const priority of PRIORITIES) this.#waiting[priority].length = 0
    this.#alarm.set(Infinity)
  }

  #cancel(asking: Asking): void {
    const queue = this.#waiting[asking.priority]
    const at = queue.indexOf(asking)
    if (at === -1) return
    queue.splice(at, 1)
    this.#serve()
  }

  #serve(): void {
    for (let head = this.#head(); head !== undefined; head = this.#head()) {
      if (this.#readyUs(head) > this.#clock.steadyUs()) break
      this.#waiting[head.priority].shift()
      const spent = spend(this.#spending, head.weight, this.#rate, this.#clock)
      head.run((usedWeight) => {
        settle(spent)
        if (usedWeight !== undefined) adopt(this.#spending, usedWeight, this.#rate, this.#clock)
        this.#arm()
      })
    }
    this.#arm()
  }

  #head(): Asking | undefined {
    for (const priority of PRIORITIES) {
      const head = this.#waiting[priority][0]
      if (head !== undefined) return head
    }
    return undefined
  }

  #readyUs(head: Asking): number {
    const limit = this.#rate.count * SHARES[head.priority]
    return readyUs(this.#spending, { weight: head.weight, limit }, this.#clock.steadyUs())
  }

  #arm(): void {
    const head = this.#head()
    this.#alarm.set(head === undefined ? Infinity : this.#readyUs(head))
  }
}
