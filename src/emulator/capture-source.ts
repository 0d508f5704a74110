import type { PlayedLine, ReadCapture } from './capture-lines.ts'
import type { Outlet } from './outlet.ts'
import type { Source, Spec } from './source.ts'

/** How a capture is played. */
export interface PlayOptions {
  /** So many times faster than it was recorded; `Infinity`: back to back. */
  readonly speed: number
  /** The play begins this long after the first client came, even when not every stream has been subscribed to. */
  readonly subscribeMs: number
  /** The play waits so long at a recorded book answer for somebody to ask for it. */
  readonly requestMs: number
  /** Frames that are due are sent this often. */
  readonly tickMs: number
}

/** Frames sent in one turn at most, so that sockets are emptied in between. */
const FRAMES_PER_TURN = 2_000

type State =
  | { readonly name: 'waiting'; sinceUs: number | undefined }
  /** `baseUs`: steady time at which time 0 of the capture was. `heldUs`: since when it waits for a request. */
  | { readonly name: 'playing'; baseUs: number; heldUs: number | undefined }
  | { readonly name: 'done' }

/** Plays the frames of a capture, byte for byte and in order, to whoever is subscribed to their streams. */
export class CaptureSource implements Source {
  readonly symbols: readonly string[]
  readonly #capture: ReadCapture
  readonly #options: PlayOptions
  readonly #done: () => void
  readonly #outlets = new Map<string, Set<Outlet>>()
  readonly #asking = new Map<string, ((body: string) => void)[]>()
  readonly #answers = new Map<string, string>()
  readonly #answered: ReadonlySet<string>
  #state: State = { name: 'waiting', sinceUs: undefined }
  #next = 0
  #t = 0

  constructor(capture: ReadCapture, options: PlayOptions, done: () => void) {
    this.#capture = capture
    this.#options = options
    this.#done = done
    this.symbols = capture.listings.map(({ symbol }) => symbol)
    this.#answered = new Set(capture.lines.flatMap((line) => (line.kind === 'depth' ? [line.symbol] : [])))
    this.#t = capture.lines.find(({ t }) => t !== null)?.t ?? 0
  }

  find(key: string): Spec | undefined {
    return this.#capture.streams.get(key)
  }

  join(key: string, outlet: Outlet): void {
    const outlets = this.#outlets.get(key) ?? new Set()
    this.#outlets.set(key, outlets)
    outlets.add(outlet)
  }

  leave(key: string, outlet: Outlet): void {
    this.#outlets.get(key)?.delete(outlet)
  }

  /** A capture holds no truth but its frames. */
  truth(): undefined {
    return undefined
  }

  watch(): () => void {
    return () => {}
  }

  /** A client asks for a recorded book: answered when the play is there. False: none was recorded of this symbol. */
  depth(symbol: string, answer: (body: string) => void): boolean {
    if (!this.#answered.has(symbol)) return false
    const body = this.#answers.get(symbol)
    if (body === undefined) this.#asking.set(symbol, [...(this.#asking.get(symbol) ?? []), answer])
    else answer(body)
    return true
  }

  advance(steadyUs: number): void {
    const state = this.#state
    if (state.name === 'done') return
    if (state.name === 'waiting') {
      state.sinceUs ??= steadyUs
      const isLate = steadyUs - state.sinceUs > this.#options.subscribeMs * 1_000
      if (isLate || this.#isAwaited()) this.#state = { name: 'playing', baseUs: steadyUs, heldUs: undefined }
      return
    }
    for (let frames = 0; frames < FRAMES_PER_TURN; frames++) {
      const line = this.#capture.lines[this.#next]
      if (line === undefined) {
        this.#state = { name: 'done' }
        this.#done()
        return
      }
      if (this.#dueUs(line, state.baseUs) > steadyUs || this.#isHeld(line, state, steadyUs)) return
      this.#next++
      this.#play(line)
    }
  }

  /** Every channel of every symbol of the capture has a subscriber, by whichever of its recorded streams. */
  #isAwaited(): boolean {
    const missing = new Set<string>()
    const present = new Set<string>()
    for (const { key, symbol, channel } of this.#capture.streams.values()) {
      if (channel === undefined) continue
      const stream = `${channel}:${symbol}`
      if ((this.#outlets.get(key)?.size ?? 0) > 0) present.add(stream)
      else missing.add(stream)
    }
    return present.size > 0 && [...missing].every((stream) => present.has(stream))
  }

  /** When a line is due. A line without a time comes with the one before it. */
  #dueUs({ t }: PlayedLine, baseUs: number): number {
    const { speed } = this.#options
    return t === null || speed === Infinity ? baseUs : baseUs + ((t - this.#t) * 1_000) / speed
  }

  #isHeld(
    line: PlayedLine,
    state: { baseUs: number; heldUs: number | undefined },
    steadyUs: number,
  ): boolean {
    if (line.kind !== 'depth' || this.#asking.has(line.symbol)) {
      // The rest of the play is as much later as it was held up.
      if (state.heldUs !== undefined) state.baseUs += steadyUs - state.heldUs
      state.heldUs = undefined
      return false
    }
    state.heldUs ??= steadyUs
    if (steadyUs - state.heldUs < this.#options.requestMs * 1_000) return true
    state.baseUs += steadyUs - state.heldUs
    state.heldUs = undefined
    return false
  }

  #play(line: PlayedLine): void {
    if (line.kind === 'frame') {
      const { key, symbol, channel } = line.spec
      for (const outlet of this.#outlets.get(key) ?? []) outlet.data(symbol, channel, line.text)
      return
    }
    this.#answers.set(line.symbol, line.text)
    const asking = this.#asking.get(line.symbol) ?? []
    this.#asking.delete(line.symbol)
    for (const answer of asking) answer(line.text)
  }
}
