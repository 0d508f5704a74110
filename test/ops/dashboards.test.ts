import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Dashboard, DashboardLinkType, VariableType } from '@grafana/grafana-foundation-sdk/dashboard'
import * as units from '@grafana/grafana-foundation-sdk/units'
import { DASHBOARDS, LANGUAGES } from '../../ops/source/dashboards/files.ts'

import type { DashboardUid } from '../../ops/source/alert.ts'
import { ALERTS } from '../../ops/source/alerts.ts'
import { RECORDINGS } from '../../ops/source/service-level.ts'
import { loadSite } from '../../ops/source/site.ts'
import { BRIDGE_METRICS } from '../../src/alerts/metrics.ts'
import { ALERT_METRICS } from '../../src/supervisor/metrics/alerts.ts'
import { METRICS } from '../../src/supervisor/metrics/families.ts'
import { dashboard, everyDashboard, panelsOf, uidsOf } from './dashboard-files.ts'
import { GRAFANA_VARIABLES, parsed, type Parsed, substituted, variablesIn } from './promql.ts'

const UIDS: readonly DashboardUid[] = [
  'business',
  'collector-resources',
  'delivery',
  'monitoring-path',
  'venue',
]
const PANEL_TYPES = new Set(['stat', 'timeseries', 'state-timeline'])
/** Ranges that a query may have. */
const RANGES = new Set(['$__rate_interval', '$__range'])
/** What a target has from Prometheus, whatever it tells. */
const TARGET_LABELS = ['job', 'instance']

type Kind = 'counter' | 'gauge'
interface Known {
  readonly kind: Kind
  readonly labels: readonly string[]
}

/** Metrics of Prometheus and Alertmanager themselves, and those that Prometheus makes of each target. */
const OF_OTHERS: Readonly<Record<string, Known>> = {
  up: { kind: 'gauge', labels: [] },
  scrape_duration_seconds: { kind: 'gauge', labels: [] },
  scrape_samples_scraped: { kind: 'gauge', labels: [] },
  ALERTS: { kind: 'gauge', labels: ['alertname', 'alertstate', 'service', 'severity', 'venue'] },
  prometheus_rule_group_last_duration_seconds: { kind: 'gauge', labels: ['rule_group'] },
  prometheus_rule_group_interval_seconds: { kind: 'gauge', labels: ['rule_group'] },
  prometheus_rule_evaluation_failures_total: { kind: 'counter', labels: ['rule_group'] },
  prometheus_notifications_errors_total: { kind: 'counter', labels: ['alertmanager'] },
  prometheus_notifications_dropped_total: { kind: 'counter', labels: [] },
  alertmanager_alerts: { kind: 'gauge', labels: ['state'] },
  alertmanager_notifications_total: { kind: 'counter', labels: ['integration'] },
  alertmanager_notifications_failed_total: { kind: 'counter', labels: ['integration'] },
}

/** How the series of a metric end. */
const SERIES_OF = {
  gauge: [''],
  counter: [''],
  summary: ['_sum', '_count'],
  histogram: ['_sum', '_count', '_bucket'],
} as const

/** Every series that there is, by name. */
const KNOWN: ReadonlyMap<string, Known> = new Map([
  ...Object.entries(OF_OTHERS),
  ...RECORDINGS.map(({ record }) => [record, { kind: 'gauge', labels: ['venue'] }] as const),
  ...Object.values(BRIDGE_METRICS).map(({ name, type, labels }) => [name, { kind: type, labels }] as const),
  ...METRICS.flatMap(({ name, type, labels }) =>
    SERIES_OF[type].map((end): readonly [string, Known] => {
      const kind = type === 'gauge' ? 'gauge' : 'counter'
      return [name + end, { kind, labels: end === '_bucket' ? labels.concat('le') : labels }]
    }),
  ),
])

const read = (expr: string): Parsed =>
  parsed(substituted(expr, { ...GRAFANA_VARIABLES, instance: 'host:9092', venue: 'okx-spot' }))

/** What is wrong with a query; empty where nothing is. */
function faultsOf(expr: string): readonly string[] {
  const { faults, selectors, groupings } = read(expr)
  const unknown = selectors.filter(({ metric }) => !KNOWN.has(metric))
  const labels = new Set([
    ...TARGET_LABELS,
    ...selectors.flatMap(({ metric }) => KNOWN.get(metric)?.labels ?? []),
  ])
  const matched = selectors.flatMap(({ metric, labels: matchers }) => {
    const own = new Set([...TARGET_LABELS, ...(KNOWN.get(metric)?.labels ?? [])])
    return matchers.filter((label) => !own.has(label)).map((label) => `${metric} has no label ${label}`)
  })
  const ofGauges = selectors.filter(({ metric, isRange }) => isRange && KNOWN.get(metric)?.kind === 'gauge')
  const ranges = [...expr.matchAll(/\[([^\]]*)\]/g)].map(([, range = '']) => range)
  return [
    ...faults.map((fault) => `no PromQL ${fault}`),
    ...(selectors.length === 0 ? ['it looks at nothing'] : []),
    ...unknown.map(({ metric }) => `there is no metric ${metric}`),
    ...matched,
    ...groupings.filter((label) => !labels.has(label)).map((label) => `nothing has the label ${label}`),
    ...ofGauges.map(({ metric }) => `${metric} is a gauge: it has no rate`),
    ...ranges.filter((range) => !RANGES.has(range)).map((range) => `range ${range}`),
  ]
}

/** Every query of a dashboard: of panels and of annotations. */
const queriesOf = (shown: Dashboard): readonly { readonly name: string; readonly expr: string }[] => [
  ...panelsOf(shown).flatMap(({ name, targets }) => targets.map(({ expr }) => ({ name, expr }))),
  ...(shown.annotations.list ?? []).map(({ name, expr = '' }) => ({ name, expr })),
]

test('the five dashboards that alerts link to are there, in both languages', () => {
  for (const language of LANGUAGES) {
    assert.deepEqual([...uidsOf(language)].toSorted(), UIDS)
    for (const uid of UIDS) assert.equal(dashboard(uid, language).uid, uid)
  }
})

test('a faulty query is found: no PromQL, an unknown metric or label, a rate of a gauge, a range of its own', () => {
  assert.deepEqual(faultsOf('up{job="collector"}'), [])
  assert.match(faultsOf('sum(up').join(), /no PromQL/)
  assert.match(faultsOf('rate(up[$__rate_intervall])').join(), /no PromQL/)
  assert.match(faultsOf('1 + 1').join(), /it looks at nothing/)
  assert.match(faultsOf('collector_tcp_conections').join(), /there is no metric collector_tcp_conections/)
  assert.match(faultsOf('collector_gaps_total{veneu="x"}').join(), /collector_gaps_total has no label veneu/)
  assert.match(faultsOf('sum by (veneu) (collector_gaps_total)').join(), /nothing has the label veneu/)
  assert.match(faultsOf('rate(collector_tcp_connections[$__range])').join(), /is a gauge/)
  assert.match(faultsOf('rate(collector_gaps_total[7m])').join(), /range 7m/)
})

test('every query is PromQL over metrics and labels that exist', () => {
  const faults = everyDashboard().flatMap((shown) =>
    queriesOf(shown).flatMap(({ name, expr }) =>
      faultsOf(expr).map((fault) => `${name}: ${fault} in ${expr}`),
    ),
  )
  assert.deepEqual(faults, [])
})

test('every metric that an alert looks at is on a dashboard', () => {
  const shown = new Set(
    everyDashboard().flatMap((each) =>
      queriesOf(each).flatMap(({ expr }) => read(expr).selectors.map(({ metric }) => metric)),
    ),
  )
  const plain = (metric: string): boolean => shown.has(metric) || shown.has(`${metric}_sum`)
  assert.deepEqual(
    Object.values<readonly string[]>(ALERT_METRICS)
      .flat()
      .filter((metric) => !plain(metric)),
    [],
  )
})

test('every panel has a title, a description, a unit of Grafana, and named queries on the chosen data source', () => {
  const known = new Set<unknown>(Object.values(units))
  const chosen = { type: 'prometheus', uid: '${datasource}' }
  for (const { panel, targets, name } of everyDashboard().flatMap(panelsOf)) {
    assert.ok(PANEL_TYPES.has(panel.type), `${name}: ${panel.type}`)
    assert.ok((panel.title ?? '').length > 0, name)
    assert.ok((panel.description ?? '').length > 10, name)
    const unit = panel.fieldConfig?.defaults.unit
    assert.ok(unit !== undefined && known.has(unit), `${name}: ${unit}`)
    assert.deepEqual(panel.datasource, chosen, name)
    assert.ok(targets.length > 0, name)
    for (const target of targets) assert.deepEqual(target.datasource, chosen, name)
    const refIds = targets.map(({ refId }) => refId)
    assert.ok(
      refIds.every((refId) => /^[A-Z]$/.test(refId ?? '')),
      name,
    )
    assert.equal(new Set(refIds).size, refIds.length, name)
    for (const { legendFormat } of targets) assert.ok((legendFormat ?? '').length > 0, `${name}: legend`)
  }
})

test('names in legends are labels that the query leaves', () => {
  for (const { targets, name } of everyDashboard().flatMap(panelsOf)) {
    for (const { expr, legendFormat = '' } of targets) {
      const { selectors, groupings } = read(expr)
      assert.doesNotMatch(legendFormat.replaceAll(/\{\{\w+\}\}/g, ''), /[{}]/, `${name}: ${legendFormat}`)
      const ofMetrics = selectors.flatMap(({ metric }) => KNOWN.get(metric)?.labels ?? [])
      const left = groupings.length > 0 ? groupings : [...TARGET_LABELS, ...ofMetrics]
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        assert.ok(left.includes(label), `${name}: {{${label}}} of ${expr}`)
      }
    }
  }
})

test('every variable in a query is one of Grafana or is offered by the dashboard', () => {
  for (const shown of everyDashboard()) {
    const list = shown.templating.list ?? []
    const offered = new Set([...list.map(({ name }) => name), ...Object.keys(GRAFANA_VARIABLES)])
    const used = queriesOf(shown).flatMap(({ expr }) => variablesIn(expr))
    assert.deepEqual(
      used.filter((name) => !offered.has(name)),
      [],
      shown.uid,
    )
    const queried = list.filter(({ type }) => type === VariableType.Query)
    assert.ok(queried.length > 0, shown.uid)
    for (const { definition = '', datasource } of queried) {
      const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? []
      assert.deepEqual(faultsOf(series), [], definition)
      const [selector] = read(series).selectors
      const labels = [...TARGET_LABELS, ...(KNOWN.get(selector?.metric ?? '')?.labels ?? [])]
      assert.ok(labels.includes(label), definition)
      assert.equal(datasource?.uid, '${datasource}')
    }
    assert.deepEqual(list[0]?.type, 'datasource')
    for (const { name, expr, target, datasource } of shown.annotations.list ?? []) {
      assert.deepEqual(target, { ...target, expr, datasource }, name)
      assert.equal(datasource?.uid, '${datasource}', name)
    }
  }
})

test('both languages have the same panels in the same places with the same queries', () => {
  for (const uid of UIDS) {
    const [en, zh] = [dashboard(uid, 'en'), dashboard(uid, 'zh')]
    const plain = ({ panels = [] }: Dashboard): readonly unknown[] =>
      panels.map((panel) => ({
        id: panel.id,
        type: panel.type,
        gridPos: panel.gridPos,
        queries: 'targets' in panel ? (panel.targets ?? []).map((target) => Object.entries(target)) : [],
      }))
    const withoutLegends = (text: string): string => text.replaceAll(/\["legendFormat","[^"]*"\]/g, '')
    assert.equal(withoutLegends(JSON.stringify(plain(zh))), withoutLegends(JSON.stringify(plain(en))), uid)
  }
})

/** The part of the runbook about an alert. */
const anchorOf = (alert: string): string => `${loadSite().runbook_url}#${alert.toLowerCase()}`

test('dashboards link to each other and to the runbook, panels to the part of it about their alert', () => {
  const { runbook_url } = loadSite()
  for (const shown of everyDashboard()) {
    const links = shown.links ?? []
    assert.ok(
      links.some(({ type, tags }) => type === DashboardLinkType.Dashboards && tags.includes('marketprism')),
      shown.uid,
    )
    assert.ok(
      links.some(({ url }) => url === runbook_url),
      shown.uid,
    )
    assert.ok(
      links.every((link) => !('placement' in link)),
      'in sight, not in a menu',
    )
    assert.ok(shown.tags?.includes('marketprism'), shown.uid)
    const anchors = new Set(ALERTS.map(({ name }) => anchorOf(name)))
    for (const { panel, name } of panelsOf(shown)) {
      for (const { url } of panel.links ?? []) assert.ok(anchors.has(url ?? ''), `${name}: ${url}`)
    }
  }
})

test('where an alert leads to, a panel shows what it is about and leads on to the runbook', () => {
  const missing = ALERTS.filter(({ name, dashboard: uid }) => {
    const links = panelsOf(dashboard(uid, 'en')).flatMap(({ panel }) => panel.links ?? [])
    return !links.some(({ url }) => url === anchorOf(name))
  })
  assert.deepEqual(
    missing.map(({ name, dashboard: uid }) => `${uid}: ${name}`),
    [],
  )
})

test('the line of a panel is what its alert is held against', () => {
  const marked = DASHBOARDS.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels)).flatMap((panel) => {
    const [alert] = panel.alerts ?? []
    if (panel.kind !== 'lines' || panel.mark === undefined || alert === undefined) return []
    return [{ mark: panel.mark, alert }]
  })
  // The line of its panel is where a signal presses; the alert looks at the level that follows from all of them.
  const compared = marked.filter(({ alert }) => alert !== 'CollectorDegradationActive')
  assert.ok(compared.length > 6)
  for (const { mark, alert } of compared) {
    const { rules } = ALERTS.find(({ name }) => name === alert) ?? { rules: [] }
    const held = rules.flatMap(({ expr }) =>
      [...expr.matchAll(/> \(?([\d.]+)/g)].map(([, limit]) => Number(limit)),
    )
    assert.ok(held.includes(mark), `${alert}: ${mark} is none of ${held.join(', ')}`)
  }
})
