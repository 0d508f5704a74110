import {
  constants,
  monitorEventLoopDelay,
  performance,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { GcKind, ProcessReport } from '../telemetry/report.ts'

/** How often the lateness of timers is looked at: an idle process pays for each time. */
const DELAY_MS = 20
/** Percentiles are of at least half of this and at most all of it. */
const WINDOW_MS = 10_000

/** Node's numbers of the kinds of garbage collection. */
const KINDS: ReadonlyMap<number, GcKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

interface Lag {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Measures this process from within, from its making until it is closed. */
export class ProcessMeter {
  readonly #sockets: () => number
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_MS })
  readonly #observer: PerformanceObserver
  readonly #gc = {
    minor: { count: 0, seconds: 0 },
    major: { count: 0, seconds: 0 },
    incremental: { count: 0, seconds: 0 },
    weakcb: { count: 0, seconds: 0 },
  }
  #heapAfterMajorGcBytes: number | undefined
  #arrayBufferBytes = 0
  #before: Lag = { p50Ms: 0, p99Ms: 0, maxMs: 0 }
  #windowMs = performance.now()
  #utilization = performance.eventLoopUtilization()
  #gcSeconds = 0
  #atMs = performance.now()

  /** `sockets` answers how many TCP connections this process knows that it has. */
  constructor(sockets: () => number) {
    this.#sockets = sockets
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#collected(entry)
    })
    this.#observer.observe({ entryTypes: ['gc'] })
    this.#delay.enable()
  }

  close(): void {
    this.#observer.disconnect()
    this.#delay.disable()
  }

  /** What there is to say, shares being of the time since the last call. */
  report(): ProcessReport {
    const nowMs = performance.now()
    const heap = getHeapStatistics()
    const utilization = performance.eventLoopUtilization()
    const lag = this.#lag(nowMs)
    const gcSeconds = Object.values(this.#gc).reduce((sum, { seconds }) => sum + seconds, 0)
    const report: ProcessReport = {
      heapUsedBytes: heap.used_heap_size,
      heapLimitBytes: heap.heap_size_limit,
      heapAfterMajorGcBytes: this.#heapAfterMajorGcBytes,
      externalBytes: heap.external_memory,
      arrayBufferBytes: this.#arrayBuffers(),
      lagP50Ms: lag.p50Ms,
      lagP99Ms: lag.p99Ms,
      lagMaxMs: lag.maxMs,
      utilization: performance.eventLoopUtilization(utilization, this.#utilization).utilization,
      gcShare: Math.min(1, ((gcSeconds - this.#gcSeconds) * 1_000) / Math.max(1, nowMs - this.#atMs)),
      gc: structuredClone(this.#gc),
      resources: activeResources(),
      sockets: this.#sockets(),
    }
    this.#utilization = utilization
    this.#gcSeconds = gcSeconds
    this.#atMs = nowMs
    return report
  }

  /** Without a descriptor to spare Node cannot ask the system what it asks with it: then what was known last. */
  #arrayBuffers(): number {
    try {
      this.#arrayBufferBytes = process.memoryUsage().arrayBuffers
    } catch (failure) {
      if (!(failure instanceof Error && 'code' in failure)) throw failure
    }
    return this.#arrayBufferBytes
  }

  #collected(entry: PerformanceEntry): void {
    // Node's types leave out what an entry of garbage collection says of itself.
    const detail: unknown = 'detail' in entry ? entry.detail : undefined
    const kind = KINDS.get(Number(new Map(Object.entries(Object(detail))).get('kind')))
    if (kind === undefined) return
    this.#gc[kind].count++
    this.#gc[kind].seconds += entry.duration / 1_000
    if (kind === 'major') this.#heapAfterMajorGcBytes = getHeapStatistics().used_heap_size
  }

  /** Of the present window; while that is young, the worse of it and the one before. */
  #lag(nowMs: number): Lag {
    const now: Lag = {
      p50Ms: lateMs(this.#delay.percentile(50)),
      p99Ms: lateMs(this.#delay.percentile(99)),
      maxMs: lateMs(this.#delay.max),
    }
    const ageMs = nowMs - this.#windowMs
    const before = this.#before
    if (ageMs >= WINDOW_MS) {
      this.#before = now
      this.#windowMs = nowMs
      this.#delay.reset()
    }
    if (ageMs >= WINDOW_MS / 2) return now
    return {
      p50Ms: Math.max(now.p50Ms, before.p50Ms),
      p99Ms: Math.max(now.p99Ms, before.p99Ms),
      maxMs: Math.max(now.maxMs, before.maxMs),
    }
  }
}

/** What Node measures is the time between two looks, the wait itself included. */
const lateMs = (nanoseconds: number): number =>
  Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - DELAY_MS) : 0

/** What keeps the loop alive, by Node's name for it. */
export function activeResources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1
  return counts
}
