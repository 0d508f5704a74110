import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { ChildSnapshot } from '../supervisor/instance.ts'
import type { CollectorReport, Report } from '../telemetry/report.ts'
import type { ReportingCollector } from './collect.ts'
import { diagnose } from './diagnosis.ts'
import { askOf } from './parent-link.ts'
import type { Child } from './supervision.ts'

const REPORT_MS = 1_000

/** Whom it tells what it would send if it were a process. */
export interface LocalHearer {
  onReport(report: Report): void
  onMessage(message: unknown): void
}

/**
 * A collector within this process, for those who embed it. It is looked after like a process, but for one thing: whatever hangs or ends
 * it hangs or ends whoever looks as well, so it is never stalling, and never started again.
 */
export class LocalChild implements Child {
  readonly isLooping = false
  readonly #collecting: ReportingCollector
  readonly #runtime: Runtime
  readonly #pid: number
  readonly #hearer: LocalHearer
  #state: ChildSnapshot['state']
  #startUs: number | undefined
  #heardUs: number | undefined
  #report: CollectorReport | undefined
  #timer: Timer | undefined

  constructor(
    collecting: ReportingCollector,
    { runtime, pid }: { readonly runtime: Runtime; readonly pid: number },
    hearer: LocalHearer,
  ) {
    this.#collecting = collecting
    this.#runtime = runtime
    this.#pid = pid
    this.#hearer = hearer
    this.#state = { name: 'stopped', sinceUs: runtime.clock.steadyUs() }
  }

  start(): void {
    this.#startUs = this.#runtime.clock.steadyUs()
    this.#state = { name: 'running', sinceUs: this.#startUs }
    this.#collecting.start()
    this.#timer = this.#runtime.timers.every(REPORT_MS, () => this.#tell())
    this.#tell()
  }

  async stop(): Promise<void> {
    if (this.#startUs === undefined) return
    this.#timer?.cancel()
    this.#state = { name: 'stopping', sinceUs: this.#runtime.clock.steadyUs() }
    await this.#collecting.stop()
    this.#tell()
    this.#startUs = undefined
    this.#state = { name: 'stopped', sinceUs: this.#runtime.clock.steadyUs() }
  }

  /** It ends with this process. */
  stopNow(): void {}

  /** There is no other process to put in its place. */
  restart(): void {}

  ask(message: unknown): void {
    const ask = askOf(message)
    if (ask?.kind === 'govern') this.#collecting.govern(ask)
    if (ask?.kind !== 'diagnose') return
    const { id, what, seconds } = ask
    void diagnose(what, seconds).then((body) => this.#hearer.onMessage({ kind: 'diagnosis', id, body }))
  }

  snapshot(): ChildSnapshot {
    return {
      name: 'collector',
      role: 'collector',
      pid: this.#pid,
      state: this.#state,
      startUs: this.#startUs,
      heardUs: this.#heardUs,
      report: this.#report,
      // The process is read once, as the one that looks.
      readings: undefined,
      restartsBy: {},
      lastEnd: undefined,
    }
  }

  #tell(): void {
    this.#report = this.#collecting.report()
    this.#heardUs = this.#runtime.clock.steadyUs()
    this.#hearer.onReport(this.#report)
  }
}
