import { type Channel, VENUE_IDS, type VenueId } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Tier } from '../core/tier.ts'
import type { Config } from './schema.ts'

/** One enabled venue of a configuration. URLs are `undefined` where the venue's own are to be used. */
export interface VenueSelection {
  readonly venue: VenueId
  /** Symbols or common names. */
  readonly instruments: readonly string[]
  readonly channels: readonly Channel[]
  readonly bookStream: string
  readonly tradeStream: string
  readonly streamUrl: string | undefined
  readonly restUrl: string | undefined
  /** Levels a side asked for in a snapshot; `undefined` where the venue sends snapshots in the stream. */
  readonly snapshotDepth: number | undefined
}

/** The enabled venues, in the order of the schema. */
export function selectedVenues({ venues }: Config): readonly VenueSelection[] {
  return VENUE_IDS.filter((venue) => venues[venue].enabled).map((venue) => {
    const section = venues[venue]
    const { instruments, channels, bookStream, tradeStream, streamUrl, restUrl } = section
    const snapshotDepth = 'snapshotDepth' in section ? section.snapshotDepth : undefined
    return { venue, instruments, channels, bookStream, tradeStream, streamUrl, restUrl, snapshotDepth }
  })
}

/** What is published of the book of one instrument: every delta, and the top `depth` levels (0: none) once in `everyMs`. */
export interface PublishSelection {
  readonly deltas: boolean
  readonly depth: number
  readonly everyMs: number
}

/** The defaults of `publish` with every override that names the instrument, by symbol or by common name; the last wins. */
export function publishSelection(
  { publish }: Config,
  venue: VenueId,
  instrument: { readonly symbol: string; readonly name: string },
): PublishSelection {
  let { deltas } = publish
  let { enabled, depth, everyMs } = publish.books
  for (const override of publish.overrides) {
    const isNamed = override.instrument === instrument.symbol || override.instrument === instrument.name
    if (!isNamed || (override.venue ?? venue) !== venue) continue
    deltas = override.deltas ?? deltas
    enabled = override.books ?? enabled
    depth = override.depth ?? depth
    everyMs = override.everyMs ?? everyMs
  }
  return { deltas, depth: enabled ? depth : 0, everyMs }
}

/**
 * Tells the tier of an instrument: the first that names it, by base currency, symbol or common name. What is named in none is of
 * tier 2.
 */
export function tiersOf({
  governor,
}: Config): (instrument: Pick<Instrument, 'base' | 'symbol' | 'name'>) => Tier {
  const first = new Set(governor.firstTier)
  const last = new Set(governor.lastTier)
  return ({ base, symbol, name }) => {
    const isNamed = (names: ReadonlySet<string>): boolean =>
      names.has(base) || names.has(symbol) || names.has(name)
    if (isNamed(first)) return 1
    return isNamed(last) ? 3 : 2
  }
}

/** The same configuration with journal, captures and Parquet store under `folder`. */
export function withDataFolder(config: Config, folder: string): Config {
  const base = folder.length > 1 && folder.endsWith('/') ? folder.slice(0, -1) : folder
  return {
    ...config,
    journal: { ...config.journal, folder: `${base}/journal` },
    capture: { ...config.capture, folder: `${base}/capture` },
    sinks: { ...config.sinks, parquet: { ...config.sinks.parquet, folder: `${base}/parquet` } },
  }
}

/** The sinks, as cursors, metrics and the configuration name them. */
export const SINK_NAMES = ['parquet', 'nats', 'clickhouse', 'stdout'] as const
export type SinkName = (typeof SINK_NAMES)[number]

/** Sinks that store: they may read on later, since nobody waits for what they have. */
export const STORAGE_SINKS: readonly SinkName[] = ['parquet', 'clickhouse']

/** Names of the sinks that records go to. */
export function enabledSinks({ sinks }: Config): readonly SinkName[] {
  return SINK_NAMES.filter((name) => sinks[name].enabled)
}
