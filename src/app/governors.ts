import { ACTIONS, type GovernorState } from '../governor/governing.ts'
import { Governor } from '../governor/governor.ts'
import type { ChildSnapshot } from '../supervisor/instance.ts'
import { type Gathered, signalsOf } from './gathering.ts'

interface Governed {
  readonly governor: Governor
  state: GovernorState
  /** When the collector was started that its actions are in force in. */
  startUs: number | undefined
}

/** A governor for each collector: what one sheds is no matter of the others. */
export class Governors {
  readonly #byName: ReadonlyMap<string, Governed>

  /** `names` are those of the collectors; not none. */
  constructor(names: readonly string[], options: { readonly isEnabled: boolean }, nowUs: number) {
    this.#byName = new Map(
      names.map((name) => {
        const governor = new Governor(options)
        return [name, { governor, state: governor.startAnew(nowUs).state, startUs: undefined }]
      }),
    )
  }

  /** Decides for every collector, once a second. Answers the names of those that are to be restarted. */
  step(gathered: Gathered): ReadonlySet<string> {
    const restarts = new Set<string>()
    for (const child of gathered.children) {
      const governed = this.#byName.get(child.name)
      if (governed !== undefined && stepOne(governed, child, gathered)) restarts.add(child.name)
    }
    return restarts
  }

  /** What is asked of the process `name`: of one that is no collector, whatever is asked of any of them. */
  stateOf(name: string): GovernorState {
    return this.#byName.get(name)?.state ?? this.overall
  }

  /** How all of them stand together. */
  get overall(): GovernorState {
    return combined([...this.#byName.values()].map(({ state }) => state))
  }
}

/** Answers whether the collector is to be restarted. */
function stepOne(governed: Governed, child: ChildSnapshot, gathered: Gathered): boolean {
  const { governor } = governed
  const startUs = child.heardUs === undefined ? undefined : child.startUs
  const isAnew = startUs !== undefined && startUs !== governed.startUs
  if (isAnew) governed.startUs = startUs
  const step = isAnew
    ? governor.startAnew(gathered.nowUs)
    : governor.step(signalsOf(gathered, child.name), gathered.nowUs)
  governed.state = step.state
  return step.restart
}

/** The highest level and since when, the greatest of each pressure, every action that any asks for, and the sums of what was counted. */
export function combined(states: readonly GovernorState[]): GovernorState {
  const [first, ...others] = states
  if (first === undefined) throw new RangeError('nothing is governed')
  return others.reduce((one, other) => both(one, other), first)
}

function both(one: GovernorState, other: GovernorState): GovernorState {
  const actions = { ...one.actions }
  const askedBy = { ...one.askedBy }
  for (const action of ACTIONS) {
    actions[action] ||= other.actions[action]
    askedBy[action] += other.askedBy[action]
  }
  const pressures: Record<string, number> = { ...one.pressures }
  for (const [signal, pressure] of Object.entries(other.pressures)) {
    pressures[signal] = Math.max(pressures[signal] ?? pressure, pressure)
  }
  return {
    ...higherOf(one, other),
    pressures,
    actions,
    askedBy,
    ups: one.ups + other.ups,
    downs: one.downs + other.downs,
  }
}

function higherOf(one: GovernorState, other: GovernorState): Pick<GovernorState, 'level' | 'sinceUs'> {
  if (one.level === other.level) return { level: one.level, sinceUs: Math.min(one.sinceUs, other.sinceUs) }
  const { level, sinceUs } = one.level > other.level ? one : other
  return { level, sinceUs }
}
