import { type Alert, alertOf, fires, of, ours, quiet, say, twinOf } from '../alert.ts'
import { growing, sequence, steady } from '../series.ts'

const OKX = { venue: 'okx-spot' }
const DERIBIT = { venue: 'deribit' }
const messages = (labels: typeof OKX): string => ours('collector_messages_received_total', labels)
const last = (channel: string): string =>
  ours('collector_last_message_timestamp_seconds', { ...OKX, channel })
const BAN = ours('collector_venue_ban_until_timestamp_seconds', OKX)
const MAINTENANCE = ours('collector_venue_maintenance', OKX)
const reconnects = (reason: string): string => ours('collector_ws_reconnects_total', { ...OKX, reason })

/** One venue, and all of them. */
export const VENUE_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorNoData',
    severity: 'critical',
    twin: twinOf({ metric: 'collector_messages_received_total' }, { [messages(OKX)]: growing(0, 100, 5) }),
    summary: say('No venue delivers anything', '所有交易所均无数据'),
    dashboard: 'business',
    rules: [
      {
        expr: `sum by (job, instance) (rate(${of('collector_messages_received_total')}[2m])) == 0`,
        for: '2m',
        keepFiringFor: '2m',
        description: say(
          'Not a single message has come from any venue for two minutes and more.',
          '已有两分钟以上没有收到任何交易所的任何消息。',
        ),
        cases: [
          fires(
            'all venues fall silent',
            {
              [messages(OKX)]: sequence(growing(0, 100, 2), steady(700, 8)),
              [messages(DERIBIT)]: sequence(growing(0, 50, 2), steady(350, 8)),
            },
            '7m',
            alertOf(''),
          ),
          quiet(
            'one of two venues falls silent',
            { [messages(OKX)]: steady(700, 10), [messages(DERIBIT)]: growing(0, 1, 10) },
            '9m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorVenueDown',
    severity: 'critical',
    twin: twinOf(
      { metric: 'collector_last_message_timestamp_seconds' },
      { [last('book')]: growing(0, 15, 5) },
    ),
    summary: say('A venue delivers nothing', '交易所无数据'),
    dashboard: 'venue',
    rules: [
      {
        // The age at the scrape: at the evaluation it would be as much older as the scrape is old.
        expr: [
          `min by (job, instance, venue) (`,
          `  timestamp(${of('collector_last_message_timestamp_seconds', 'channel=~"book|trade"')})`,
          `  - ${of('collector_last_message_timestamp_seconds', 'channel=~"book|trade"')}`,
          `) > 60`,
          `unless on (job, instance, venue) ${of('collector_venue_maintenance')} == 1`,
        ].join('\n'),
        for: '1m',
        keepFiringFor: '5m',
        description: say(
          'The last good book or trade of {{ $labels.venue }} came {{ $value | humanizeDuration }} ago.',
          '{{ $labels.venue }} 最后一条有效的订单簿或成交数据在 {{ $value | humanizeDuration }} 前。',
        ),
        cases: [
          fires(
            'neither books nor trades come',
            {
              [last('book')]: sequence(growing(0, 15, 1), steady(45, 5)),
              [last('trade')]: steady(0, 6),
              [MAINTENANCE]: steady(0, 6),
            },
            '225s',
            alertOf('3m 0s', OKX),
          ),
          quiet('trades come', { [last('book')]: steady(0, 6), [last('trade')]: growing(0, 15, 6) }, '5m'),
          quiet(
            'the venue says that it is in maintenance',
            { [last('book')]: steady(0, 6), [MAINTENANCE]: steady(1, 6) },
            '5m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorVenueBanned',
    severity: 'critical',
    noTwin: 'Absent while the venue takes requests.',
    summary: say('A venue takes no requests from this host', '交易所已封禁本机请求'),
    dashboard: 'venue',
    rules: [
      {
        // A limit that is over within the minute is daily life.
        expr: `max by (job, instance, venue) (${of('collector_venue_ban_until_timestamp_seconds')}) - time() > 0`,
        for: '1m',
        keepFiringFor: '5m',
        description: say(
          '{{ $labels.venue }} wants no requests for {{ $value | humanizeDuration }} more: no book can be made live that needs a snapshot.',
          '{{ $labels.venue }} 在 {{ $value | humanizeDuration }} 内拒绝请求：需要快照的订单簿无法恢复。',
        ),
        cases: [
          fires(
            'a ban of ten minutes begins',
            { [BAN]: sequence(steady(600, 3)) },
            '90s',
            alertOf('8m 30s', OKX),
          ),
          quiet(
            'a limit of half a minute is met',
            { [BAN]: sequence(steady(30, 0.5), '_x10') },
            '30s',
            '1m',
            '2m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorReconnectStorm',
    severity: 'warning',
    summary: say('Connections to a venue end again and again', '交易所连接反复断开'),
    dashboard: 'venue',
    rules: [
      {
        expr: `sum by (job, instance, venue) (increase(${of('collector_ws_reconnects_total')}[10m])) > 20`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          '{{ $value | printf "%.0f" }} connections to {{ $labels.venue }} were given up within 10 minutes; the threshold is 20.',
          '10 分钟内放弃了 {{ $value | printf "%.0f" }} 个到 {{ $labels.venue }} 的连接，阈值为 20。',
        ),
        cases: [
          fires(
            'connections end for two reasons, 4 a minute',
            { [reconnects('closed')]: growing(0, 0.5, 20), [reconnects('silent')]: growing(0, 0.5, 20) },
            '14m',
            alertOf('40', OKX),
          ),
          quiet('a connection ends each minute', { [reconnects('closed')]: growing(0, 0.25, 20) }, '19m'),
        ],
      },
    ],
  },
]
