import * as field from './field.ts'

/** How the processes of an instance are watched. */
export const SUPERVISOR = field.section('How `start` watches the processes that it starts.', {
  collectors: field.choice(
    'How many collectors `start` runs. `one`: least memory, and the end of it ends every venue for some seconds. `per_venue`: one for each enabled venue, so that the end of one leaves the others; each takes about 100 MB more and may fill its own `heap_mb`. Its journal and its Parquet store are then in folders below `journal.folder` and `sinks.parquet.folder` that are named as the venue, and `journal.limit_bytes` is shared equally. What was written by the other setting is still delivered and queried, but no longer removed by itself. `--single-process` has one.',
    ['one', 'per_venue'],
  ),
  stalling_seconds: field.integer('A process that has not been heard from for so long is called stalling.', {
    value: 5,
    min: 1,
    max: 600,
  }),
  unhealthy_seconds: field.integer('After so long it is unhealthy, and evidence is kept.', {
    value: 10,
    min: 2,
    max: 1_200,
  }),
  kill_seconds: field.integer('After so long it is killed and started again.', {
    value: 15,
    min: 3,
    max: 3_600,
  }),
  heap_mb: field.integer(
    'Heap of a collector. At this limit it ends with a report and is started again, long before the system kills it without one.',
    { value: 2_048, min: 64, max: 65_536 },
  ),
  crash_limit: field.integer(
    'More ends than this within 15 minutes are a crash loop: unhealthy, and tried on every minute.',
    {
      value: 5,
      min: 1,
      max: 1_000,
    },
  ),
})
