import { alertsOf } from './alerts.ts'
import { BYTES_LIMIT, LABEL_LIMIT, METRIC_SERIES_LIMIT, OVERFLOW, SERIES_LIMIT } from './bounds.ts'
import { FAMILIES } from './families.ts'
import type { Family, Metric } from './metric.ts'
import { REPORT_LIMIT_MS } from './reading.ts'

const HEAD = `# Metrics

Made from src/supervisor/metrics/ and src/alerts/metrics.ts by \`npm run docs\`.

\`/metrics\` is answered by the supervisor, whatever the other processes do, from what they told last: in the text format of Prometheus, or in OpenMetrics for those who ask for it. It is rendered at most once a second, however many ask.

- A process tells its own figures once a second. Once its last report is older than ${REPORT_LIMIT_MS / 1_000} seconds, or it has been started again and has told nothing yet, its gauges are left out; its counters and histograms stay. \`collector_snapshot_timestamp_seconds\` and \`collector_heartbeat_timestamp_seconds\` tell how old it is.
- What is not known is absent, never 0.
- Counters count from the start of the process that counts them; histograms from the start of the supervisor.
- Bounded: at most ${SERIES_LIMIT} series and ${BYTES_LIMIT / 1_000_000} MB. A metric has at most ${METRIC_SERIES_LIMIT} series (fewer when all together would be too many); the rest is one series with \`${OVERFLOW}\` in all its labels: their sum for counters, the greatest for gauges. Label values are cut at ${LABEL_LIMIT} characters.
- Labels are from closed lists and from the configuration: never a symbol, an id, a price or a message.
`

/** docs/METRICS.md. */
export function metricsReference(): string {
  return [HEAD, ...FAMILIES.flatMap((family) => familySection(family))].join('\n')
}

function familySection({ title, doc, metrics }: Family): readonly string[] {
  return [
    `## ${title}`,
    '',
    doc,
    '',
    '| name | type | labels | meaning | alerts |',
    '| --- | --- | --- | --- | --- |',
    ...metrics.map((metric) => row(metric)),
    '',
  ]
}

function row({ name, type, labels, help }: Metric): string {
  const cells = [
    `\`${name}\``,
    type,
    labels.map(inCode).join(', '),
    help,
    alertsOf(name).map(inCode).join(', '),
  ]
  return `| ${cells.join(' | ')} |`
}

const inCode = (text: string): string => `\`${text}\``
