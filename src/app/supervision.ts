import type { Config } from '../config/schema.ts'
import { actionsInForce, type Trend } from '../governor/governing.ts'
import { TrendDetector } from '../governor/trend.ts'
import { Health } from '../health/health.ts'
import type { Processes } from '../runtime/processes.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { WatchedChild } from '../supervisor/child.ts'
import { connectionCounts } from '../supervisor/connections.ts'
import type { ChildSnapshot, HttpCounts, Instance } from '../supervisor/instance.ts'
import { sumOf } from '../supervisor/metrics/reading.ts'
import { Disks } from './disks.ts'
import { collectorsOf, type Gathered, healthFacts, sinksOf, windowsOf } from './gathering.ts'
import { Governors } from './governors.ts'
import { LossWindow } from './loss-window.ts'
import type { ProcessMeter } from './process-meter.ts'

/** How often everything is looked at. */
const LOOK_MS = 1_000
/** The delivery is asked to end so long after the collectors at the latest. */
const COLLECTORS_MS = 2_500
const MEBIBYTE = 1024 * 1024

/** A process of the instance, as far as it is looked after here. */
export type Child = Pick<
  WatchedChild,
  'start' | 'stop' | 'stopNow' | 'restart' | 'ask' | 'snapshot' | 'isLooping'
>

export interface SupervisionParts {
  readonly config: Config
  readonly version: string
  readonly configHash: string
  readonly children: readonly Child[]
  readonly processes: Processes
  readonly runtime: Runtime
  readonly meter: ProcessMeter
  readonly http: () => HttpCounts
}

/**
 * Looks at all processes of an instance once a second: reads them from outside, judges their health, lets the governor decide, and
 * hands on what it asks. It has no market data and waits for nobody.
 */
export class Supervision {
  readonly #parts: SupervisionParts
  readonly #health: Health
  readonly #governors: Governors
  readonly #disks: Disks
  #trendsOf = new ProcessTrends('')
  readonly #losses = new LossWindow()
  readonly #startUs: number
  readonly #startMs: number
  readonly #memoryLimitBytes: number
  #timer: Timer | undefined
  #instance: Instance
  #isStopping = false

  constructor(parts: SupervisionParts) {
    const { config, runtime, processes } = parts
    this.#parts = parts
    this.#startUs = runtime.clock.steadyUs()
    this.#startMs = runtime.clock.now() / 1_000
    this.#health = new Health(windowsOf(config))
    this.#disks = new Disks([config.journal.folder, config.sinks.parquet.folder], runtime.files)
    const snapshots = parts.children.map((child) => child.snapshot())
    const collectors = snapshots.filter(({ role }) => role === 'collector').map(({ name }) => name)
    this.#governors = new Governors(collectors, { isEnabled: config.governor.enabled }, this.#startUs)
    const shareBytes = (processes.memoryLimitBytes() ?? Infinity) / collectors.length
    this.#memoryLimitBytes = Math.min(config.governor.memoryBytes, shareBytes)
    this.#instance = this.#look()
  }

  /** As of the last look, at most a second ago. */
  get instance(): Instance {
    return this.#instance
  }

  start(): void {
    for (const child of this.#parts.children) child.start()
    this.#timer = this.#parts.runtime.timers.every(LOOK_MS, () => {
      this.#instance = this.#look()
    })
  }

  /**
   * Ends the processes, the collectors first: what they write last is delivered. One that hangs is not waited for with the others.
   * Resolves when all have ended.
   */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#instance = this.#look()
    const { children } = this.#parts
    const collectors = children.filter((child) => child.snapshot().role === 'collector')
    const stopped = Promise.all(collectors.map((child) => child.stop()))
    await Promise.race([stopped, this.#passed(COLLECTORS_MS)])
    await Promise.all(children.map((child) => child.stop()))
    this.#timer?.cancel()
    this.#instance = this.#look()
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.runtime.timers.after(ms, resolve))
  }

  #look(): Instance {
    const { config, runtime, children, processes, meter, version, configHash } = this.#parts
    const nowUs = runtime.clock.steadyUs()
    const snapshots = children.map((child) => child.snapshot())
    const own = { report: meter.report(), readings: processes.readings(processes.ownPid) }
    const gathered: Gathered = {
      nowUs,
      startUs: this.#startUs,
      isStopping: this.#isStopping,
      children: snapshots,
      looping: new Set(children.flatMap((child, at) => (child.isLooping ? (snapshots[at]?.name ?? []) : []))),
      connections: connectionCounts(snapshots, own, nowUs),
      lostLately: this.#losses.lately(lossesOf(snapshots), nowUs),
      memoryLimitBytes: this.#memoryLimitBytes,
    }
    if (!this.#isStopping) this.#govern(gathered)
    const governor = this.#governors.overall
    return {
      name: config.name,
      version,
      configHash,
      startMs: this.#startMs,
      startUs: this.#startUs,
      nowMs: runtime.clock.now() / 1_000,
      nowUs,
      children: snapshots,
      ownPid: processes.ownPid,
      own,
      connections: gathered.connections,
      verdict: this.#health.judge(healthFacts(gathered, governor, config)),
      governor,
      trends: this.#trends(snapshots, nowUs),
      disks: this.#disks.look(),
      http: this.#parts.http(),
    }
  }

  /** Decides, and tells every process what is in force: one that was started since knows of nothing. */
  #govern(gathered: Gathered): void {
    const restarts = this.#governors.step(gathered)
    for (const [at, child] of this.#parts.children.entries()) {
      const name = gathered.children[at]?.name ?? ''
      const state = this.#governors.stateOf(name)
      child.ask({ kind: 'govern', level: state.level, actions: actionsInForce(state) })
      if (restarts.has(name)) child.restart('governor')
    }
  }

  #trends(children: readonly ChildSnapshot[], nowUs: number): readonly Trend[] {
    const running = collectorsOf(children).filter(({ child }) => child.startUs !== undefined)
    const processes = running.map(({ child }) => `${child.name} ${child.startUs}`).join()
    // A process that begins anew grows at first, as all do: that is no trend of the one before it.
    if (processes !== this.#trendsOf.processes) this.#trendsOf = new ProcessTrends(processes)
    const { memory, heap, descriptors } = this.#trendsOf
    memory.add(sumOf(running.map(({ child }) => child.readings?.residentBytes)), nowUs)
    heap.add(sumOf(running.map(({ report }) => report.process.heapAfterMajorGcBytes)), nowUs)
    descriptors.add(sumOf(running.map(({ child }) => child.readings?.descriptors)), nowUs)
    const count = Math.max(1, running.length)
    const { supervisor } = this.#parts.config
    return [
      memory.trend(this.#memoryLimitBytes * count),
      heap.trend(supervisor.heapMb * MEBIBYTE * count),
      descriptors.trend(sumOf(running.map(({ child }) => child.readings?.descriptorLimit))),
    ]
  }
}

/** What the same processes take over time. */
class ProcessTrends {
  /** Which, and since when. */
  readonly processes: string
  readonly memory = new TrendDetector('memory')
  readonly heap = new TrendDetector('heap_after_gc')
  readonly descriptors = new TrendDetector('descriptors')

  constructor(processes: string) {
    this.processes = processes
  }
}

/** How much each sink has lost: as the delivery tells, and of what went before any delivery could read it as the journals tell. */
function lossesOf(children: readonly ChildSnapshot[]): ReadonlyMap<string, number> {
  const losses = new Map(sinksOf(children).map(({ sink, lost }) => [`sink/${sink}`, lost]))
  for (const { child, report } of collectorsOf(children)) {
    const lost = Object.values(report.journal.lostBy).reduce((total, records) => total + records, 0)
    losses.set(`journal/${child.name}`, lost)
  }
  return losses
}
