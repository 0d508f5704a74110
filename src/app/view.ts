import { sumOf } from '../supervisor/metrics/reading.ts'
import type { ShownBook, VenueReport } from '../telemetry/report.ts'
import type { Status } from './status.ts'

/** What a person is shown of an instance at one moment. */
export interface InstanceView {
  readonly title: string
  readonly upMs: number
  /** `healthy`, `degraded`; see src/health/verdict.ts. */
  readonly state: string
  /** Share of one core since the last view, all processes together. */
  readonly cpuShare: number | undefined
  readonly rssBytes: number | undefined
  readonly journal: { readonly records: number; readonly bytes: number; readonly folder: string } | undefined
  readonly venues: readonly VenueView[]
  /** Where it answers over HTTP; `undefined` where it does not. */
  readonly address: string | undefined
  /** What must be said: why it is not healthy, a check that failed. */
  readonly notices: readonly string[]
}

export interface VenueView {
  readonly venue: string
  /** Why nothing comes, where something is wrong. */
  readonly trouble: string | undefined
  readonly sockets: { readonly open: number; readonly planned: number }
  readonly books: { readonly live: number; readonly total: number }
  readonly rates: Rates
  readonly lagMs: { readonly p50: number | undefined; readonly p99: number | undefined }
  readonly gaps: number
  /** Comparisons with the venue's true book, in the demo. */
  readonly checks: { readonly equal: number; readonly total: number } | undefined
  readonly shown: readonly ShownBook[]
}

export interface Rates {
  readonly frames: number
  readonly deltas: number
  readonly trades: number
}

/** A status and when it was taken, steady ms. */
export interface TimedStatus {
  readonly status: Status
  readonly atMs: number
}

/** Makes views of one instance: rates are since the view before. */
export class Viewer {
  readonly #title: string
  readonly #address: string | undefined
  #before: TimedStatus | undefined
  #last: TimedStatus | undefined

  constructor(title: string, address: string | undefined) {
    this.#title = title
    this.#address = address
  }

  view(now: TimedStatus, notices: readonly string[]): InstanceView {
    // The processes report once a second: a view that shows nothing new keeps the rates of the last one.
    if (this.#last === undefined || isNewer(now.status, this.#last.status)) {
      this.#before = this.#last
      this.#last = now
    }
    const { status } = now
    const seconds = secondsBetween(this.#before, this.#last)
    const cpuNow = cpuSecondsOf(this.#last.status)
    const cpuBefore = this.#before === undefined ? undefined : cpuSecondsOf(this.#before.status)
    return {
      title: this.#title,
      address: this.#address,
      upMs: status.upSeconds * 1_000,
      state: status.state,
      cpuShare:
        cpuNow === undefined || cpuBefore === undefined
          ? undefined
          : Math.max(0, (cpuNow - cpuBefore) / seconds),
      rssBytes: sumOf(status.processes.map(({ residentBytes }) => residentBytes)),
      journal: status.journal,
      venues: status.venues.map((venue) => this.#venue(venue, seconds)),
      notices: [...notices, ...reasonsOf(status)],
    }
  }

  #venue(venue: VenueReport, seconds: number): VenueView {
    const before = this.#before?.status.venues.find((candidate) => candidate.venue === venue.venue)
    const now = this.#last?.status.venues.find((candidate) => candidate.venue === venue.venue) ?? venue
    const rate = (count: 'frames' | 'deltas' | 'trades'): number =>
      before === undefined ? 0 : Math.max(0, (now[count] - before[count]) / seconds)
    return {
      venue: venue.venue,
      trouble: venue.trouble,
      sockets: venue.sockets,
      books: { live: venue.books.live, total: venue.books.expected },
      rates: { frames: rate('frames'), deltas: rate('deltas'), trades: rate('trades') },
      lagMs: { p50: venue.lagP50Ms, p99: venue.lagP99Ms },
      gaps: gapsOf(venue),
      checks: venue.checks,
      shown: venue.shown,
    }
  }
}

const cpuSecondsOf = ({ processes }: Status): number | undefined =>
  sumOf(processes.map(({ cpuSeconds }) => cpuSeconds))

export const gapsOf = ({ gapsBy }: VenueReport): number =>
  Object.values(gapsBy).reduce((sum, count) => sum + count, 0)

/** Why it is not healthy. That what has just begun has not come yet goes without saying. */
const reasonsOf = ({ state, reasons }: Status): readonly string[] =>
  state === 'starting' ? [] : reasons.map(({ component, text }) => `${component}: ${text}`)

/** Whether a process has reported since. */
const isNewer = (now: Status, before: Status): boolean =>
  framesOf(now) !== framesOf(before) || now.upSeconds > before.upSeconds + 1

const framesOf = ({ venues }: Status): number => venues.reduce((sum, { frames }) => sum + frames, 0)

const secondsBetween = (before: TimedStatus | undefined, now: TimedStatus): number =>
  before === undefined ? 1 : Math.max(0.001, (now.atMs - before.atMs) / 1_000)
