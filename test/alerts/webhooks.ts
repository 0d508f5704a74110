/** One alert of a webhook, as Alertmanager 0.25 writes it, with what a test wants to be different. */
export interface GivenAlert {
  readonly name?: string
  readonly severity?: string
  readonly status?: 'firing' | 'resolved'
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly startsAt?: string
  readonly endsAt?: string
  readonly fingerprint?: string
}

export const START = '2025-12-31T23:55:00.123456789Z'
const END = '2025-12-31T23:59:30Z'

/** The body of a webhook with these alerts, version 4. */
export function webhookBody(alerts: readonly GivenAlert[], groupKey = '{}:{alertname="A"}'): Uint8Array {
  const isFiring = alerts.some(({ status }) => status !== 'resolved')
  return new TextEncoder().encode(
    JSON.stringify({
      receiver: 'dingtalk',
      status: isFiring ? 'firing' : 'resolved',
      alerts: alerts.map((alert, at) => alertOf(alert, at)),
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: 'http://127.0.0.1:9093',
      version: '4',
      groupKey,
      truncatedAlerts: 0,
    }),
  )
}

function alertOf(alert: GivenAlert, at: number): object {
  const { name = 'CollectorDown', severity = 'critical', status = 'firing' } = alert
  return {
    status,
    labels: { alertname: name, severity, service: 'collector', ...alert.labels },
    annotations: {
      summary: 'The collector does not answer',
      description: 'No answer for 65 s, the limit is 60 s',
      summary_zh: '采集器无响应',
      description_zh: '已 65 秒无响应，上限 60 秒',
      runbook_url: 'https://example.org/runbook.md#collectordown',
      dashboard_url: 'http://127.0.0.1:3000/d/collector-resources',
      ...alert.annotations,
    },
    startsAt: alert.startsAt ?? START,
    endsAt: status === 'resolved' ? (alert.endsAt ?? END) : '0001-01-01T00:00:00Z',
    generatorURL: 'http://127.0.0.1:9090/graph?g0.expr=up',
    fingerprint: alert.fingerprint ?? `${name}-${at}`,
  }
}
