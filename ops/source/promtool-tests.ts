import type { Alert, AlertCase, AlertRule, ExpectedAlert } from './alert.ts'
import { alertsOf } from './alerts.ts'
import { yamlOf } from './generated-yaml.ts'
import { EVALUATION_INTERVAL } from './prometheus.ts'
import { annotationsOf, GROUPS, labelsOf, rulesOf } from './rules.ts'
import { CASE_INTERVAL, secondsOf } from './series.ts'
import type { Site } from './site.ts'

/** The cases of every alert, for `promtool test rules`. */
export function promtoolTests(site: Site): string {
  return yamlOf({
    rule_files: ['../rules/collector.yml'],
    evaluation_interval: EVALUATION_INTERVAL,
    // Alerts read what is recorded.
    group_eval_order: [GROUPS.serviceLevel, GROUPS.alerts],
    tests: alertsOf(site).flatMap((alert) =>
      rulesOf(alert).flatMap((rule) => casesOf(rule).map((one) => testOf(site, alert, rule, one))),
    ),
  })
}

/** Its cases; the first in which it fires is not to fire before it has held for long enough. */
function casesOf(rule: AlertRule): readonly AlertCase[] {
  const [first, ...others] = rule.cases
  const [firing] = first?.fires ?? []
  if (first === undefined || firing === undefined || rule.for === '0s' || first.quiet.length > 0)
    return rule.cases
  const early = secondsOf(firing.at) - secondsOf(rule.for)
  return [{ ...first, quiet: [`${early}s`] }, ...others]
}

function testOf(site: Site, alert: Alert, rule: AlertRule, one: AlertCase): object {
  return {
    name: `${alert.name}: ${one.name}`,
    interval: CASE_INTERVAL,
    input_series: Object.entries(one.series).map(([series, values]) => ({ series, values })),
    alert_rule_test: [
      ...one.fires.map(({ at, alerts }) => ({
        eval_time: at,
        alertname: alert.name,
        exp_alerts: alerts.map((expected) => expectedOf(site, alert, rule, expected)),
      })),
      ...one.quiet.map((at) => ({ eval_time: at, alertname: alert.name, exp_alerts: [] })),
    ],
  }
}

function expectedOf(site: Site, alert: Alert, rule: AlertRule, expected: ExpectedAlert): object {
  const annotations = Object.entries(annotationsOf(site, alert, rule.description))
  return {
    exp_labels: { ...labelsOf(alert, rule), ...expected.labels },
    exp_annotations: Object.fromEntries(annotations.map(([name, text]) => [name, filled(text, expected)])),
  }
}

/** What Prometheus makes of a template, for the values that a case names. */
const filled = (template: string, { labels, value }: ExpectedAlert): string =>
  template
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, value)
