import type { RecordType } from '../../core/record.ts'

/** Quoted name, with its database, of the table for records of a type. */
export type TableOf = (type: RecordType) => string

/** One step from one version of the schema to the next. Doing it again, also half of it, changes nothing. */
export interface Migration {
  /** From 1, without a hole. */
  readonly version: number
  readonly name: string
  statements(tableOf: TableOf): readonly string[]
}

const MICROS = `DateTime64(6, 'UTC')`
const LEVELS = 'Array(Tuple(price Decimal(38, 18), size Decimal(38, 18)))'

const COMMON_1 = `
  type LowCardinality(String) CODEC(ZSTD(1)),
  exchange LowCardinality(String) CODEC(ZSTD(1)),
  market_type LowCardinality(String) CODEC(ZSTD(1)),
  symbol LowCardinality(String) CODEC(ZSTD(1)),
  instrument LowCardinality(String) CODEC(ZSTD(1)),
  session LowCardinality(String) CODEC(ZSTD(1)),
  seq Int64 CODEC(DoubleDelta, ZSTD(1)),
  venue_time_us Nullable(${MICROS}) CODEC(Delta, ZSTD(1)),
  recv_time_us ${MICROS} CODEC(Delta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  time_us ${MICROS} MATERIALIZED coalesce(venue_time_us, recv_time_us) CODEC(Delta, ZSTD(1)),
  INDEX recv_time recv_time_us TYPE minmax GRANULARITY 1`

const SIZE_1 = `
  size_unit LowCardinality(String) CODEC(ZSTD(1)),
  contract_size Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  contract_currency LowCardinality(Nullable(String)) CODEC(ZSTD(1))`

const BOOK_1 = `
  epoch Int64 CODEC(Delta, ZSTD(1)),
  known_depth_bids Nullable(Int64) CODEC(ZSTD(1)),
  known_depth_asks Nullable(Int64) CODEC(ZSTD(1))`

/** The reader of JSON takes `null` for 0 where a number must stand, and an empty text for a decimal 0: such rows are refused here. */
const WHOLE_1 = `type != '' AND exchange != '' AND market_type != '' AND symbol != '' AND instrument != '' AND session != ''
    AND id != '' AND seq > 0 AND toUnixTimestamp64Micro(recv_time_us) > 0`

/**
 * Sorted by what a question names first: a symbol, then a stretch of time. Two rows with equal sort keys are one, once parts have been
 * merged; `time_us`, and no time of ours, stands there because it is the same for the same `id` wherever it was collected. For the
 * same reason the partition is its day; a day, because retention then drops whole partitions and rewrites nothing.
 *
 * - `non_replicated_deduplication_window`: inserts whose token is remembered; a batch comes again at once or soon
 * - `fsync_*`: an insert that was answered is on the disk
 */
const SORTED_1 = `ENGINE = ReplacingMergeTree
  PARTITION BY toYYYYMMDD(time_us)
  ORDER BY (exchange, market_type, symbol, time_us, id)
  SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1`

const TRADE_1 = `${COMMON_1},${SIZE_1},
  stream LowCardinality(String) CODEC(ZSTD(1)),
  trade_id String CODEC(ZSTD(1)),
  trade_seq Int64 CODEC(DoubleDelta, ZSTD(1)),
  first_fill_id Nullable(Int64) CODEC(Delta, ZSTD(1)),
  last_fill_id Nullable(Int64) CODEC(Delta, ZSTD(1)),
  price Decimal(38, 18) CODEC(ZSTD(1)),
  size Decimal(38, 18) CODEC(ZSTD(1)),
  aggressor LowCardinality(String) CODEC(ZSTD(1)),
  flags Array(LowCardinality(String)) CODEC(ZSTD(1)),
  CONSTRAINT whole CHECK ${WHOLE_1} AND size_unit != '' AND stream != '' AND trade_id != '' AND aggressor != '' AND size > 0`

const DELTA_1 = `${COMMON_1},${SIZE_1},${BOOK_1},
  first_sequence Nullable(Int64) CODEC(Delta, ZSTD(1)),
  last_sequence Nullable(Int64) CODEC(Delta, ZSTD(1)),
  bids ${LEVELS} CODEC(ZSTD(1)),
  asks ${LEVELS} CODEC(ZSTD(1)),
  CONSTRAINT whole CHECK ${WHOLE_1} AND size_unit != '' AND epoch > 0`

const BOOK_TABLE_1 = `${COMMON_1},${SIZE_1},${BOOK_1},
  sequence Nullable(Int64) CODEC(Delta, ZSTD(1)),
  full Bool CODEC(ZSTD(1)),
  bids ${LEVELS} CODEC(ZSTD(1)),
  asks ${LEVELS} CODEC(ZSTD(1)),
  CONSTRAINT whole CHECK ${WHOLE_1} AND size_unit != '' AND epoch > 0`

const GAP_1 = `${COMMON_1},
  channel LowCardinality(String) CODEC(ZSTD(1)),
  cause LowCardinality(String) CODEC(ZSTD(1)),
  from_time_us ${MICROS} CODEC(Delta, ZSTD(1)),
  to_time_us Nullable(${MICROS}) CODEC(Delta, ZSTD(1)),
  from_sequence Nullable(Int64) CODEC(ZSTD(1)),
  to_sequence Nullable(Int64) CODEC(ZSTD(1)),
  missed Nullable(Int64) CODEC(ZSTD(1)),
  repaired_by LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
  CONSTRAINT whole CHECK ${WHOLE_1} AND channel != '' AND cause != '' AND toUnixTimestamp64Micro(from_time_us) > 0`

/**
 * All steps, in order. What a step says never changes once it has been released: a record that gains a key needs another step. That
 * all of them together make the columns of `columnsOf` is tested, and checked at every start.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'a table for each type of record',
    statements: (tableOf) => [
      `CREATE TABLE IF NOT EXISTS ${tableOf('trade')} (${TRADE_1}) ${SORTED_1}`,
      `CREATE TABLE IF NOT EXISTS ${tableOf('orderbook_delta')} (${DELTA_1}) ${SORTED_1}`,
      `CREATE TABLE IF NOT EXISTS ${tableOf('orderbook')} (${BOOK_TABLE_1}) ${SORTED_1}`,
      `CREATE TABLE IF NOT EXISTS ${tableOf('gap')} (${GAP_1}) ${SORTED_1}`,
    ],
  },
]
