import type { Channel } from '../core/ids.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Faults, malformed, oversized, type Target } from './faults.ts'
import type { Peer } from './model.ts'

/** What a model takes from the outside: no files, sockets or HTTP. */
export type EmulatorRuntime = Pick<Runtime, 'clock' | 'timers' | 'random'>

/** Delay of `slow` in ms and length of `oversized` in bytes where the fault names none. */
const SLOW_MS = 1_000
const OVERSIZED_BYTES = 64 * 1024 * 1024

/** The way out to one client: every frame to it passes here, and faults of frames strike here. */
export class Outlet {
  /** Names that this client is subscribed to. */
  readonly keys = new Set<string>()
  /** How this client wants its frames written; what the numbers mean is the venue's business. */
  form = 0
  /** Data frames sent. */
  dataFrames = 0
  frames = 0
  readonly faults: Faults
  readonly runtime: EmulatorRuntime
  readonly #peer: Peer
  #ended = false
  /** `faults.clears` when the socket went half-open. */
  #frozenAt: number | undefined
  /** Frames that wait for the next one of their stream to overtake them. */
  readonly #overtaken = new Map<string, string>()
  #delayed = 0
  #lastDueUs = 0

  constructor(peer: Peer, faults: Faults, runtime: EmulatorRuntime) {
    this.#peer = peer
    this.faults = faults
    this.runtime = runtime
  }

  get isHalfOpen(): boolean {
    return this.#frozenAt !== undefined
  }

  /** An answer or notice of the venue's control plane. */
  control(text: string): void {
    if (this.faults.isIdle && this.#isPlain) this.#send(text)
    else if (!this.isHalfOpen) this.#pass(text, {})
  }

  /** A frame of market data. */
  data(symbol: string, channel: Channel | undefined, text: string): void {
    this.dataFrames++
    if (this.faults.isIdle && this.#isPlain) this.#send(text)
    else if (!this.isHalfOpen) this.#struck({ symbol, channel }, text)
  }

  ping(payload: string): void {
    if (!this.isHalfOpen && !this.#ended) this.#peer.ping(payload)
  }

  close(code: number, reason: string): void {
    if (this.#ended || this.isHalfOpen) return
    this.#ended = true
    this.#peer.close(code, reason)
  }

  cut(): void {
    if (this.#ended) return
    this.#ended = true
    this.#peer.cut()
  }

  freeze(): void {
    this.#frozenAt = this.faults.clears
    this.#peer.freeze?.()
  }

  /** A socket that was half-open dies once the fault is cleared: nobody revives it. */
  thaw(): void {
    if (this.#frozenAt !== undefined && this.#frozenAt !== this.faults.clears) this.cut()
  }

  ended(): void {
    this.#ended = true
    this.#overtaken.clear()
  }

  get #isPlain(): boolean {
    return this.#delayed === 0 && this.#overtaken.size === 0 && !this.isHalfOpen
  }

  #send(text: string): void {
    if (this.#ended || this.isHalfOpen) return
    this.frames++
    this.#peer.send(text)
  }

  #struck(target: Target, text: string): void {
    const { faults } = this
    if (faults.strikes('mute', target) !== undefined || faults.strikes('drop', target) !== undefined) return
    const stream = `${target.channel}:${target.symbol}`
    const waiting = this.#overtaken.get(stream)
    const sent = this.#spoilt(target, text)
    if (waiting === undefined && faults.strikes('reorder', target) !== undefined) {
      this.#overtaken.set(stream, sent)
      return
    }
    this.#pass(sent, target)
    if (faults.strikes('duplicate', target) !== undefined) this.#pass(sent, target)
    if (waiting === undefined) return
    this.#overtaken.delete(stream)
    this.#pass(waiting, target)
  }

  #spoilt(target: Target, text: string): string {
    if (this.faults.strikes('malformed', target) !== undefined) return malformed(text)
    const over = this.faults.strikes('oversized', target)
    return over === undefined ? text : oversized(text, over.value ?? OVERSIZED_BYTES)
  }

  /** Sends at once, or later where the way is slow; frames never overtake each other here. */
  #pass(text: string, target: Target): void {
    const slow = this.faults.strikes('slow', target)
    if (slow === undefined && this.#delayed === 0) {
      this.#send(text)
      return
    }
    const nowUs = this.runtime.clock.steadyUs()
    const delayUs = slow === undefined ? 0 : (slow.value ?? SLOW_MS) * 1_000
    this.#lastDueUs = Math.max(this.#lastDueUs, nowUs + delayUs)
    this.#delayed++
    this.runtime.timers.after((this.#lastDueUs - nowUs) / 1_000, () => {
      this.#delayed--
      this.#send(text)
    })
  }
}
