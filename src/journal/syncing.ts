import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Segment } from './segment.ts'

/** Times kept until somebody asks for them. */
const TIMES_LIMIT = 100

/** Forces what was written to the disk, off this thread: so long after a write at most, and one at a time. */
export class Syncing {
  readonly #everyMs: number
  readonly #outside: Pick<Runtime, 'clock' | 'timers'>
  readonly #segment: () => Segment | undefined
  #timer: Timer | undefined
  #underWay: Promise<void> | undefined
  #seconds: number[] = []

  /** `segment` is the one that is written to; `undefined`: there is nothing to force. */
  constructor(
    everyMs: number,
    outside: Pick<Runtime, 'clock' | 'timers'>,
    segment: () => Segment | undefined,
  ) {
    this.#everyMs = everyMs
    this.#outside = outside
    this.#segment = segment
  }

  /** Something was written. */
  due(): void {
    this.#timer ??= this.#outside.timers.after(this.#everyMs, () => this.#sync())
  }

  /** Settles with what is being forced at this moment; `undefined` where nothing is. */
  get underWay(): Promise<void> | undefined {
    return this.#underWay
  }

  /** How long each took since the last call, s. */
  takeSeconds(): readonly number[] {
    const seconds = this.#seconds
    this.#seconds = []
    return seconds
  }

  /** Nothing more is begun. Settles with what is under way. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#underWay
  }

  #sync(): void {
    this.#timer = undefined
    const segment = this.#segment()
    if (segment === undefined) return
    if (this.#underWay !== undefined) {
      this.due()
      return
    }
    const { clock, timers } = this.#outside
    const startUs = clock.steadyUs()
    const done = segment.sync().finally(() => {
      this.#underWay = undefined
      if (this.#seconds.length < TIMES_LIMIT) this.#seconds.push((clock.steadyUs() - startUs) / 1e6)
    })
    // What could not be forced to the disk may be lost without a trace: the process ends, and says so.
    done.catch((failure: unknown) =>
      timers.after(0, () => {
        throw failure
      }),
    )
    this.#underWay = done
  }
}
