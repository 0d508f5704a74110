import { type Alert, alertOf, eventsOf, fires, of, ours, quiet, say, twinOf } from '../alert.ts'
import { GONE, growing, missing, sequence, steady } from '../series.ts'
import { THRESHOLDS } from '../thresholds.ts'

const LOST = { stage: 'sending', reason: 'lost' }
const DROPPED = ours('collector_events_dropped_total', { ...LOST, intentional: 'false' })
const SHED = ours('collector_events_dropped_total', {
  stage: 'processing',
  reason: 'governor',
  intentional: 'true',
})
const START = ours('process_start_time_seconds')
const NATS = ours('collector_nats_connected')
const OUTBOX = ours('collector_outbox_bytes')
const CAPACITY = ours('collector_outbox_capacity_bytes')
const PARQUET = { sink: 'parquet' }
const TROUBLE = ours('collector_sink_trouble', { sink: 'nats', code: 'mismatch' })
const SUCCESS = ours('collector_storage_last_success_timestamp_seconds', PARQUET)
const BEHIND = ours('collector_sink_behind_bytes', PARQUET)
const PAUSED = ours('collector_sink_paused', PARQUET)
const ERRORS = ours('collector_storage_write_errors_total', PARQUET)

const filled = `${of('collector_outbox_bytes')} / (${of('collector_outbox_capacity_bytes')} > 0)`
const success = of('collector_storage_last_success_timestamp_seconds')

/** What becomes of records. */
export const DELIVERY_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorDataLoss',
    severity: 'critical',
    twin: twinOf({ metric: 'collector_events_dropped_total' }, { [DROPPED]: steady(0, 5) }),
    summary: say('Records were lost', '数据丢失'),
    dashboard: 'delivery',
    rules: [
      {
        expr: eventsOf({
          job: 'collector',
          counter: 'collector_events_dropped_total',
          matchers: 'intentional="false"',
          by: 'stage, reason',
          window: '5m',
        }),
        for: '0s',
        keepFiringFor: '10m',
        description: say(
          '{{ $value | printf "%.0f" }} records were lost within 5 minutes at stage {{ $labels.stage }}: {{ $labels.reason }}.',
          '5 分钟内在 {{ $labels.stage }} 阶段丢失 {{ $value | printf "%.0f" }} 条记录：{{ $labels.reason }}。',
        ),
        cases: [
          fires(
            'records are lost by an instance that has lost none',
            { [DROPPED]: sequence(steady(0, 5), steady(20, 5)), [START]: steady(0, 10) },
            '6m',
            alertOf('20', LOST),
          ),
          fires(
            'records were lost before the first scrape of an instance',
            { [DROPPED]: sequence(missing(1), steady(3, 5)), [START]: sequence(missing(1), steady(-390, 5)) },
            '1m',
            alertOf('3', LOST),
          ),
          quiet(
            'Prometheus sees an instance for the first time that lost records long ago',
            { [DROPPED]: steady(1_000, 5), [START]: steady(-900, 5) },
            '0s',
            '1m',
            '4m',
          ),
          quiet(
            'the governor leaves something out on purpose',
            { [SHED]: growing(0, 100, 10), [START]: steady(0, 10) },
            '1m',
            '9m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorNatsDisconnected',
    severity: 'critical',
    noTwin: 'Absent without this sink.',
    summary: say('NATS is not connected', 'NATS 连接断开'),
    dashboard: 'delivery',
    rules: [
      {
        expr: `${of('collector_nats_connected')} == 0`,
        for: '1m',
        keepFiringFor: '5m',
        description: say(
          'NATS has taken nothing for one minute. The journal keeps the records up to its limit.',
          'NATS 已有一分钟未接收数据。记录由日志保存，直至达到其上限。',
        ),
        cases: [
          fires('NATS goes away', { [NATS]: sequence(steady(1, 1), steady(0, 4)) }, '150s', alertOf('')),
          {
            name: 'NATS comes and goes: it is one alert, which ends five minutes after the last time',
            series: { [NATS]: sequence(steady(0, 3), steady(1, 3), steady(0, 2), steady(1, 10)) },
            fires: [
              { at: '5m', alerts: [alertOf('')] },
              { at: '10m', alerts: [alertOf('')] },
            ],
            quiet: ['14m'],
          },
          quiet(
            'NATS is away for half a minute',
            { [NATS]: sequence(steady(0, 0.5), steady(1, 4)) },
            '1m',
            '3m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorOutboxFilling',
    severity: 'warning',
    summary: say('More than half of the journal is unread', '日志积压超过一半'),
    dashboard: 'delivery',
    rules: [
      {
        expr: `${filled} > ${THRESHOLDS.outboxShare}`,
        for: '2m',
        keepFiringFor: '5m',
        description: say(
          '{{ $value | humanizePercentage }} of what the journal may hold is unread by the slowest sink. When it is full the oldest records go.',
          '最慢的输出端未读取的数据占日志容量的 {{ $value | humanizePercentage }}。写满后最旧的记录将被删除。',
        ),
        cases: [
          fires(
            'three fifths are unread',
            { [OUTBOX]: steady(60e9, 4), [CAPACITY]: steady(100e9, 4) },
            '3m',
            alertOf('60%'),
          ),
          quiet('two fifths are unread', { [OUTBOX]: steady(40e9, 4), [CAPACITY]: steady(100e9, 4) }, '3m'),
        ],
      },
    ],
  },
  {
    name: 'CollectorOutboxFullSoon',
    severity: 'critical',
    noTwin: 'Absent without a sink.',
    summary: say('The journal will be full within half an hour', '日志将在半小时内写满'),
    dashboard: 'delivery',
    rules: [
      {
        expr: [
          `predict_linear(${of('collector_outbox_bytes')}[10m], 1800) > ${of('collector_outbox_capacity_bytes')}`,
          `and ${filled} > 0.25`,
        ].join('\n'),
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          'At this rate {{ $value | humanize }}B will be unread in half an hour: more than the journal may hold. The oldest records will be lost.',
          '按当前速度，半小时后将有 {{ $value | humanize }}B 未读取，超过日志容量，最旧的记录将会丢失。',
        ),
        cases: [
          fires(
            'the unread part grows by 2 GB a minute',
            { [OUTBOX]: growing(40e9, 5e8, 20), [CAPACITY]: steady(100e9, 20) },
            '9m',
            alertOf('118G'),
          ),
          quiet(
            'a journal that is nearly empty grows as fast',
            { [OUTBOX]: growing(0, 8e8, 8), [CAPACITY]: steady(100e9, 8) },
            '450s',
          ),
          quiet(
            'half of it is unread, and no more',
            { [OUTBOX]: steady(50e9, 20), [CAPACITY]: steady(100e9, 20) },
            '19m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorStorageStalled',
    severity: 'critical',
    noTwin: 'Absent without a sink that stores.',
    summary: say('A store takes nothing', '存储停止写入'),
    dashboard: 'delivery',
    rules: [
      {
        // Only where there has been something to store for as long as a conversion may take (sinks.parquet.deadline_seconds): Parquet
        // gets a segment an hour, at the end of which its last success is as old. A pause is the matter of CollectorDegradationActive.
        expr: [
          `timestamp(${success}) - ${success} > ${THRESHOLDS.storeSilenceSeconds}`,
          `and on (job, instance, sink) min_over_time(${of('collector_sink_behind_bytes')}[${THRESHOLDS.storeBehindMinutes}m]) > 0`,
          `unless on (job, instance, sink) ${of('collector_sink_paused')} == 1`,
        ].join('\n'),
        for: '2m',
        keepFiringFor: '5m',
        description: say(
          `Sink {{ $labels.sink }} took something for the last time {{ $value | humanizeDuration }} ago, and there has been more for it for ${THRESHOLDS.storeBehindMinutes} minutes.`,
          `输出端 {{ $labels.sink }} 最后一次成功写入在 {{ $value | humanizeDuration }} 前，且已有待写入的数据达 ${THRESHOLDS.storeBehindMinutes} 分钟。`,
        ),
        cases: [
          fires(
            'a store takes nothing though there is something for it',
            { [SUCCESS]: steady(0, 10), [BEHIND]: steady(1e6, 10), [PAUSED]: steady(0, 10) },
            '8m',
            alertOf('8m 0s', PARQUET),
          ),
          fires(
            'a segment of an hour is not stored for a quarter of an hour',
            { [SUCCESS]: steady(0, 80), [BEHIND]: sequence(steady(0, 60), steady(6e7, 20)) },
            '75m',
            alertOf('1h 15m 0s', PARQUET),
          ),
          quiet(
            'a conversion of a segment of an hour takes eight minutes',
            {
              [SUCCESS]: sequence(steady(0, 68), steady(4_080, 12)),
              [BEHIND]: sequence(steady(0, 60), steady(6e7, 8), steady(0, 12)),
            },
            '63m',
            '67m',
            '72m',
          ),
          quiet(
            'a store took something four minutes ago',
            { [SUCCESS]: growing(-240, 15, 10), [BEHIND]: steady(1e6, 10), [PAUSED]: steady(0, 10) },
            '9m',
          ),
          quiet(
            'there is nothing to store',
            { [SUCCESS]: steady(0, 60), [BEHIND]: steady(0, 60), [PAUSED]: steady(0, 60) },
            '30m',
            '59m',
          ),
          quiet(
            'a segment of an hour is stored within a minute',
            {
              [SUCCESS]: sequence(steady(0, 61), steady(3_660, 9)),
              [BEHIND]: sequence(steady(0, 60), steady(6e7, 1), steady(0, 9)),
            },
            '61m',
            '63m',
            '69m',
          ),
          quiet(
            'the governor has paused the store',
            { [SUCCESS]: steady(0, 10), [BEHIND]: steady(1e6, 10), [PAUSED]: steady(1, 10) },
            '9m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorSinkFailing',
    severity: 'warning',
    summary: say('A sink does not get on', '输出端持续失败'),
    dashboard: 'delivery',
    rules: [
      {
        expr: `max by (job, instance, sink, code) (${of('collector_sink_trouble')}) > 0`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          'Sink {{ $labels.sink }} has failed for five minutes, {{ $value }} times in a row: {{ $labels.code }}. The journal keeps its records up to its limit.',
          '输出端 {{ $labels.sink }} 已持续失败五分钟，连续 {{ $value }} 次：{{ $labels.code }}。记录由日志保存，直至达到其上限。',
        ),
        cases: [
          fires(
            'a stream is not what is configured, though the server answers',
            { [TROUBLE]: sequence(missing(1), steady(7, 7)), [NATS]: steady(1, 8) },
            '7m',
            alertOf('7', { sink: 'nats', code: 'mismatch' }),
          ),
          quiet(
            'it is mended within two minutes',
            { [TROUBLE]: sequence(missing(1), steady(2, 2), GONE) },
            '3m',
            '7m',
            '12m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorStorageErrors',
    severity: 'warning',
    summary: say('A store refuses batches', '存储写入反复失败'),
    dashboard: 'delivery',
    rules: [
      {
        // A single refusal stays in the window for less than it has to hold.
        expr: `sum by (job, instance, sink) (increase(${of('collector_storage_write_errors_total')}[3m])) > 0`,
        for: '5m',
        keepFiringFor: '10m',
        description: say(
          'Sink {{ $labels.sink }} refused {{ $value | printf "%.0f" }} batches within 3 minutes. They are given again.',
          '输出端 {{ $labels.sink }} 在 3 分钟内拒绝了 {{ $value | printf "%.0f" }} 个批次，将重新写入。',
        ),
        cases: [
          fires(
            'a batch is refused each minute',
            { [ERRORS]: growing(0, 0.25, 10) },
            '8m',
            alertOf('3', PARQUET),
          ),
          quiet(
            'a batch is refused once',
            { [ERRORS]: sequence(steady(0, 2), steady(1, 10)) },
            '4m',
            '8m',
            '11m',
          ),
        ],
      },
    ],
  },
]
