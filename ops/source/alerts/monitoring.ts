import { type Alert, type AlertRule, eventsOf, type ExpectedAlert, fires, quiet, say } from '../alert.ts'
import { type CaseSeries, growing, missing, sequence, series, steady } from '../series.ts'

const BRIDGE = { job: 'alert-bridge', instance: 'host:8060' } as const
const ALERTMANAGER = { job: 'alertmanager', instance: 'host:9093' } as const
const OPS = { robot: 'ops' } as const
const PROMETHEUS = { job: 'prometheus', instance: 'host:9090' } as const

const QUEUE = series('dingtalk_queue_depth', { ...BRIDGE, ...OPS })
const HEARTBEAT = series('alert_bridge_watchdog_timestamp_seconds', BRIDGE)
const FAILED = series('dingtalk_notifications_total', {
  ...BRIDGE,
  ...OPS,
  result: 'failed',
  errcode: '310000',
})
const SENT = series('dingtalk_notifications_total', { ...BRIDGE, ...OPS, result: 'sent', errcode: '0' })
const GIVEN_UP = series('alert_bridge_dropped_total', { ...BRIDGE, ...OPS, severity: 'warning' })
const heartbeats = (result: string): string => series('alert_bridge_heartbeats_total', { ...BRIDGE, result })
const KEPT = heartbeats('kept')
const FORWARDED = heartbeats('forwarded')
const BRIDGE_START = series('process_start_time_seconds', BRIDGE)
const WEBHOOK_FAILED = series('alertmanager_notifications_failed_total', {
  ...ALERTMANAGER,
  integration: 'webhook',
})
const DROPPED = series('prometheus_notifications_dropped_total', PROMETHEUS)

/** Everything on the way of an alert, at work for so long; other values in place of some. */
const path = (minutes: number, some: CaseSeries = {}): CaseSeries => ({
  [series('up', BRIDGE)]: steady(1, minutes),
  [series('up', ALERTMANAGER)]: steady(1, minutes),
  [QUEUE]: steady(0, minutes),
  [HEARTBEAT]: growing(0, 15, minutes),
  ...some,
})
const broken = (value: string, labels: Readonly<Record<string, string>>): ExpectedAlert => ({ labels, value })

type Part = typeof BRIDGE | typeof ALERTMANAGER

/** The rule for a part that does not answer. `others` has the other parts, at work. */
function downRule(signal: string, part: Part, others: CaseSeries): AlertRule {
  const { job } = part
  return {
    expr: `up{job="${job}"} == 0\nor absent(up{job="${job}"})`,
    for: '2m',
    keepFiringFor: '5m',
    labels: { signal },
    description: say(
      'Prometheus has had no metrics from {{ $labels.job }} for two minutes.',
      'Prometheus 已有两分钟无法从 {{ $labels.job }} 抓取指标。',
    ),
    cases: [
      fires(
        `${job} does not answer`,
        path(5, { [series('up', part)]: steady(0, 5) }),
        '3m',
        broken('', { ...part, signal }),
      ),
      fires(`${job} is not there at all`, others, '3m', broken('', { job, signal })),
      quiet(`${job} answers, as does every part`, path(5), '1m', '4m'),
    ],
  }
}

/** The way of an alert itself. While it is broken these may reach nobody: then it is the heartbeat that is missed outside. */
export const MONITORING_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorAlertDeliveryFailing',
    severity: 'critical',
    noTwin: 'The first two rules look for the absence of each part.',
    summary: say('Alerts do not reach people', '告警无法送达'),
    dashboard: 'monitoring-path',
    rules: [
      downRule('bridge_down', BRIDGE, { [series('up', ALERTMANAGER)]: steady(1, 5) }),
      downRule('alertmanager_down', ALERTMANAGER, { [series('up', BRIDGE)]: steady(1, 5) }),
      {
        // One robot that refuses everything: a single try that fails is made again.
        expr: [
          `(${eventsOf({ job: 'alert-bridge', counter: 'dingtalk_notifications_total', matchers: 'result="failed"', by: 'robot', window: '10m' })})`,
          'unless on (job, instance, robot)',
          `(${eventsOf({ job: 'alert-bridge', counter: 'dingtalk_notifications_total', matchers: 'result="sent"', by: 'robot', window: '10m' })})`,
        ].join('\n'),
        for: '5m',
        keepFiringFor: '5m',
        labels: { signal: 'refused' },
        description: say(
          'Robot {{ $labels.robot }} has taken none of {{ $value | printf "%.0f" }} messages within 10 minutes.',
          '机器人 {{ $labels.robot }} 在 10 分钟内未接受任何消息，共 {{ $value | printf "%.0f" }} 条。',
        ),
        cases: [
          fires(
            'all messages since the start are refused',
            path(15, { [FAILED]: steady(1, 15), [BRIDGE_START]: steady(0, 15) }),
            '6m',
            broken('1', { ...BRIDGE, ...OPS, signal: 'refused' }),
          ),
          fires(
            'a message a minute is refused',
            path(15, {
              [FAILED]: growing(4, 0.25, 15),
              [SENT]: steady(9, 15),
              [BRIDGE_START]: steady(-9_000, 15),
            }),
            '14m',
            broken('10', { ...BRIDGE, ...OPS, signal: 'refused' }),
          ),
          quiet(
            'one message is refused, and others are taken',
            path(15, {
              [FAILED]: sequence(steady(4, 5), steady(5, 10)),
              [SENT]: growing(1, 1, 15),
              [BRIDGE_START]: steady(-9_000, 15),
            }),
            '11m',
            '14m',
          ),
          quiet(
            'Prometheus sees a bridge for the first time that was refused long ago',
            path(15, { [FAILED]: steady(4, 15), [BRIDGE_START]: steady(-2_000, 15) }),
            '6m',
            '14m',
          ),
        ],
      },
      {
        expr: 'alert_bridge_robot_up{job="alert-bridge"} == 0',
        for: '5m',
        keepFiringFor: '5m',
        labels: { signal: 'robot' },
        description: say(
          'Robot {{ $labels.robot }} has taken no messages for five minutes.',
          '机器人 {{ $labels.robot }} 已有五分钟不接受消息。',
        ),
        cases: [
          fires(
            'a robot takes nothing',
            path(8, { [series('alert_bridge_robot_up', { ...BRIDGE, ...OPS })]: steady(0, 8) }),
            '6m',
            broken('', { ...BRIDGE, ...OPS, signal: 'robot' }),
          ),
          quiet(
            'a robot takes messages again',
            path(8, {
              [series('alert_bridge_robot_up', { ...BRIDGE, ...OPS })]: sequence(steady(0, 3), steady(1, 5)),
            }),
            '4m',
            '7m',
          ),
        ],
      },
      {
        expr: eventsOf({
          job: 'alert-bridge',
          counter: 'alert_bridge_dropped_total',
          by: 'robot',
          window: '10m',
        }),
        for: '0s',
        keepFiringFor: '15m',
        labels: { signal: 'given_up' },
        description: say(
          '{{ $value | printf "%.0f" }} alerts were given up within 10 minutes: robot {{ $labels.robot }} refuses them in every form.',
          '10 分钟内放弃了 {{ $value | printf "%.0f" }} 条告警：机器人 {{ $labels.robot }} 以任何形式均拒绝接收。',
        ),
        cases: [
          fires(
            'the first alert is given up',
            path(5, { [GIVEN_UP]: sequence(missing(2), steady(1, 3)), [BRIDGE_START]: steady(-700, 5) }),
            '2m',
            broken('1', { ...BRIDGE, ...OPS, signal: 'given_up' }),
          ),
          quiet(
            'alerts were given up long ago',
            path(5, { [GIVEN_UP]: steady(3, 5), [BRIDGE_START]: steady(-2_000, 5) }),
            '4m',
          ),
        ],
      },
      {
        expr: 'min_over_time(dingtalk_queue_depth{job="alert-bridge"}[10m]) > 0',
        for: '5m',
        keepFiringFor: '5m',
        labels: { signal: 'queue' },
        description: say(
          'The queue of robot {{ $labels.robot }} has not been empty for 15 minutes; at the least {{ $value }} alerts wait.',
          '机器人 {{ $labels.robot }} 的队列已有 15 分钟未清空，至少有 {{ $value }} 条告警在等待。',
        ),
        cases: [
          fires(
            'messages wait for long',
            path(20, { [QUEUE]: sequence(steady(0, 1), steady(3, 19)) }),
            '17m',
            broken('3', { ...BRIDGE, ...OPS, signal: 'queue' }),
          ),
          quiet(
            'messages wait, and are sent',
            path(20, { [QUEUE]: '3x7 0 3x7 0 3x7 0 3x7 0 3x7 0 3x7 0 3x7 0 3x7' }),
            '12m',
            '17m',
          ),
        ],
      },
      {
        expr: 'sum by (job, instance) (increase(alertmanager_notifications_failed_total{job="alertmanager",integration="webhook"}[10m])) > 0',
        for: '5m',
        keepFiringFor: '5m',
        labels: { signal: 'webhook' },
        description: say(
          'Alertmanager could not hand over {{ $value | printf "%.0f" }} notifications within 10 minutes.',
          'Alertmanager 在 10 分钟内有 {{ $value | printf "%.0f" }} 次通知未能送出。',
        ),
        cases: [
          fires(
            'a webhook fails each minute',
            path(20, { [WEBHOOK_FAILED]: growing(0, 0.25, 20) }),
            '9m',
            broken('9', { ...ALERTMANAGER, signal: 'webhook' }),
          ),
          quiet('no webhook has failed', path(20, { [WEBHOOK_FAILED]: steady(4, 20) }), '19m'),
        ],
      },
      {
        expr: 'sum by (job, instance) (increase(prometheus_notifications_dropped_total{job="prometheus"}[10m])) > 0',
        for: '1m',
        keepFiringFor: '5m',
        labels: { signal: 'dropped' },
        description: say(
          'Prometheus could not hand {{ $value | printf "%.0f" }} alerts to Alertmanager within 10 minutes.',
          'Prometheus 在 10 分钟内有 {{ $value | printf "%.0f" }} 条告警未能交给 Alertmanager。',
        ),
        cases: [
          fires(
            'alerts are dropped',
            path(12, { [DROPPED]: sequence(steady(0, 5), steady(2, 7)) }),
            '390s',
            broken('2', { ...PROMETHEUS, signal: 'dropped' }),
          ),
          quiet('none are dropped', path(12, { [DROPPED]: steady(0, 12) }), '11m'),
        ],
      },
      {
        // Sent every five minutes. Of a bridge that has had none yet, there is no time of the last one.
        expr: [
          'time() - process_start_time_seconds{job="alert-bridge"} > 900',
          'unless on (job, instance) time() - alert_bridge_watchdog_timestamp_seconds{job="alert-bridge"} < 900',
        ].join('\n'),
        for: '1m',
        keepFiringFor: '5m',
        labels: { signal: 'heartbeat' },
        description: say(
          'No heartbeat of the alert path has come to the bridge for 15 minutes; it is sent every 5 minutes.',
          '告警桥已有 15 分钟未收到告警链路心跳；心跳每 5 分钟发送一次。',
        ),
        cases: [
          fires(
            'the heartbeat stays away',
            path(20, { [HEARTBEAT]: steady(0, 20), [BRIDGE_START]: steady(-60, 20) }),
            '990s',
            broken('', { ...BRIDGE, signal: 'heartbeat' }),
          ),
          fires(
            'a heartbeat has never come',
            path(20, { [HEARTBEAT]: missing(20), [BRIDGE_START]: steady(0, 20) }),
            '18m',
            broken('', { ...BRIDGE, signal: 'heartbeat' }),
          ),
          quiet(
            'a heartbeat came six minutes ago',
            path(20, { [HEARTBEAT]: steady(840, 20), [BRIDGE_START]: steady(-9_000, 20) }),
            '20m',
          ),
          quiet(
            'the bridge was started five minutes ago',
            path(6, { [HEARTBEAT]: missing(6), [BRIDGE_START]: steady(0, 6) }),
            '5m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorHeartbeatUnwatched',
    severity: 'info',
    summary: say('Nobody outside misses the heartbeat of the alert path', '告警链路心跳没有外部监视'),
    dashboard: 'monitoring-path',
    rules: [
      {
        expr: 'sum by (job, instance) (increase(alert_bridge_heartbeats_total{job="alert-bridge",result="kept"}[1h])) > 0',
        for: '5m',
        labels: { signal: 'kept' },
        description: say(
          'The bridge has forwarded none of {{ $value | printf "%.0f" }} heartbeats within an hour: it has no alerts.heartbeat_url_file. When the alert path breaks, nobody is told.',
          '告警桥一小时内有 {{ $value | printf "%.0f" }} 次心跳没有转发：未设置 alerts.heartbeat_url_file。告警链路中断时不会有人得知。',
        ),
        cases: [
          fires(
            'heartbeats are kept for lack of a place to forward them to',
            path(30, {
              [KEPT]: sequence(steady(0, 12), steady(1, 5), steady(2, 13)),
              [FORWARDED]: steady(0, 30),
            }),
            '20m',
            broken('2', { ...BRIDGE, signal: 'kept' }),
          ),
          quiet(
            'heartbeats are forwarded',
            path(30, { [KEPT]: steady(0, 30), [FORWARDED]: growing(0, 0.05, 30) }),
            '20m',
            '29m',
          ),
        ],
      },
    ],
  },
  {
    name: 'Watchdog',
    severity: 'none',
    summary: say('The way of an alert works', '告警链路正常'),
    dashboard: 'monitoring-path',
    rules: [
      {
        expr: 'vector(1)',
        for: '0s',
        description: say(
          'Always there. It goes to the dead man’s switch: when it stays away, no alert arrives.',
          '始终触发，送往心跳监视：一旦中断，任何告警都无法送达。',
        ),
        cases: [fires('nothing happens', {}, '0s', { labels: {}, value: '' })],
      },
    ],
  },
]
