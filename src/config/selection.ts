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
  const place = { journal: below(folder, 'journal'), store: below(folder, 'parquet') }
  return withPlace({ ...config, capture: { ...config.capture, folder: below(folder, 'capture') } }, place)
}

const below = (folder: string, name: string): string =>
  `${folder.length > 1 && folder.endsWith('/') ? folder.slice(0, -1) : folder}/${name}`

/** A journal, and the Parquet store that is made of it. */
export interface RecordPlace {
  readonly journal: string
  readonly store: string
}

/** The same configuration with its records at `place`. */
export function withPlace(config: Config, { journal, store }: RecordPlace): Config {
  return {
    ...config,
    journal: { ...config.journal, folder: journal },
    sinks: { ...config.sinks, parquet: { ...config.sinks.parquet, folder: store } },
  }
}

/** Every place that records may be at, whatever `supervisor.collectors` and the enabled venues were when they were written. */
export function recordPlaces({ journal, sinks }: Config): readonly RecordPlace[] {
  const whole = { journal: journal.folder, store: sinks.parquet.folder }
  return [whole, ...VENUE_IDS.map((venue) => placeOfVenue(whole, venue))]
}

const placeOfVenue = ({ journal, store }: RecordPlace, venue: VenueId): RecordPlace => ({
  journal: below(journal, venue),
  store: below(store, venue),
})

/** What one collector process takes on by itself, with a journal and a Parquet store of its own. */
export interface Shard {
  /** Of its process: `collector`, or `collector/okx-spot`. */
  readonly name: string
  readonly config: Config
}

/** The shards of a configuration: it itself where one collector has all, else one for each enabled venue. */
export function shardsOf(config: Config): readonly Shard[] {
  if (config.supervisor.collectors === 'one') return [{ name: 'collector', config }]
  const selected = selectedVenues(config)
  const limitBytes = Math.floor(config.journal.limitBytes / selected.length)
  const shared = { ...config, journal: { ...config.journal, limitBytes } }
  return selected.map(({ venue }) => ({ name: `collector/${venue}`, config: onlyVenue(shared, venue) }))
}

/** Where the collectors of a configuration write, a journal each. */
export const journalFolders = (config: Config): readonly string[] =>
  shardsOf(config).map((shard) => shard.config.journal.folder)

/** A configuration of one venue that is sound by itself: what is said of the others is left out. */
function onlyVenue(config: Config, venue: VenueId): Config {
  const { venues, publish, journal, sinks } = config
  const only = <Section extends { readonly enabled: boolean }>(id: VenueId, section: Section): Section => ({
    ...section,
    enabled: id === venue,
  })
  const place = placeOfVenue({ journal: journal.folder, store: sinks.parquet.folder }, venue)
  return {
    ...withPlace(config, place),
    venues: {
      'binance-spot': only('binance-spot', venues['binance-spot']),
      'binance-derivatives': only('binance-derivatives', venues['binance-derivatives']),
      'okx-spot': only('okx-spot', venues['okx-spot']),
      'okx-derivatives': only('okx-derivatives', venues['okx-derivatives']),
      deribit: only('deribit', venues.deribit),
    },
    publish: {
      ...publish,
      overrides: publish.overrides.filter((override) => (override.venue ?? venue) === venue),
    },
    health: { ...config.health, required: [venue] },
    supervisor: { ...config.supervisor, collectors: 'one' },
  }
}

/** Where an instance of this configuration answers at `port`, as this machine reaches it. */
export function instanceUrl({ host, certFile }: Config['http'], port: number): string {
  return `${certFile === undefined ? 'http' : 'https'}://${reachable(host)}:${port}`
}

/** The address at which this machine reaches what listens at every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
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
