import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Io, LiveStream } from './io.ts'
import { drawScreen, duration, ENTER_SCREEN, LEAVE_SCREEN, plainLines, size } from './screen.ts'
import type { Status } from './status.ts'
import { gapsOf, type TimedStatus, Viewer } from './view.ts'

const REDRAW_MS = 500
/** Lines come two seconds after the start, four seconds later, and so on up to this. */
const LINES_MS = 10_000
const FIRST_LINES_MS = 2_000

export interface ShownOptions {
  readonly title: string
  /** Where it answers over HTTP. */
  readonly address: string | undefined
  /** Lines instead of a redrawn screen. */
  readonly plain: boolean
  /** Where lines go. */
  readonly lines: LiveStream
  /** How it is at this moment; `undefined` while that is not known. */
  readonly status: () => Status | undefined
  /** Something that must be said besides, looked up at each view. */
  readonly notice: () => string | undefined
}

/** Shows a running instance to a person, until it is closed. */
export class ShownInstance {
  readonly #options: ShownOptions
  readonly #runtime: Runtime
  readonly #io: Io
  readonly #viewer: Viewer
  #timer: Timer | undefined
  #linesMs = FIRST_LINES_MS

  constructor(options: ShownOptions, runtime: Runtime, io: Io) {
    this.#options = options
    this.#runtime = runtime
    this.#io = io
    this.#viewer = new Viewer(options.title, options.address)
  }

  open(): void {
    if (!this.#options.plain) this.#io.stdout.write(ENTER_SCREEN)
    this.#show()
  }

  /** Shows nothing more: what is being ended looks broken. */
  hold(): void {
    this.#timer?.cancel()
  }

  /** Gives the terminal back. */
  close(): void {
    this.hold()
    if (!this.#options.plain) this.#io.stdout.write(LEAVE_SCREEN)
  }

  #show(): void {
    const { plain } = this.#options
    const status = this.#options.status()
    if (status !== undefined) this.#draw({ status, atMs: this.#runtime.clock.steadyUs() / 1_000 })
    this.#timer = this.#runtime.timers.after(plain ? this.#linesMs : REDRAW_MS, () => this.#show())
    this.#linesMs = Math.min(LINES_MS, this.#linesMs * 2)
  }

  #draw(now: TimedStatus): void {
    const notice = this.#options.notice()
    const view = this.#viewer.view(now, notice === undefined ? [] : [notice])
    if (this.#options.plain) this.#options.lines.offer(`${plainLines(view).join('\n')}\n`)
    else this.#io.stdout.offer(drawScreen(view, this.#io.columns))
  }
}

/** What was collected, in a line: for the end. */
export function closingLine(title: string, { venues, journal, upSeconds }: Status): string {
  const sum = (of: (venue: Status['venues'][number]) => number): number =>
    venues.reduce((total, venue) => total + of(venue), 0)
  const total = sum(({ checks }) => checks?.total ?? 0)
  const equal = sum(({ checks }) => checks?.equal ?? 0)
  const checked = total === 0 ? '' : `, ${equal} of ${total} comparisons with the true books equal`
  const written =
    journal === undefined
      ? 'nothing'
      : `${journal.records} records (${size(journal.bytes)}) in ${journal.folder}`
  return `${title} ended after ${duration(upSeconds * 1_000)}: ${sum(({ frames }) => frames)} frames, ${written}, ${sum(gapsOf)} gaps${checked}\n`
}
