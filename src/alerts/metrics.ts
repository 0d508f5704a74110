/** One metric of the bridge. */
export interface BridgeMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
}

const counter = (name: string, labels: readonly string[], help: string): BridgeMetric => ({
  name,
  type: 'counter',
  labels,
  help,
})
const gauge = (name: string, labels: readonly string[], help: string): BridgeMetric => ({
  name,
  type: 'gauge',
  labels,
  help,
})

/** Every metric that the bridge tells. Labels are from closed lists and from the configuration. */
export const BRIDGE_METRICS = {
  notifications: counter(
    'dingtalk_notifications_total',
    ['robot', 'result', 'errcode'],
    'Messages sent to a robot, by result (sent, throttled, failed: not taken) and what it answered: errcode of DingTalk, http_Nxx, or the code of a failure of the network',
  ),
  queueDepth: gauge('dingtalk_queue_depth', ['robot'], 'Alerts that wait to be told'),
  lastSuccess: gauge(
    'dingtalk_last_success_timestamp_seconds',
    ['robot'],
    'When a message was last taken, of this process',
  ),
  throttled: counter('dingtalk_throttled_total', ['robot'], 'Times that a robot was throttled'),
  oldest: gauge(
    'alert_bridge_oldest_timestamp_seconds',
    ['robot'],
    'When the alert that waits longest was queued',
  ),
  robotUp: gauge(
    'alert_bridge_robot_up',
    ['robot'],
    '1 while the robot takes messages, 0 while a person has to mend it or its last tries failed',
  ),
  queueBytes: gauge('alert_bridge_queue_bytes', ['robot'], 'Bytes that wait to be told'),
  queueLimit: gauge('alert_bridge_queue_limit_bytes', [], 'Bytes that may wait for one robot'),
  queueWritable: gauge(
    'alert_bridge_queue_writable',
    [],
    '1 while alerts can be queued on the disk, 0 while not',
  ),
  webhooks: counter(
    'alert_bridge_webhooks_total',
    ['route', 'result'],
    'Webhooks of Alertmanager, by result: queued, repeated (nothing to add), unqueued (503), unreadable (400, or 404 with the route unknown: no robot has it)',
  ),
  alerts: counter('alert_bridge_alerts_total', ['robot', 'severity', 'status'], 'Alerts told'),
  dropped: counter(
    'alert_bridge_dropped_total',
    ['robot', 'severity'],
    'Alerts given up because the robot refuses them in every form; never critical ones',
  ),
  watchdog: gauge(
    'alert_bridge_watchdog_timestamp_seconds',
    [],
    'When the last heartbeat of Alertmanager came, of this process',
  ),
  heartbeats: counter(
    'alert_bridge_heartbeats_total',
    ['result'],
    'Heartbeats, by result: forwarded, failed, withheld (alerts of some route cannot be told), kept (nowhere to forward them to)',
  ),
  memory: gauge('process_resident_memory_bytes', [], 'Resident memory of this process'),
  start: gauge('process_start_time_seconds', [], 'When this process started'),
} as const satisfies Record<string, BridgeMetric>

export interface MetricRow {
  readonly labels: readonly string[]
  readonly value: number
}

/** The section of docs/METRICS.md. */
export function bridgeMetricsReference(): string {
  return [
    '## Alert bridge',
    '',
    'Told by `marketprism alert-bridge` at its own port. Counters begin at 0 for all that can happen. Label values are from closed lists and from the configuration.',
    '',
    '| name | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.values<BridgeMetric>(BRIDGE_METRICS).map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help}. |`,
    ),
    '',
  ].join('\n')
}

/** Counters, and gauges that are set. */
export class BridgeCounts {
  /** By label values, joined by a character that none has. */
  readonly #rows = new Map<BridgeMetric, Map<string, number>>()

  add(metric: BridgeMetric, ...labels: readonly string[]): void {
    this.set(metric, (this.value(metric, ...labels) ?? 0) + 1, ...labels)
  }

  set(metric: BridgeMetric, value: number, ...labels: readonly string[]): void {
    const rows = this.#rows.get(metric) ?? new Map<string, number>()
    this.#rows.set(metric, rows)
    rows.set(labels.join('\n'), value)
  }

  value(metric: BridgeMetric, ...labels: readonly string[]): number | undefined {
    return this.#rows.get(metric)?.get(labels.join('\n'))
  }

  /** All of them in the text format of Prometheus, with what is `given`. What has no rows is left out. */
  text(given: ReadonlyMap<BridgeMetric, readonly MetricRow[]>): string {
    return Object.values<BridgeMetric>(BRIDGE_METRICS)
      .flatMap((metric) => {
        const counted = [...(this.#rows.get(metric) ?? [])].map(([labels, value]) => ({
          labels: labels === '' ? [] : labels.split('\n'),
          value,
        }))
        return metricLines(metric, [...counted, ...(given.get(metric) ?? [])])
      })
      .join('')
  }
}

function metricLines(
  { name, type, labels, help }: BridgeMetric,
  rows: readonly MetricRow[],
): readonly string[] {
  if (rows.length === 0) return []
  const lines = rows.map((row) => {
    const pairs = labels.map((label, at) => `${label}="${escapeLabel(row.labels[at] ?? '')}"`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${row.value}\n`
  })
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines]
}

const escapeLabel = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
