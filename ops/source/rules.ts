import type { Alert, AlertRule, Said } from './alert.ts'
import { alertsOf } from './alerts.ts'
import { yamlOf } from './generated-yaml.ts'
import { EVALUATION_INTERVAL } from './prometheus.ts'
import { RECORDINGS } from './service-level.ts'
import { type Duration, secondsOf } from './series.ts'
import type { Site } from './site.ts'

/** Windows of days are read for it. */
const RECORDING_INTERVAL = '1m'

/** Groups of rules, by name. */
export const GROUPS = { serviceLevel: 'collector.service_level', alerts: 'collector.alerts' } as const

/** How the rules of an installation differ from those that are written down. */
interface Choice {
  /** All durations are divided by it: a test need not wait for five minutes. */
  readonly faster?: number
  /** By the expression of a rule: those of one part only. All, unless set. */
  readonly isWanted?: (expr: string) => boolean
}

/** The rules: what is recorded, and every alert. */
export function rulesText(site: Site, choice: Choice = {}): string {
  const { faster = 1, isWanted = () => true } = choice
  const alerts = alertsOf(site).flatMap((alert) =>
    rulesOf(alert).map((rule) => ruleOf(site, alert, rule, faster)),
  )
  const recordings = RECORDINGS.map(({ record, expr }) => ({ record, expr: paced(expr(faster), faster) }))
  const groups = [
    {
      name: GROUPS.serviceLevel,
      interval: quickened(RECORDING_INTERVAL, faster),
      rules: recordings.filter(({ expr }) => isWanted(expr)),
    },
    {
      name: GROUPS.alerts,
      interval: quickened(EVALUATION_INTERVAL, faster),
      rules: alerts.filter(({ expr }) => isWanted(expr)),
    },
  ]
  return yamlOf({ groups: groups.filter(({ rules }) => rules.length > 0) })
}

/** Every rule of an alert: those that are written down, and the one for its metric being absent. */
export const rulesOf = (alert: Alert): readonly AlertRule[] => [
  ...alert.rules,
  ...('twin' in alert ? [alert.twin] : []),
]

function ruleOf(site: Site, alert: Alert, rule: AlertRule, faster: number) {
  return {
    alert: alert.name,
    expr: paced(rule.expr, faster),
    ...(rule.for === '0s' ? {} : { for: quickened(rule.for, faster) }),
    ...(rule.keepFiringFor === undefined ? {} : { keep_firing_for: quickened(rule.keepFiringFor, faster) }),
    labels: labelsOf(alert, rule),
    annotations: annotationsOf(site, alert, rule.description),
  }
}

/** What every alert carries beside the labels of its expression. */
export function labelsOf(alert: Alert, rule: AlertRule): Readonly<Record<string, string>> {
  return { severity: rule.severity ?? alert.severity, service: 'collector', ...rule.labels }
}

/** What an alert says, in every language, and where to read on. */
export function annotationsOf(site: Site, alert: Alert, description: Said): Readonly<Record<string, string>> {
  return {
    summary: alert.summary.en,
    description: description.en,
    summary_zh: alert.summary.zh,
    description_zh: description.zh,
    runbook_url: `${site.runbook_url}#${alert.name.toLowerCase()}`,
    dashboard_url: `${site.grafana_url}/d/${alert.dashboard}`,
  }
}

const quickened = (duration: Duration, faster: number): string =>
  faster === 1 ? duration : `${Math.ceil((secondsOf(duration) * 1_000) / faster)}ms`

/** Windows and offsets, divided. What a time is compared with stays as it is. */
function paced(expr: string, faster: number): string {
  return expr
    .replaceAll(/\[(\d+[smhd])\]/g, (_, window: Duration) => `[${quickened(window, faster)}]`)
    .replaceAll(/offset (\d+[smhd])/g, (_, window: Duration) => `offset ${quickened(window, faster)}`)
}
