import { type Alert, alertOf, fires, of, ours, quiet, say, twinOf } from '../alert.ts'
import { growing, missing, sequence, steady } from '../series.ts'

const UP = ours('up')
const STARTED = 1_000
const SUPERVISOR_BEAT = ours('collector_heartbeat_timestamp_seconds', { component: 'supervisor' })
const COLLECTOR_BEAT = ours('collector_heartbeat_timestamp_seconds', { component: 'collector' })
const OVERALL = { component: 'overall' }
const STATE = ours('collector_health_state', OVERALL)
const STALLS = ours('collector_restarts_total', { process: 'collector', reason: 'stall' })
const ENDS = ours('collector_restarts_total', { process: 'collector', reason: 'exception' })

const heartbeat = 'collector_heartbeat_timestamp_seconds'

/** The processes, and the verdict on the whole. */
export const SUPERVISION_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorDown',
    severity: 'critical',
    noTwin: 'The alert itself looks for the absence of its metric.',
    summary: say('The collector does not answer', 'Collector 服务不可用'),
    dashboard: 'collector-resources',
    rules: [
      {
        // A target that was taken from the configuration has no series that could be 0.
        expr: `${of('up')} == 0 or absent(${of('up')})`,
        for: '1m',
        description: say(
          'Prometheus has had no metrics from the collector for one minute.',
          'Prometheus 已有一分钟无法从 Collector 抓取指标。',
        ),
        cases: [
          fires('scrapes fail', { [UP]: sequence(steady(1, 1), steady(0, 5)) }, '150s', alertOf('')),
          fires('the target is not there at all', {}, '2m', { labels: { job: 'collector' }, value: '' }),
          fires(
            'one of two instances does not answer',
            { [UP]: steady(1, 5), [UP.replace('host', 'other')]: steady(0, 5) },
            '3m',
            alertOf('', { instance: 'other:9092' }),
          ),
          quiet(
            'two scrapes fail',
            { [UP]: sequence(steady(1, 1), steady(0, 0.5), steady(1, 3)) },
            '90s',
            '2m',
            '4m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorPipelineStalled',
    severity: 'critical',
    twin: twinOf(
      { metric: heartbeat, matchers: 'component!="supervisor"' },
      { [SUPERVISOR_BEAT]: growing(STARTED, 15, 5), [COLLECTOR_BEAT]: growing(STARTED, 15, 5) },
    ),
    summary: say('A process hangs or is gone', '进程无响应或已退出'),
    dashboard: 'collector-resources',
    rules: [
      {
        // Against the heartbeat of the supervisor, told in the same scrape: against time() every process would be as old as the last
        // scrape, which is more than 10 s much of the time, and the clocks of two hosts would have to agree.
        expr: [
          of(heartbeat, 'component="supervisor"'),
          `- on (job, instance) group_right () ${of(heartbeat, 'component!="supervisor"')} > 10`,
        ].join('\n'),
        for: '30s',
        keepFiringFor: '5m',
        description: say(
          'Process {{ $labels.component }} was last heard from {{ $value | humanizeDuration }} ago: the supervisor has not got it to work again.',
          '进程 {{ $labels.component }} 最后一次心跳在 {{ $value | humanizeDuration }} 前：监管进程未能使其恢复。',
        ),
        cases: [
          fires(
            'a process is silent, and the supervisor answers',
            {
              [SUPERVISOR_BEAT]: growing(STARTED, 15, 5),
              [COLLECTOR_BEAT]: sequence(growing(STARTED, 15, 1), steady(STARTED + 45, 4)),
            },
            '105s',
            alertOf('1m 0s', { component: 'collector' }),
          ),
          quiet(
            'every process was heard from 8 s ago, on a host whose clock is a quarter of an hour late',
            {
              [SUPERVISOR_BEAT]: growing(STARTED - 900, 15, 5),
              [COLLECTOR_BEAT]: growing(STARTED - 908, 15, 5),
            },
            '70s',
            '2m',
            '4m',
          ),
          quiet(
            'a process hangs for 15 s and is started again',
            {
              [SUPERVISOR_BEAT]: growing(STARTED, 15, 5),
              [COLLECTOR_BEAT]: sequence(
                growing(STARTED, 15, 1),
                `${STARTED + 45}`,
                growing(STARTED + 75, 15, 3),
              ),
            },
            '75s',
            '90s',
            '2m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorCrashLooping',
    severity: 'critical',
    twin: twinOf({ metric: 'collector_restarts_total' }, { [STALLS]: steady(0, 5) }),
    summary: say('A process is started again and again', '进程反复重启'),
    dashboard: 'collector-resources',
    rules: [
      {
        // Three or more. `increase` makes up for the ends of the window, and tells a little over 2 for two.
        expr: `sum without (reason) (increase(${of('collector_restarts_total')}[15m])) > 2.5`,
        for: '0s',
        keepFiringFor: '15m',
        description: say(
          'Process {{ $labels.process }} was started again {{ $value | printf "%.0f" }} times within 15 minutes.',
          '进程 {{ $labels.process }} 在 15 分钟内重启了 {{ $value | printf "%.0f" }} 次。',
        ),
        cases: [
          fires(
            'a process was started again three times, for two reasons',
            {
              [STALLS]: sequence(steady(0, 6), steady(1, 3), steady(2, 9)),
              [ENDS]: sequence(steady(0, 12), steady(1, 6)),
            },
            '17m',
            alertOf('3', { process: 'collector' }),
          ),
          quiet(
            'a process was started again twice',
            { [STALLS]: sequence(steady(0, 10), steady(1, 4), steady(2, 20)) },
            '15m',
            '20m',
            '30m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorUnhealthy',
    severity: 'critical',
    twin: twinOf(
      { metric: 'collector_health_state', matchers: 'component="overall"' },
      { [STATE]: steady(0, 5) },
    ),
    summary: say('The collector says that it is unhealthy', 'Collector 自报不健康'),
    dashboard: 'business',
    rules: [
      {
        expr: `${of('collector_health_state', 'component="overall"')} == 2`,
        for: '2m',
        keepFiringFor: '5m',
        description: say(
          '/health has answered 503 for two minutes; its reasons are in collector_health_reason.',
          '/health 已连续两分钟返回 503；原因见 collector_health_reason。',
        ),
        cases: [
          fires(
            'it stays unhealthy',
            { [STATE]: sequence(steady(0, 1), steady(2, 5)) },
            '4m',
            alertOf('', OVERALL),
          ),
          quiet(
            'it is unhealthy for a minute',
            { [STATE]: sequence(steady(2, 1), steady(0, 5)) },
            '2m',
            '5m',
          ),
          quiet(
            'one component is ill',
            {
              [ours('collector_health_state', { component: 'okx-spot' })]: steady(2, 5),
              [STATE]: steady(1, 5),
            },
            '4m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorHealthDegraded',
    severity: 'info',
    summary: say('The collector is degraded', 'Collector 处于降级状态'),
    dashboard: 'business',
    rules: [
      {
        expr: `${of('collector_health_state', 'component="overall"')} == 1`,
        for: '15m',
        keepFiringFor: '5m',
        description: say(
          'Some of the data is impaired and the service is up: /health answers 200.',
          '部分数据受影响，服务仍可用：/health 返回 200。',
        ),
        cases: [
          fires('it stays degraded', { [STATE]: steady(1, 20) }, '16m', alertOf('', OVERALL)),
          quiet('it is well', { [STATE]: sequence(steady(1, 10), steady(0, 10)) }, '16m', '19m'),
          quiet('nothing is told of it', { [STATE]: missing(20) }, '19m'),
        ],
      },
    ],
  },
]
