import type { Instrument } from '../core/instrument.ts'
import type { Tier } from '../core/tier.ts'
import type { Feed } from '../feed/feed.ts'
import { worstOf } from '../feed/worst.ts'
import type { Action, Level } from '../governor/governing.ts'
import type { Journal } from '../journal/journal.ts'
import type { Shed } from '../pipeline/shedding.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Emit } from '../telemetry/events.ts'
import type { SheddingReport } from '../telemetry/report.ts'

/** What the governor has decided. */
export interface Governing {
  readonly level: Level
  readonly actions: readonly Action[]
}

/** Who does what the governor asks of a collector. */
export interface SheddingOwners {
  readonly venues: readonly { readonly feed: Feed; readonly counts: Counts }[]
  readonly journal: Pick<Journal, 'flushEvery'>
  /** Of the journal, as configured. */
  readonly flushMs: number
  readonly tier: (instrument: Instrument) => Tier
  /** For every pipeline there is and will be. */
  shed(shed: Shed): void
}

type Outside = Pick<Runtime, 'clock' | 'timers' | 'connections' | 'collectGarbage'>

/** Writes are so many times as far apart when they are to be large, and never further than this: records wait for them. */
const FLUSH_FACTOR = 10
const FLUSH_MAX_MS = 50
/** How often orphans are looked for. */
const ORPHANS_MS = 10_000
/** A collection that frees less than this share has freed little: the next may come after a wait, each time twice as long. */
const LITTLE_SHARE = 0.05
const GARBAGE_WAIT_MIN_US = 1_000_000
const GARBAGE_WAIT_MAX_US = 30_000_000

/** Everything that a collector can do. */
const OWN = [
  'slow_tops',
  'large_batches',
  'less_depth',
  'pause_last_tier',
  'end_orphans',
  'replace_worst',
  'collect_garbage',
  'first_tier_only',
  'pause_renewals',
] as const satisfies readonly Action[]
type OwnAction = (typeof OWN)[number]

/** How one action comes into force, and goes. */
interface Deed {
  begin(): void
  end(): void
}

/** What is made to fit all actions that are in force, whichever of them has come or gone. */
const alike = (fit: () => void): Deed => ({ begin: fit, end: fit })
const nothing = (): void => undefined

/**
 * Does in a collector what the governor asks, each once, and undoes it when it is not asked any more. Told the same twice it does
 * nothing. What others own (`pause_storage`) is left to them.
 */
export class Shedding {
  readonly #owners: SheddingOwners
  readonly #outside: Outside
  readonly #emit: Emit
  readonly #deeds: Readonly<Record<OwnAction, Deed>>
  #level: Level = 0
  #actions: ReadonlySet<OwnAction> = new Set()
  #orphansTimer: Timer | undefined
  #orphans = 0
  #replaced = 0
  #collections = 0
  #garbageUs = -Infinity
  #garbageWaitUs = GARBAGE_WAIT_MIN_US

  constructor(owners: SheddingOwners, outside: Outside, emit: Emit) {
    this.#owners = owners
    this.#outside = outside
    this.#emit = emit
    const tops = alike(() => this.#shed())
    const tiers = alike(() => this.#pause())
    const { journal, flushMs } = owners
    this.#deeds = {
      slow_tops: tops,
      less_depth: tops,
      pause_renewals: tops,
      pause_last_tier: tiers,
      first_tier_only: tiers,
      large_batches: {
        begin: () => journal.flushEvery(largeFlushMs(flushMs)),
        end: () => journal.flushEvery(undefined),
      },
      end_orphans: { begin: () => this.#endOrphans(), end: () => this.#orphansTimer?.cancel() },
      replace_worst: { begin: () => this.#replaceWorst(), end: nothing },
      collect_garbage: { begin: () => this.#collectGarbage(), end: nothing },
    }
  }

  govern({ level, actions }: Governing): void {
    const before = this.#actions
    this.#level = level
    this.#actions = new Set(OWN.filter((action) => actions.includes(action)))
    for (const action of OWN) {
      const active = this.#actions.has(action)
      if (active === before.has(action)) continue
      this.#emit({ type: 'governor_action', action, active })
      if (active) this.#deeds[action].begin()
      else this.#deeds[action].end()
    }
  }

  /** Nothing is done any more. What is left out stays so: the collector ends. */
  stop(): void {
    this.#orphansTimer?.cancel()
  }

  report(): SheddingReport {
    const { venues, tier } = this.#owners
    const sum = (of: (venue: (typeof venues)[number]) => number): number =>
      venues.reduce((total, venue) => total + of(venue), 0)
    return {
      level: this.#level,
      actions: [...this.#actions],
      shedBy: {
        slow_tops: sum(({ counts }) => counts.topsShed),
        less_depth: sum(({ counts }) => counts.topsCut),
        pause_last_tier: sum(({ feed }) => feed.pausings((instrument) => tier(instrument) === 3)),
        end_orphans: this.#orphans,
        replace_worst: this.#replaced,
        collect_garbage: this.#collections,
        first_tier_only: sum(({ feed }) => feed.pausings((instrument) => tier(instrument) === 2)),
        pause_renewals: sum(({ counts }) => counts.renewalsShed),
      } satisfies Partial<Record<OwnAction, number>>,
    }
  }

  #shed(): void {
    this.#owners.shed({
      slowTops: this.#actions.has('slow_tops'),
      shallowTops: this.#actions.has('less_depth'),
      noRenewals: this.#actions.has('pause_renewals'),
    })
  }

  #pause(): void {
    const { venues, tier } = this.#owners
    const first = pausedFrom(this.#actions)
    for (const { feed } of venues) {
      if (first === undefined) feed.resume()
      else feed.pause((instrument) => tier(instrument) >= first)
    }
  }

  /** Those that are there, and while it is asked those that come to be. */
  #endOrphans(): void {
    const { connections, timers } = this.#outside
    if (connections === undefined) return
    const end = (): void => {
      this.#orphans += connections.endOrphans()
    }
    end()
    this.#orphansTimer = timers.every(ORPHANS_MS, end)
  }

  #replaceWorst(): void {
    const worst = worstOf(this.#owners.venues.flatMap(({ feed }) => feed.worst() ?? []))
    if (worst === undefined) return
    worst.replace()
    this.#replaced++
  }

  #collectGarbage(): void {
    const { clock, collectGarbage } = this.#outside
    const nowUs = clock.steadyUs()
    if (collectGarbage === undefined || nowUs < this.#garbageUs) return
    const freed = collectGarbage()
    this.#collections++
    this.#garbageUs = freed < LITTLE_SHARE ? nowUs + this.#garbageWaitUs : nowUs
    this.#garbageWaitUs =
      freed < LITTLE_SHARE ? Math.min(GARBAGE_WAIT_MAX_US, this.#garbageWaitUs * 2) : GARBAGE_WAIT_MIN_US
  }
}

/** How far apart the writes are under pressure; never closer than they were. */
function largeFlushMs(flushMs: number): number {
  return Math.max(flushMs, Math.min(FLUSH_MAX_MS, flushMs * FLUSH_FACTOR))
}

/** The tier from which on instruments are paused; `undefined`: none is. */
function pausedFrom(actions: ReadonlySet<Action>): Tier | undefined {
  if (actions.has('first_tier_only')) return 2
  return actions.has('pause_last_tier') ? 3 : undefined
}
