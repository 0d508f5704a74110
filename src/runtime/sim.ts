import { type EpochMicros, epochMicros } from '../core/units.ts'
import type { Clock, Files, Http, Random, Runtime, Sockets, Timers } from './runtime.ts'
import { MemoryFiles } from './sim-files.ts'
import { SimNetwork } from './sim-network.ts'
import { SeededRandom } from './sim-random.ts'
import { Timeline } from './sim-timeline.ts'

/** 2026-01-01T00:00:00Z: where the wall clock of a simulation starts unless told otherwise. */
const START_US = epochMicros(1_767_225_600_000_000)

/** Keeps the network's draws apart from those of the code under test. */
const NETWORK_SALT = 0x9e3779b9

/**
 * The outside world, simulated: virtual time, a seeded random, a network of registered endpoints, files in memory. The same seed
 * and the same code give the same run. Time passes only inside `advance` and `runUntil`.
 */
export class Simulation implements Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly sockets: Sockets
  readonly http: Http
  readonly files: Files
  readonly network: SimNetwork
  /** The same as `files`, with its size limit. */
  readonly disk: MemoryFiles
  readonly #timeline: Timeline
  #advancing = false

  constructor(options: { readonly seed: number; readonly startUs?: EpochMicros } = { seed: 1 }) {
    this.#timeline = new Timeline(options.startUs ?? START_US)
    this.clock = this.#timeline
    this.timers = this.#timeline
    this.random = new SeededRandom(options.seed)
    this.network = new SimNetwork(this.#timeline, new SeededRandom(options.seed ^ NETWORK_SALT))
    this.sockets = this.network
    this.http = this.network
    this.disk = new MemoryFiles()
    this.files = this.disk
  }

  /** Timers that are armed, deliveries of the network among them. */
  get armedTimers(): number {
    return this.#timeline.armed
  }

  /** Sets the wall clock forward (or back); steady time does not notice. */
  stepWall(byMs: number): void {
    this.#timeline.stepWall(byMs)
  }

  /** Lets `ms` of virtual time pass. Between any two due works all promises that can go on do so. */
  async advance(ms: number): Promise<void> {
    await this.runUntil(() => false, ms)
  }

  /** Lets time pass until `isDone`, at most `limitMs`; answers whether it came true. Rejects with what due work throws. */
  async runUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    if (this.#advancing) throw new Error('virtual time is already passing')
    this.#advancing = true
    try {
      const untilUs = this.#timeline.steadyUs() + limitMs * 1_000
      await promisesSettled()
      while (!isDone()) {
        if (!this.#timeline.next(untilUs)) return isDone()
        // oxlint-disable-next-line no-await-in-loop -- one due work after the other is what time is
        await promisesSettled()
      }
      return true
    } finally {
      this.#advancing = false
    }
  }
}

/** Resolves once every promise reaction that can run has run: Node empties its microtask queue before each next tick. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
