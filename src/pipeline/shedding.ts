import type { Instrument } from '../core/instrument.ts'
import type { Tier } from '../core/tier.ts'

/** What a pipeline leaves out at present, counting it. */
export interface Shed {
  /** Tops of tier 3 are published at most once in `slowMs`. */
  readonly slowTops: boolean
  /** Tops of tiers 2 and 3 have at most `depth` levels a side. */
  readonly shallowTops: boolean
  /** No snapshots are asked for beside live books; the books ask again later. */
  readonly noRenewals: boolean
}

export const NOTHING_SHED: Shed = { slowTops: false, shallowTops: false, noRenewals: false }

/** Who may be shed, and down to what. */
export interface ShedRules {
  readonly tier: (instrument: Instrument) => Tier
  readonly slowMs: number
  readonly depth: number
}

/** How the tops of one tier are published at present. `undefined`: as ever. */
export interface TopLimits {
  readonly slowMs: number | undefined
  readonly depth: number | undefined
}

/** The limits for tops of `tier`. */
export function topLimits(tier: Tier, shed: Shed, { slowMs, depth }: ShedRules): TopLimits {
  return {
    slowMs: shed.slowTops && tier === 3 ? slowMs : undefined,
    depth: shed.shallowTops && tier !== 1 ? depth : undefined,
  }
}
