import * as grafana from '@grafana/grafana-foundation-sdk/dashboard'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import type { Language, Site } from '../site.ts'
import { buildPanel, DATASOURCE, DATASOURCE_VARIABLE, type Place } from './build-panel.ts'
import type { Dashboard, LabelVariable } from './panels.ts'
import { FIRING, INSTANCE, own } from './queries.ts'
import { say } from '../alert.ts'

/** What of a site the dashboards link to. */
export type Links = Pick<Site, 'runbook_url' | 'prometheus_url' | 'alertmanager_url'>

type Variable = Builder<grafana.VariableModel>

/** Steps that an alert fires in are one annotation as long as they follow on each other. */
const ANNOTATION_STEP = '30s'
/** What Grafana calls a query for the values of a label. */
const LABEL_VALUES = 1
/** Every dashboard of ours has it: they link to each other by it. */
const TAG = 'marketprism'

const TEXT = {
  datasource: say('Data source', '数据源'),
  instance: say('Collector', '采集器实例'),
  dashboards: say('Dashboards', '仪表盘'),
  runbook: say('Runbook', '处置手册'),
  alerts: say('Alerts', '告警'),
  silences: say('Silences', '静默'),
  starts: say('Process starts', '进程启动'),
  started: say('{{process}} started', '{{process}} 启动'),
  firing: say('Firing alerts', '触发中的告警'),
}

/** A dashboard in one language, as the JSON that Grafana reads. */
export function buildDashboard(dashboard: Dashboard, language: Language, links: Links): string {
  const builder = new grafana.DashboardBuilder(dashboard.title[language])
    .uid(dashboard.uid)
    .description(dashboard.description[language])
    .tags([TAG])
    .timezone('browser')
    .readonly()
    .tooltip(grafana.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('15s')
    .variables(variables(dashboard, language))
    .annotations(annotations(language))
    .links(dashboardLinks(language, links))
  addRows(builder, dashboard, { language, runbookUrl: links.runbook_url })
  return `${JSON.stringify(inSight(builder.build()), undefined, 2)}\n`
}

function addRows(builder: grafana.DashboardBuilder, { rows }: Dashboard, place: Omit<Place, 'id'>): void {
  let id = 0
  for (const { title, panels } of rows) {
    builder.withRow(new grafana.RowBuilder(title[place.language]).id(++id))
    for (const panel of panels) builder.withPanel(buildPanel(panel, { ...place, id: ++id }))
  }
}

function variables({ variables: others }: Dashboard, language: Language): Variable[] {
  const datasource = new grafana.DatasourceVariableBuilder(DATASOURCE_VARIABLE)
    .label(TEXT.datasource[language])
    .type(DATASOURCE.type)
  const labels = [{ ...INSTANCE, label: TEXT.instance }, ...others]
  return [datasource, ...labels.map((variable) => labelVariable(variable, language))]
}

function labelVariable({ name, label, series, of }: LabelVariable, language: Language): Variable {
  const offered = `label_values(${series}, ${of})`
  return (
    new grafana.QueryVariableBuilder(name)
      .label(label[language])
      .datasource(DATASOURCE)
      .query({ qryType: LABEL_VALUES, query: offered, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
      .definition(offered)
      .refresh(grafana.VariableRefresh.OnTimeRangeChanged)
      // oxlint-disable-next-line unicorn/no-array-sort -- of the SDK's builder, which is no array
      .sort(grafana.VariableSort.AlphabeticalAsc)
  )
}

function annotations(language: Language): grafana.AnnotationQueryBuilder[] {
  const starts = annotation(
    TEXT.starts[language],
    'blue',
    `${own('collector_child_start_time_seconds')} * 1000`,
  )
    .titleFormat(TEXT.started[language])
    .useValueForTime(true)
  const firing = annotation(TEXT.firing[language], 'red', `max by (alertname, severity, venue) (${FIRING})`)
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}} {{venue}}')
    .tagKeys('severity')
  return [starts, firing]
}

function annotation(name: string, color: string, expr: string): grafana.AnnotationQueryBuilder {
  const target = new DataqueryBuilder()
    .refId('Anno')
    .datasource(DATASOURCE)
    .expr(expr)
    .range()
    .interval(ANNOTATION_STEP)
  return new grafana.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .step(ANNOTATION_STEP)
    .expr(expr)
    .target(target)
}

function dashboardLinks(language: Language, links: Links): grafana.DashboardLinkBuilder[] {
  const others = new grafana.DashboardLinkBuilder(TEXT.dashboards[language])
    .type(grafana.DashboardLinkType.Dashboards)
    .tags([TAG])
    .keepTime(true)
    .includeVars(true)
  return [
    others,
    outside(TEXT.runbook[language], 'doc', links.runbook_url),
    outside(TEXT.alerts[language], 'bolt', `${links.prometheus_url}/alerts`),
    outside(TEXT.silences[language], 'info', `${links.alertmanager_url}/#/silences`),
  ]
}

const outside = (title: string, icon: string, url: string): grafana.DashboardLinkBuilder =>
  new grafana.DashboardLinkBuilder(title)
    .type(grafana.DashboardLinkType.Link)
    .icon(icon)
    .url(url)
    .targetBlank(true)

/** The SDK puts links into a menu unless told otherwise, and its builder offers no way to tell: they are wanted in sight. */
function inSight(dashboard: grafana.Dashboard): grafana.Dashboard {
  for (const link of dashboard.links ?? []) delete link.placement
  return dashboard
}
