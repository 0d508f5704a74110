import type { Level, Signal, Signals } from './governing.ts'

/** Where one signal enters a level, and how far it must fall to let go of it. */
interface Limit {
  readonly signal: Signal
  readonly level: Exclude<Level, 0>
  readonly enter: number
  readonly exit: number
}

/** Shares let go ten points below where they enter. */
const share = (signal: Signal, level: Limit['level'], percent: number): Limit => ({
  signal,
  level,
  enter: percent / 100,
  exit: (percent - 10) / 100,
})

/** What is no share lets go at half: lag and counts are noisy in proportion to themselves. */
const amount = (signal: Signal, level: Limit['level'], enter: number): Limit => ({
  signal,
  level,
  enter,
  exit: enter / 2,
})

/**
 * A backlog of sinks goes no further than level 2: it is on the disk, where it costs the collector nothing, and giving up what all
 * sinks get, or pausing the one that is behind, would not let it catch up.
 */
const LIMITS: readonly Limit[] = [
  share('heapShare', 1, 75),
  share('memoryShare', 1, 70),
  amount('lagP99Ms', 1, 100),
  share('backlogShare', 1, 25),
  share('descriptorShare', 1, 50),

  share('heapShare', 2, 85),
  share('memoryShare', 2, 80),
  amount('lagP99Ms', 2, 250),
  share('backlogShare', 2, 50),
  amount('unaccounted', 2, 6),

  share('heapShare', 3, 92),
  share('memoryShare', 3, 88),
  amount('lagP99Ms', 3, 1000),
  share('descriptorShare', 3, 80),

  share('heapShare', 4, 97),
  share('descriptorShare', 4, 90),
]

/** The highest level that any signal asks for, were it to be entered at once; what is unknown asks for none. */
export function demandOf(signals: Signals): Level {
  let demand: Level = 0
  for (const { signal, level, enter } of LIMITS) {
    const value = signals[signal]
    if (value !== undefined && value >= enter && level > demand) demand = level
  }
  return demand
}

/**
 * Whether nothing that is known holds `level` any longer. Level 4 is let go of as level 3 is: half of what leads to it is to have
 * been in 3 for too long.
 */
export function isRelieved(signals: Signals, level: Level): boolean {
  const judged = Math.min(level, 3)
  return !LIMITS.some(({ signal, level: of, exit }) => of === judged && isAbove(signals[signal], exit))
}

function isAbove(value: number | undefined, limit: number): boolean {
  return value !== undefined && value > limit
}

/**
 * Each known signal as a part of what enters level 3. Sockets that nobody answers for have none: they never enter it by
 * themselves.
 */
export function pressuresOf(signals: Signals): Readonly<Partial<Record<Signal, number>>> {
  const pressures: Partial<Record<Signal, number>> = {}
  for (const { signal, level, enter } of LIMITS) {
    const value = signals[signal]
    if (level === 3 && value !== undefined) pressures[signal] = value / enter
  }
  return pressures
}
