import { type Action, isAction, type Level, LEVELS } from '../governor/governing.ts'
import type { Timers } from '../runtime/runtime.ts'
import type { Report } from '../telemetry/report.ts'

/** How often a process says how it is. */
const REPORT_MS = 1_000

/** What the supervisor may ask of a process. */
export type Ask =
  | { readonly kind: 'govern'; readonly level: Level; readonly actions: readonly Action[] }
  | {
      readonly kind: 'diagnose'
      readonly id: number
      readonly what: Diagnosis
      readonly seconds: number
    }

/** What a process can be asked to find out about itself while it runs. */
export const DIAGNOSES = ['heap-sampling', 'cpu-profile', 'objects'] as const
export type Diagnosis = (typeof DIAGNOSES)[number]

/** What a process tells the supervisor. */
export type Told =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'diagnosis'; readonly id: number; readonly body: string }

/** The channel to the process that started this one; there is none where a person started it. */
export class ParentLink {
  readonly #timers: Timers
  #isUnderWay = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Tells `report()` now and once a second, and hands on what is asked, until it is told to stop. */
  open(report: () => Report, asked: (ask: Ask) => void): () => void {
    if (!process.connected) return () => undefined
    const hear = (message: unknown): void => {
      const ask = askOf(message)
      if (ask !== undefined) asked(ask)
    }
    process.on('message', hear)
    const tell = (): void => {
      // Reports that nobody takes do not pile up: the next one says more.
      if (this.#isUnderWay) return
      this.#isUnderWay = true
      this.tell({ kind: 'report', report: report() }, () => (this.#isUnderWay = false))
    }
    const timer = this.#timers.every(REPORT_MS, tell)
    tell()
    return () => {
      timer.cancel()
      process.off('message', hear)
    }
  }

  /** Does nothing where nobody listens. */
  tell(told: Told, taken: () => void = () => undefined): void {
    if (!process.connected) return
    // The other side may go at any moment: what it does not hear it does not need.
    process.send?.(told, undefined, {}, taken)
  }

  /** Resolves when the process that started this one is gone; never where there was none. */
  get parted(): Promise<void> {
    return new Promise((resolve) => {
      if (process.connected) process.once('disconnect', () => resolve())
    })
  }
}

/** What a message asks; `undefined` for one that is not understood. */
export function askOf(message: unknown): Ask | undefined {
  const facts = new Map<string, unknown>(Object.entries(Object(message)))
  if (facts.get('kind') === 'govern') {
    const level = LEVELS.find((candidate) => candidate === facts.get('level'))
    const actions = facts.get('actions')
    if (level === undefined || !Array.isArray(actions)) return undefined
    return { kind: 'govern', level, actions: actions.filter(isAction) }
  }
  const what = DIAGNOSES.find((candidate) => candidate === facts.get('what'))
  const [id, seconds] = [facts.get('id'), facts.get('seconds')]
  if (facts.get('kind') !== 'diagnose' || what === undefined) return undefined
  if (typeof id !== 'number' || typeof seconds !== 'number') return undefined
  return { kind: 'diagnose', id, what, seconds }
}
