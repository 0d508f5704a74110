import type { Io } from './io.ts'
import type { Collector, VenueCollection } from './collector.ts'
import { drawScreen, duration, ENTER_SCREEN, LEAVE_SCREEN, plainLines, size } from './screen.ts'
import type { FeedStatus } from '../feed/status.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import { type CollectorView, RateMeter, topView, type VenueView } from './view.ts'

const REDRAW_MS = 500
/** Lines come a second after the start, two seconds later, and so on up to this. */
const LINES_MS = 10_000
const FIRST_LINES_MS = 2_000

/** Books of a venue that were held against the truth. */
export type ChecksOf = (venue: string) => { readonly equal: number; readonly total: number } | undefined

export interface ShownOptions {
  readonly title: string
  readonly folder: string
  /** Lines instead of a redrawn screen. */
  readonly plain: boolean
  readonly checks?: ChecksOf
  /** Something that must be said, looked up at each view. */
  readonly notice?: () => string | undefined
}

/** Shows a running collector to a person, until it is closed. */
export class ShownCollector {
  readonly #collector: Collector
  readonly #options: ShownOptions
  readonly #runtime: Runtime
  readonly #io: Io
  readonly #meters = new Map<string, RateMeter>()
  readonly #startUs: number
  #cpuUs = totalCpuUs()
  #cpuAtUs: number
  #timer: Timer | undefined
  #linesMs = FIRST_LINES_MS

  constructor(collector: Collector, options: ShownOptions, runtime: Runtime, io: Io) {
    this.#collector = collector
    this.#options = options
    this.#runtime = runtime
    this.#io = io
    this.#startUs = runtime.clock.steadyUs()
    this.#cpuAtUs = this.#startUs
  }

  open(): void {
    if (!this.#options.plain) this.#io.stdout.write(ENTER_SCREEN)
    this.#show()
  }

  /** Shows nothing more: what is being ended looks broken. */
  hold(): void {
    this.#timer?.cancel()
  }

  /** Gives the terminal back, and says in a line what was collected. */
  close(): void {
    this.hold()
    if (!this.#options.plain) this.#io.stdout.write(LEAVE_SCREEN)
    const { journal, collections } = this.#collector
    const gaps = collections.reduce((sum, { counts }) => sum + counts.gaps, 0)
    const frames = collections.reduce((sum, { counts }) => sum + counts.frames, 0)
    const up = duration((this.#runtime.clock.steadyUs() - this.#startUs) / 1_000)
    this.#io.stdout.write(
      `${this.#options.title} ended after ${up}: ${frames} frames, ${journal.writtenRecords} records ` +
        `(${size(journal.writtenBytes)}) in ${this.#options.folder}, ${gaps} gaps${this.#checksText()}\n`,
    )
  }

  #checksText(): string {
    const checks = this.#collector.collections.map(({ venue }) => this.#options.checks?.(venue.id))
    const total = checks.reduce((sum, check) => sum + (check?.total ?? 0), 0)
    const equal = checks.reduce((sum, check) => sum + (check?.equal ?? 0), 0)
    return total === 0 ? '' : `, ${equal} of ${total} comparisons with the true books equal`
  }

  #show(): void {
    const view = this.#view()
    if (this.#options.plain) this.#io.stdout.write(`${plainLines(view).join('\n')}\n`)
    else this.#io.stdout.write(drawScreen(view, this.#io.columns))
    this.#timer = this.#runtime.timers.after(this.#options.plain ? this.#linesMs : REDRAW_MS, () =>
      this.#show(),
    )
    this.#linesMs = Math.min(LINES_MS, this.#linesMs * 2)
  }

  #view(): CollectorView {
    const nowUs = this.#runtime.clock.steadyUs()
    const cpuUs = totalCpuUs()
    const cpuShare = (cpuUs - this.#cpuUs) / Math.max(1, nowUs - this.#cpuAtUs)
    this.#cpuUs = cpuUs
    this.#cpuAtUs = nowUs
    const { journal } = this.#collector
    return {
      title: this.#options.title,
      upMs: (nowUs - this.#startUs) / 1_000,
      cpuShare,
      rssBytes: process.memoryUsage.rss(),
      journal: { records: journal.writtenRecords, bytes: journal.writtenBytes, folder: this.#options.folder },
      venues: this.#collector.collections.map((collection) => this.#venueView(collection, nowUs)),
      notice: this.#options.notice?.(),
    }
  }

  #venueView(collection: VenueCollection, nowUs: number): VenueView {
    const { venue, feed, counts } = collection
    const meter = this.#meters.get(venue.id) ?? new RateMeter()
    this.#meters.set(venue.id, meter)
    const status = feed.status()
    const streams = collection.streams()
    const lag = (share: number): number | undefined => {
      const us = counts.lagUs(share)
      return us === undefined ? undefined : us / 1_000
    }
    return {
      venue: venue.id,
      trouble: troubleOf(status),
      sockets: { open: status.sockets.open, planned: status.sockets.desired },
      books: { live: streams.filter(({ book }) => book.sync.isLive).length, total: streams.length },
      rates: meter.read(counts, nowUs / 1_000),
      lagMs: { p50: lag(0.5), p99: lag(0.99) },
      gaps: counts.gaps,
      checks: this.#options.checks?.(venue.id),
      tops: streams.slice(0, 12).map((stream) => topView(stream, this.#runtime.clock.now())),
    }
  }
}

/** What keeps a venue from being collected, in words; `undefined` while nothing does. */
function troubleOf(status: FeedStatus): string | undefined {
  const { unreachable, isMaintenance, unknown, sessions } = status
  if (unreachable !== undefined) return `cannot be reached: ${unreachable.code}: ${unreachable.text}`
  const waiting = sessions.find(({ state, attempt }) => state === 'waiting' && attempt > 0)
  if (waiting !== undefined) return `socket lost (${waiting.reason ?? 'no reason given'}), trying again`
  if (isMaintenance) return 'the venue is in maintenance'
  if (unknown.length === 0) return undefined
  const names = unknown.map(({ name, hint }) =>
    hint === undefined ? name : `${name} (did you mean ${hint}?)`,
  )
  return `not listed there: ${names.join(', ')}`
}

function totalCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
