import { SERIES_LIMIT } from '../../../src/supervisor/metrics/bounds.ts'
import {
  bars,
  type Dashboard,
  limit,
  lines,
  query,
  redFrom,
  type Row,
  stat,
  states,
  UNIT,
  yellowAndRed,
} from './panels.ts'
import { MESSAGES } from './message-row.ts'
import { ALERTMANAGER, BRIDGE, increaseBy, own } from './queries.ts'
import { FIRING_STAT, FIRING_STATES, WORKING_MEANINGS } from './shared-panels.ts'
import { say } from '../alert.ts'

/** The jobs that the path from a figure to a message is made of. */
const JOBS = 'job=~"collector|alert-bridge|alertmanager|prometheus"'

const NOW: Row = {
  title: say('At a glance', '概览'),
  panels: [
    stat({
      title: say('Collector scraped', '采集器抓取'),
      description: say(
        'Whether the last scrape of the collector was answered. No for a minute: CollectorDown.',
        '最近一次抓取采集器是否成功。失败持续一分钟触发 CollectorDown。',
      ),
      unit: UNIT.state,
      queries: [query(own('up'), say('scraped', '抓取'))],
      steps: [{ color: 'red' }, { from: 1, color: 'green' }],
      meanings: WORKING_MEANINGS,
      absent: { text: say('no target', '无目标'), color: 'red' },
      alerts: ['CollectorDown'],
    }),
    FIRING_STAT,
    stat({
      title: say('Watchdog heard', '心跳告警时效'),
      description: say(
        'Seconds since the bridge was last told of the alert Watchdog, which always fires. Growing: no alert gets through.',
        '告警桥距上次收到 Watchdog（始终触发）的秒数。持续增长说明告警链路不通。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(`time() - max(alert_bridge_watchdog_timestamp_seconds{${BRIDGE}})`, say('age', '时效')),
      ],
      steps: yellowAndRed(360, 600),
      absent: { text: say('never', '从未'), color: 'red' },
      alerts: ['Watchdog', 'CollectorAlertDeliveryFailing', 'CollectorHeartbeatUnwatched'],
    }),
    stat({
      title: say('Messages waiting', '待发消息'),
      description: say(
        'Alerts that the bridge has accepted and not sent, number.',
        '告警桥已接收但尚未发送的告警数量。',
      ),
      unit: UNIT.count,
      queries: [query(`sum(dingtalk_queue_depth{${BRIDGE}})`, say('waiting', '待发'))],
      steps: yellowAndRed(5, 50),
      absent: { text: say('no bridge', '无告警桥'), color: 'red' },
    }),
    stat({
      title: say('DingTalk failures', '钉钉失败'),
      description: say(
        'Attempts that robots did not take in the time that is shown, number, throttling left out. The bridge tries again.',
        '所示时段内机器人未接收的发送次数，不含限流。告警桥会重试。',
      ),
      unit: UNIT.count,
      queries: [
        query(
          `sum(increase(dingtalk_notifications_total{${BRIDGE},result="failed"}[$__range]))`,
          say('failed', '失败'),
        ),
      ],
      steps: redFrom(1),
      absent: { text: say('no bridge', '无告警桥'), color: 'red' },
      alerts: ['CollectorAlertDeliveryFailing'],
    }),
    stat({
      title: say('Oldest figures', '最旧的指标'),
      description: say(
        'Seconds since the process whose figures are oldest told them. They are told once a second.',
        '上报最久的进程距今的秒数。正常每秒上报一次。',
      ),
      unit: UNIT.seconds,
      queries: [query(`max(time() - ${own('collector_snapshot_timestamp_seconds')})`, say('oldest', '最旧'))],
      // A scrape interval is added to what they really are.
      steps: yellowAndRed(20, 40),
      alerts: ['CollectorPipelineStalled'],
    }),
  ],
}

const SCRAPES: Row = {
  title: say('From the collector to Prometheus', '采集器到 Prometheus'),
  panels: [
    states({
      title: say('Targets', '抓取目标'),
      description: say(
        'Whether each part of the path answers scrapes: collector, bridge, Alertmanager, Prometheus.',
        '链路各部分是否响应抓取：采集器、告警桥、Alertmanager、Prometheus。',
      ),
      unit: UNIT.state,
      queries: [query(`up{${JOBS}}`, '{{job}} {{instance}}')],
      steps: [{ color: 'red' }, { from: 1, color: 'green' }],
      meanings: WORKING_MEANINGS,
      width: 8,
    }),
    lines({
      title: say('Scrape duration', '抓取耗时'),
      description: say(
        'Time that a scrape of each target took. At 10 s it is given up, and the target counts as down.',
        '各目标单次抓取的耗时。达到 10 秒即放弃并视为宕机。',
      ),
      unit: UNIT.seconds,
      queries: [query(`scrape_duration_seconds{${JOBS}}`, '{{job}} {{instance}}')],
      width: 8,
    }),
    lines({
      title: say('Series of the collector', '采集器序列数'),
      description: say(
        'Series that the collector tells, and samples that a scrape took. It tells at most 5000.',
        '采集器暴露的序列数与单次抓取的样本数。最多 5000。',
      ),
      unit: UNIT.count,
      queries: [
        query(own('collector_series'), say('series', '序列')),
        query(own('scrape_samples_scraped'), say('samples', '样本')),
      ],
      mark: SERIES_LIMIT,
      width: 8,
    }),
    lines({
      title: say('Age of the figures', '指标时效'),
      description: say(
        'Seconds since each process told its figures, and since it was last heard from. Over 10 s for 30 s: CollectorPipelineStalled.',
        '各进程距上次上报指标及上次心跳的秒数。超过 10 秒持续 30 秒触发 CollectorPipelineStalled。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(
          `time() - ${own('collector_snapshot_timestamp_seconds')}`,
          say('{{component}} figures', '{{component}} 指标'),
        ),
        query(
          `time() - ${own('collector_heartbeat_timestamp_seconds')}`,
          say('{{component}} heard', '{{component}} 心跳'),
        ),
      ],
      width: 8,
      alerts: ['CollectorPipelineStalled'],
    }),
    lines({
      title: say('HTTP requests', 'HTTP 请求'),
      description: say(
        'HTTP requests that the collector answered each second, by path and status code.',
        '采集器每秒应答的 HTTP 请求数，按路径与状态码。',
      ),
      unit: UNIT.requestsPerSecond,
      queries: [
        query(
          `sum by (path, code) (rate(${own('collector_http_requests_total')}[$__rate_interval]))`,
          '{{path}} {{code}}',
        ),
      ],
      width: 8,
    }),
    bars({
      title: say('HTTP turned away', '被拒绝的 HTTP 请求'),
      description: say(
        'HTTP connections and requests that were turned away, number each minute, by reason.',
        '被拒绝的 HTTP 连接与请求数（每分钟），按原因。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('reason', 'collector_http_rejected_total'), '{{reason}}')],
      width: 8,
    }),
  ],
}

const PROMETHEUS: Row = {
  title: say('From Prometheus to Alertmanager', 'Prometheus 到 Alertmanager'),
  panels: [
    lines({
      title: say('Rule evaluation', '规则计算耗时'),
      description: say(
        'Time that the last evaluation of all rule groups took, and the interval of the longest.',
        '最近一次计算所有规则组的耗时，以及最长的计算间隔。',
      ),
      unit: UNIT.seconds,
      queries: [
        query('sum(prometheus_rule_group_last_duration_seconds)', say('evaluation', '计算')),
        limit('max(prometheus_rule_group_interval_seconds)', say('interval', '间隔')),
      ],
      width: 8,
    }),
    bars({
      title: say('Faults of Prometheus', 'Prometheus 故障'),
      description: say(
        'Rules that could not be evaluated, and alerts that could not be sent to Alertmanager or were dropped: number each minute.',
        '无法计算的规则、无法发送给 Alertmanager 的告警与被丢弃的告警：每分钟的数量。',
      ),
      unit: UNIT.count,
      queries: [
        query(
          'sum(increase(prometheus_rule_evaluation_failures_total[$__rate_interval]))',
          say('rules failed', '规则失败'),
        ),
        query(
          'sum(increase(prometheus_notifications_errors_total[$__rate_interval]))',
          say('sends failed', '发送失败'),
        ),
        query(
          'sum(increase(prometheus_notifications_dropped_total[$__rate_interval]))',
          say('dropped', '丢弃'),
        ),
      ],
      width: 8,
    }),
    lines({
      title: say('Alerts in Alertmanager', 'Alertmanager 中的告警'),
      description: say(
        'Alerts that Alertmanager holds, number, by state: active, suppressed by a silence or an inhibition.',
        'Alertmanager 持有的告警数，按状态：活动，或被静默/抑制。',
      ),
      unit: UNIT.count,
      queries: [query(`sum by (state) (alertmanager_alerts{${ALERTMANAGER}})`, '{{state}}')],
      width: 8,
    }),
    { ...FIRING_STATES, width: 24 },
  ],
}

/** Whether anybody would be told: from the figures of the collector to a message in DingTalk. */
export const MONITORING_PATH: Dashboard = {
  uid: 'monitoring-path',
  title: say('Monitoring Path', '监控链路'),
  description: say(
    'Whether anybody would be told: from the figures of the collector over Prometheus and Alertmanager to DingTalk.',
    '告警能否送达：从采集器指标，经 Prometheus 与 Alertmanager，到钉钉。',
  ),
  variables: [],
  rows: [NOW, SCRAPES, PROMETHEUS, MESSAGES],
}
