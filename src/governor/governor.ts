import { type Course, advance, courseFrom } from './course.ts'
import {
  type Action,
  ACTION_LEVELS,
  ACTIONS,
  type GovernorState,
  type Level,
  type Signals,
} from './governing.ts'
import { pressuresOf } from './limits.ts'

/** What became of one look at the signals. */
export interface GovernorStep {
  readonly state: GovernorState
  /** To be done, those of lower levels first. */
  readonly begun: readonly Action[]
  /** To be undone, the last begun first. */
  readonly ended: readonly Action[]
  /** The governed process should be replaced now, with its journal safe. True once; not again within 15 min. */
  readonly restart: boolean
}

/**
 * Says which actions are in force as the signals of one process change. It decides only; whoever owns a thing does. Where it is
 * not enabled it goes through the same levels, but asks for nothing.
 */
export class Governor {
  readonly #isEnabled: boolean
  readonly #asked = forActions(() => 0)
  #course: Course | undefined
  #actions: Readonly<Record<Action, boolean>> = forActions(() => false)
  #ups = 0
  #downs = 0

  constructor(options: { readonly isEnabled: boolean }) {
    this.#isEnabled = options.isEnabled
  }

  /** Call it once a second; the time is steady. */
  step(signals: Signals, nowUs: number): GovernorStep {
    const before = this.#course ?? courseFrom(nowUs)
    const course = advance(before, signals, nowUs)
    const isDue = course.restartUs !== before.restartUs
    return this.#follow(before, course, { signals, restart: isDue && this.#isEnabled })
  }

  /**
   * The governed process was started again, for whatever reason: nothing is in force in it, and its level is 0. That a restart was
   * asked for is not forgotten.
   */
  startAnew(nowUs: number): GovernorStep {
    const before = this.#course ?? courseFrom(nowUs)
    const { raisedUs, restartUs } = before
    const course = { ...courseFrom(nowUs), raisedUs, restartUs }
    return this.#follow(before, course, { signals: UNKNOWN, restart: false })
  }

  #follow(
    before: Course,
    course: Course,
    { signals, restart }: { readonly signals: Signals; readonly restart: boolean },
  ): GovernorStep {
    const former = this.#actions
    const actions = this.#inForce(course.level)
    const begun = ACTIONS.filter((action) => actions[action] && !former[action])
    const ended = ACTIONS.filter((action) => former[action] && !actions[action]).toReversed()
    for (const action of begun) this.#asked[action] += 1
    if (course.level > before.level) this.#ups += 1
    if (course.level < before.level) this.#downs += 1
    this.#course = course
    this.#actions = actions
    return { state: this.#state(course, signals), begun, ended, restart }
  }

  #inForce(level: Level): Readonly<Record<Action, boolean>> {
    return forActions((action) => this.#isEnabled && level >= ACTION_LEVELS[action])
  }

  #state({ level, sinceUs }: Course, signals: Signals): GovernorState {
    return {
      level,
      sinceUs,
      pressures: pressuresOf(signals),
      actions: this.#actions,
      askedBy: { ...this.#asked },
      ups: this.#ups,
      downs: this.#downs,
    }
  }
}

const UNKNOWN: Signals = {
  heapShare: undefined,
  memoryShare: undefined,
  lagP99Ms: undefined,
  backlogShare: undefined,
  descriptorShare: undefined,
  unaccounted: undefined,
}

/** Written out, so that the compiler asks for each action. */
function forActions<Value>(valueOf: (action: Action) => Value): Record<Action, Value> {
  return {
    slow_tops: valueOf('slow_tops'),
    large_batches: valueOf('large_batches'),
    less_depth: valueOf('less_depth'),
    pause_last_tier: valueOf('pause_last_tier'),
    end_orphans: valueOf('end_orphans'),
    replace_worst: valueOf('replace_worst'),
    collect_garbage: valueOf('collect_garbage'),
    first_tier_only: valueOf('first_tier_only'),
    pause_storage: valueOf('pause_storage'),
    pause_renewals: valueOf('pause_renewals'),
  }
}
