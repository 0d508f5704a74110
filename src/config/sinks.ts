import * as field from './field.ts'
import { CLICKHOUSE } from './clickhouse.ts'
import { NATS } from './nats.ts'
import { PARQUET } from './parquet.ts'

/** Where records go from the journal. */
export const SINKS = field.section(
  'Where records go from the journal: `marketprism deliver` reads it and writes to every sink that is enabled, each at its own pace.',
  {
    parquet: PARQUET,
    nats: NATS,
    clickhouse: CLICKHOUSE,
    stdout: field.section('Records as lines on standard output.', {
      enabled: field.boolean('Whether records go there.', false),
    }),
  },
)
