import { CHANNELS, VENUE_IDS } from '../core/ids.ts'
import { ALERTS } from './alerts.ts'
import * as field from './field.ts'
import { COLLECTOR_NAME, FOLDER, INSTRUMENT, REST_URL, STREAM_URL } from './forms.ts'
import { GOVERNOR } from './governor.ts'
import { HEALTH } from './health.ts'
import { HTTP } from './http.ts'
import { SINKS } from './sinks.ts'
import { SUPERVISOR } from './supervisor.ts'

/** Instruments of one venue: more than any venue lists. */
const INSTRUMENT_LIMIT = 20_000
const OVERRIDE_LIMIT = 1_000
/** Levels that a published top may have; the full book is published at each resync anyway. */
const DEPTH_MAX = 5_000
const MEBIBYTE = 1024 * 1024
const GIBIBYTE = 1024 * MEBIBYTE
/** The least that a journal may be allowed to hold. */
export const JOURNAL_LIMIT_MIN_BYTES = 16 * MEBIBYTE

interface VenueDefaults<Book extends string, Trade extends string> {
  readonly instruments: readonly string[]
  readonly book: readonly [Book, ...Book[]]
  readonly trade: readonly [Trade, ...Trade[]]
}

/** The keys that every venue has. The words of `book` and `trade` are the venue's options, its default first. */
const venueFields = <const Book extends string, const Trade extends string>(
  defaults: VenueDefaults<Book, Trade>,
) => ({
  enabled: field.boolean('Whether this venue is collected.', true),
  instruments: field.texts(
    'Instruments to collect, by the symbol of the venue or by common name (`BTC-USDT`). One that the venue does not list is told once and left out.',
    INSTRUMENT,
    { value: defaults.instruments, limit: INSTRUMENT_LIMIT },
  ),
  channels: field.choices('What to collect of each instrument.', CHANNELS),
  book_stream: field.choice("Which of the venue's book streams to read.", defaults.book),
  trade_stream: field.choice("Which of the venue's trade streams to read.", defaults.trade),
  stream_url: field.optional(
    { kind: 'text', doc: "Base URL of the streams, in place of the venue's own.", form: STREAM_URL },
    STREAM_URL.sample,
  ),
  rest_url: field.optional(
    { kind: 'text', doc: "Base URL of the REST interface, in place of the venue's own.", form: REST_URL },
    REST_URL.sample,
  ),
})

const snapshotDepth = (max: number) =>
  field.integer(
    'Levels a side asked for in a book snapshot, rounded up to what the venue offers. More levels cost more request weight: on spot 1000 cost 50 of 6000 a minute, 5000 cost 250.',
    { value: 1_000, min: 100, max },
  )

const VENUES = field.section('The venues. Each has the same keys; what is left out takes its default.', {
  'binance-spot': field.section('Binance spot.', {
    ...venueFields({
      instruments: ['BTCUSDT', 'ETHUSDT'],
      book: ['depth@100ms', 'depth'],
      trade: ['trade', 'aggTrade'],
    }),
    snapshot_depth: snapshotDepth(5_000),
  }),
  'binance-derivatives': field.section('Binance USD-M futures.', {
    ...venueFields({
      instruments: ['BTCUSDT', 'ETHUSDT'],
      book: ['depth@100ms', 'depth@500ms', 'depth', 'depth@0ms'],
      trade: ['aggTrade', 'trade'],
    }),
    snapshot_depth: snapshotDepth(1_000),
  }),
  'okx-spot': field.section(
    'OKX spot.',
    venueFields({
      instruments: ['BTC-USDT', 'ETH-USDT'],
      book: ['books', 'books-l2-tbt'],
      trade: ['trades', 'trades-all'],
    }),
  ),
  'okx-derivatives': field.section(
    'OKX swaps and futures.',
    venueFields({
      instruments: ['BTC-USDT-SWAP', 'ETH-USDT-SWAP'],
      book: ['books', 'books-l2-tbt'],
      trade: ['trades', 'trades-all'],
    }),
  ),
  deribit: field.section(
    'Deribit futures, perpetuals, options and spot.',
    venueFields({
      instruments: ['BTC-PERPETUAL', 'ETH-PERPETUAL'],
      book: ['100ms', 'raw', 'agg2'],
      trade: ['100ms', 'raw', 'agg2'],
    }),
  ),
})

const DEPTH = field.integer('Levels a side of a published top.', { value: 20, min: 1, max: DEPTH_MAX })
const EVERY_MS = field.integer('At most one top of a book in this time, and none while nothing changes.', {
  value: 1_000,
  min: 10,
  max: 3_600_000,
})

const OVERRIDE = field.section('What is published of one instrument.', {
  instrument: field.requiredText('The instrument, by symbol or common name.', INSTRUMENT),
  venue: field.optional(field.choice('Only of this venue; left out: of every venue.', VENUE_IDS), 'deribit'),
  deltas: field.optional(field.boolean('As `publish.deltas`.', true), 'false'),
  books: field.optional(field.boolean('As `publish.books.enabled`.', true), 'true'),
  depth: field.optional({ ...DEPTH, doc: 'As `publish.books.depth`.' }, '400'),
  every_ms: field.optional({ ...EVERY_MS, doc: 'As `publish.books.every_ms`.' }, '100'),
})

/**
 * The configuration: one definition of which keys there are, what they take, what they default to and what they mean.
 * docs/CONFIG.md and marketprism.example.yaml are made from it.
 */
export const SCHEMA = field.section('Configuration of a collector.', {
  name: field.text('Name of this collector, to tell it from others.', COLLECTOR_NAME, 'marketprism'),
  venues: VENUES,
  publish: field.section('Which records are made of books. Trades and gaps are always published.', {
    deltas: field.boolean('Each verified change of a book, as `orderbook_delta` records.', true),
    books: field.section('The top of each book, as `orderbook` records.', {
      enabled: field.boolean('Whether tops are published.', true),
      depth: DEPTH,
      every_ms: EVERY_MS,
    }),
    overrides: field.entries(
      'Other choices for single instruments. Where several match, the last wins.',
      OVERRIDE,
      OVERRIDE_LIMIT,
    ),
  }),
  book: field.section('Order books in memory.', {
    level_limit: field.integer(
      'Levels kept a side. Those beyond are forgotten and said to be unknown (`known_depth_bids`, `known_depth_asks`).',
      { value: 10_000, min: 100, max: 100_000 },
    ),
  }),
  journal: field.section('The files that every record is written to.', {
    folder: field.text('Where the segments are. One collector a folder.', FOLDER, './data/journal'),
    segment_bytes: field.integer('A segment is sealed at this size.', {
      value: 64 * MEBIBYTE,
      min: MEBIBYTE,
      max: 4_096 * MEBIBYTE,
    }),
    segment_minutes: field.integer('A segment is sealed at this age.', { value: 60, min: 1, max: 1_440 }),
    flush_ms: field.integer('A record waits at most this long before it is given to the operating system.', {
      value: 2,
      min: 1,
      max: 1_000,
    }),
    fsync_ms: field.integer(
      'At most this long until what was written is forced to the disk: what a power cut may cost.',
      {
        value: 200,
        min: 10,
        max: 60_000,
      },
    ),
    limit_bytes: field.integer(
      'The segments together hold at most this much. Beyond it the oldest go, even if a sink has not read them: for that sink this is a loss, which is counted.',
      { value: 64 * GIBIBYTE, min: JOURNAL_LIMIT_MIN_BYTES, max: 1_048_576 * GIBIBYTE },
    ),
    keep_hours: field.integer(
      'Segments that every sink has read are removed at this age. A sink counts as long as its cursor is in the folder `sinks` of the journal, also while it is not enabled.',
      {
        value: 24,
        min: 0,
        max: 87_600,
      },
    ),
    free_bytes: field.integer(
      'When the disk has less room than this, the oldest segments go: first those that every sink has read, then others.',
      { value: 2 * GIBIBYTE, min: 0, max: 1_048_576 * GIBIBYTE },
    ),
  }),
  sinks: SINKS,
  capture: field.section(
    'Raw capture: the exact frames of both directions, for `marketprism replay` and `verify`.',
    {
      enabled: field.boolean(
        'Whether `start` captures beside collecting. The command `capture` always does.',
        false,
      ),
      folder: field.text('Where the captures are.', FOLDER, './data/capture'),
      rotate_bytes: field.integer('The next file is begun when one holds this much text.', {
        value: 256 * MEBIBYTE,
        min: MEBIBYTE,
        max: 16_384 * MEBIBYTE,
      }),
      compression: field.choice('How capture files are packed.', ['zstd', 'gzip', 'none']),
    },
  ),
  http: HTTP,
  health: HEALTH,
  supervisor: SUPERVISOR,
  governor: GOVERNOR,
  alerts: ALERTS,
  rotation: field.section('Planned replacement of sockets, before the venue ends them.', {
    after_hours: field.integer(
      'A socket of this age is replaced: its successor is verified before it goes.',
      {
        value: 23,
        min: 1,
        max: 23,
      },
    ),
  }),
})

/** A checked configuration, complete with defaults. */
export type Config = field.ValueOf<typeof SCHEMA>
