import type { Action, GovernorState, Level, Signal, Signals } from '../../src/governor/governing.ts'
import { Governor, type GovernorStep } from '../../src/governor/governor.ts'

export const SECOND_US = 1_000_000
export const RESTART_SECONDS = 15 * 60
export const HOLD_SECONDS: Readonly<Record<Exclude<Level, 0>, number>> = { 1: 30, 2: 60, 3: 120, 4: 120 }

export const UNKNOWN: Signals = {
  heapShare: undefined,
  memoryShare: undefined,
  lagP99Ms: undefined,
  backlogShare: undefined,
  descriptorShare: undefined,
  unaccounted: undefined,
}

export const CALM: Signals = {
  heapShare: 0.3,
  memoryShare: 0.3,
  lagP99Ms: 4,
  backlogShare: 0,
  descriptorShare: 0.1,
  unaccounted: 0,
}

/** The table of the levels, as it is promised: where a signal enters one, and where it lets go of it. */
export const TABLE: readonly {
  readonly signal: Signal
  readonly level: Level
  readonly enter: number
  readonly exit: number
}[] = [
  { signal: 'heapShare', level: 1, enter: 0.75, exit: 0.65 },
  { signal: 'heapShare', level: 2, enter: 0.85, exit: 0.75 },
  { signal: 'heapShare', level: 3, enter: 0.92, exit: 0.82 },
  { signal: 'memoryShare', level: 1, enter: 0.7, exit: 0.6 },
  { signal: 'memoryShare', level: 2, enter: 0.8, exit: 0.7 },
  { signal: 'memoryShare', level: 3, enter: 0.88, exit: 0.78 },
  { signal: 'lagP99Ms', level: 1, enter: 100, exit: 50 },
  { signal: 'lagP99Ms', level: 2, enter: 250, exit: 125 },
  { signal: 'lagP99Ms', level: 3, enter: 1000, exit: 500 },
  { signal: 'backlogShare', level: 1, enter: 0.25, exit: 0.15 },
  { signal: 'backlogShare', level: 2, enter: 0.5, exit: 0.4 },
  { signal: 'descriptorShare', level: 1, enter: 0.5, exit: 0.4 },
  { signal: 'descriptorShare', level: 3, enter: 0.8, exit: 0.7 },
  { signal: 'unaccounted', level: 2, enter: 6, exit: 3 },
]

/** Those that cannot wait: at once to level 4. */
export const EMERGENCIES = [
  { signal: 'heapShare', enter: 0.97 },
  { signal: 'descriptorShare', enter: 0.9 },
] as const

export const isEmergency = (signals: Signals): boolean =>
  EMERGENCIES.some(({ signal, enter }) => (signals[signal] ?? 0) >= enter)

/** Whether the table lets go of `level`; of 4 as of 3. */
export const isRelieved = (signals: Signals, level: Level): boolean =>
  TABLE.every((row) => row.level !== Math.min(level, 3) || (signals[row.signal] ?? 0) <= row.exit)

/** A governor that looks once a second. */
export class Governed {
  readonly governor: Governor
  second = 0
  readonly begun: Action[] = []
  readonly ended: Action[] = []
  /** Seconds at which a restart was asked for. */
  readonly restarts: number[] = []

  constructor(isEnabled = true) {
    this.governor = new Governor({ isEnabled })
  }

  /** One look at CALM with these troubles, a second after the last. */
  look(troubles: Partial<Signals>): GovernorState {
    this.second++
    return this.#note(this.governor.step({ ...CALM, ...troubles }, this.second * SECOND_US))
  }

  /** Looks for so many seconds; answers the level after each. */
  levels(seconds: number, troubles: Partial<Signals>): readonly Level[] {
    return Array.from({ length: seconds }, () => this.look(troubles).level)
  }

  startAnew(): GovernorState {
    return this.#note(this.governor.startAnew(this.second * SECOND_US))
  }

  #note(step: GovernorStep): GovernorState {
    this.begun.push(...step.begun)
    this.ended.push(...step.ended)
    if (step.restart) this.restarts.push(this.second)
    return step.state
  }
}

/** Which seconds (from 1) had another level than the second before; the first second is told as well. */
export function changes(levels: readonly Level[]): readonly (readonly [second: number, level: Level])[] {
  return levels.flatMap((level, at) => (level === levels[at - 1] ? [] : [[at + 1, level] as const]))
}
