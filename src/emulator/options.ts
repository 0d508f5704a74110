import type { BinanceHabits } from './binance-control.ts'
import type { DeribitHabits } from './deribit-control.ts'
import type { OkxHabits } from './okx-control.ts'

/** How an emulated venue is to be. All may be left out. */
export interface EmulatorOptions {
  /** The same seed is the same day. Default 1. */
  readonly seed?: number
  /** Instruments listed, busiest first, up to 5,000. Default 200. */
  readonly instruments?: number
  /** Market time passes so many times faster. Default 1. */
  readonly speed?: number
  /** Levels a side at most. Default: by class of instrument, up to 1,000. */
  readonly depth?: number
  /** Share of Binance snapshots whose id falls inside the next change instead of between two. Default 0. */
  readonly snapshotInside?: number
  readonly binance?: Partial<BinanceHabits>
  readonly okx?: Partial<OkxHabits>
  readonly deribit?: Partial<DeribitHabits>
}

/** The options with what was left out filled in. */
export function withDefaults(options: EmulatorOptions): Required<EmulatorOptions> {
  return {
    seed: 1,
    instruments: 200,
    speed: 1,
    depth: Infinity,
    snapshotInside: 0,
    binance: {},
    okx: {},
    deribit: {},
    ...options,
  }
}
