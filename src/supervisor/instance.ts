import type { GovernorState, Trend } from '../governor/governing.ts'
import type { Verdict } from '../health/verdict.ts'
import type { ProcessReadings } from '../runtime/processes.ts'
import type { ProcessReport, Report } from '../telemetry/report.ts'

/** Why a process ended. Closed: each is a label of `collector_restarts_total`. */
export const END_REASONS = [
  'stall',
  'heap',
  'cgroup',
  'exception',
  'config',
  'governor',
  'killed',
  'unavailable',
  'asked',
] as const
export type EndReason = (typeof END_REASONS)[number]

/** Where a process that is watched stands. */
export type ChildState =
  | { readonly name: 'running'; readonly sinceUs: number }
  | { readonly name: 'stalling'; readonly sinceUs: number }
  | { readonly name: 'unhealthy'; readonly sinceUs: number }
  | { readonly name: 'waiting'; readonly sinceUs: number; readonly retryUs: number }
  | { readonly name: 'looping'; readonly sinceUs: number; readonly retryUs: number }
  | { readonly name: 'stopping'; readonly sinceUs: number }
  | { readonly name: 'stopped'; readonly sinceUs: number }

/** One process that the supervisor watches, as it knows it at a moment. */
export interface ChildSnapshot {
  /** `collector`, `collector/okx-spot`, `delivery`. */
  readonly name: string
  readonly role: Report['role']
  readonly pid: number | undefined
  readonly state: ChildState
  /** Steady time; `undefined` while it is not running. */
  readonly startUs: number | undefined
  /** When it was last heard from, steady; `undefined` before the first time of this process. */
  readonly heardUs: number | undefined
  /** Its last report, also when it has ended since. */
  readonly report: Report | undefined
  readonly readings: ProcessReadings | undefined
  /** How often it ended, by reason; ends that were asked for are not restarts. */
  readonly restartsBy: Readonly<Partial<Record<EndReason, number>>>
  readonly lastEnd:
    { readonly reason: EndReason; readonly code: number | undefined; readonly text: string } | undefined
}

/** TCP connections of all processes of the instance, without listening sockets. */
export interface ConnectionCounts {
  readonly total: number
  readonly byState: Readonly<Record<string, number>>
  /** Those that their owners know of. */
  readonly registered: number
  /** Those that nobody answers for. */
  readonly unaccounted: number
}

/** Everything that is known of an instance at one moment: health, metrics, status and screens are made from it. */
export interface Instance {
  readonly name: string
  readonly version: string
  readonly configHash: string
  /** Wall time of the start, ms, and steady time, µs. */
  readonly startMs: number
  readonly startUs: number
  /** Wall time, ms, and steady time, µs, of this moment. */
  readonly nowMs: number
  readonly nowUs: number
  readonly children: readonly ChildSnapshot[]
  readonly ownPid: number
  /** The supervisor itself. */
  readonly own: { readonly report: ProcessReport; readonly readings: ProcessReadings | undefined }
  readonly connections: ConnectionCounts | undefined
  readonly verdict: Verdict
  readonly governor: GovernorState
  readonly trends: readonly Trend[]
  readonly disks: readonly {
    readonly path: string
    readonly freeBytes: number
    readonly totalBytes: number
  }[]
  readonly http: HttpCounts
}

/** What the HTTP server has done. */
export interface HttpCounts {
  readonly requests: readonly { readonly path: string; readonly code: number; readonly count: number }[]
  readonly rejectedBy: Readonly<Record<string, number>>
}
