import type { Channel } from '../core/ids.ts'
import type { Random } from '../runtime/runtime.ts'
import { type Fault, type FaultName, FAULTS, type FaultSwitches } from './model.ts'

/** What a fault may strike: a frame or request of a symbol and channel, where it has them. */
export interface Target {
  readonly symbol?: string | undefined
  readonly channel?: Channel | undefined
}

interface ActiveFault {
  readonly fault: Fault
  left: number
  /** Sockets that it has judged: each is struck or spared once. */
  readonly judged: WeakSet<object>
}

/**
 * The faults of one venue: which are on, whether one strikes, and how often each has. What striking means is told where it
 * strikes: frames in `outlet.ts`, sockets and requests in `front.ts`, sequences in `market-source.ts`.
 */
export class Faults implements FaultSwitches {
  readonly #random: Random
  readonly #struck = new Map<FaultName, number>(FAULTS.map((name) => [name, 0]))
  #active: ActiveFault[] = []
  #clears = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** True while no fault is on: the way of a frame is then the shortest. */
  get isIdle(): boolean {
    return this.#active.length === 0
  }

  /** Grows with each `clear`. */
  get clears(): number {
    return this.#clears
  }

  get on(): readonly Fault[] {
    return this.#active.map(({ fault }) => fault)
  }

  get struck(): ReadonlyMap<FaultName, number> {
    return this.#struck
  }

  set(fault: Fault): void {
    const left = fault.times ?? Infinity
    if (left > 0) this.#active.push({ fault, left, judged: new WeakSet() })
  }

  clear(name?: FaultName): void {
    this.#active = name === undefined ? [] : this.#active.filter(({ fault }) => fault.name !== name)
    this.#clears++
  }

  /** The fault of this name, when one strikes the target. */
  strikes(name: FaultName, target: Target = {}): Fault | undefined {
    if (this.#active.length === 0) return undefined
    const active = this.#active.find(({ fault }) => fault.name === name && isWithin(fault, target))
    return active !== undefined && this.#falls(active) ? active.fault : undefined
  }

  /** The same for a socket: a fault judges each socket once. */
  strikesSocket(name: FaultName, socket: object): Fault | undefined {
    for (const active of this.#active) {
      if (active.fault.name !== name || active.judged.has(socket)) continue
      active.judged.add(socket)
      if (this.#falls(active)) return active.fault
    }
    return undefined
  }

  #falls(active: ActiveFault): boolean {
    const { share = 1, name } = active.fault
    if (share < 1 && this.#random.next() >= share) return false
    this.#struck.set(name, (this.#struck.get(name) ?? 0) + 1)
    active.left--
    if (active.left <= 0) this.#active = this.#active.filter((other) => other !== active)
    return true
  }
}

function isWithin(fault: Fault, target: Target): boolean {
  if (fault.symbol !== undefined && fault.symbol !== target.symbol) return false
  return fault.channel === undefined || fault.channel === target.channel
}

/** A frame cut in its middle: what a broken proxy leaves of it. */
export const malformed = (text: string): string => text.slice(0, Math.floor(text.length * 0.6))

/** A frame blown up with blanks to `bytes`: valid JSON, and far too long. */
export const oversized = (text: string, bytes: number): string =>
  text + ' '.repeat(Math.max(0, bytes - text.length))
