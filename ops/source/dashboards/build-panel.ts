import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as grafana from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StatesBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { Language } from '../site.ts'
import { SERIES_COLORS } from './colors.ts'
import {
  type BarsPanel,
  type LinesPanel,
  type Meaning,
  NO_DATA,
  type Panel,
  type Query,
  type StatesPanel,
  type StatPanel,
  type Step,
} from './panels.ts'
import type { Said } from '../alert.ts'

/** What a panel is made for. */
export interface Place {
  readonly language: Language
  /** Unique within its dashboard. */
  readonly id: number
  /** Headings of the runbook are anchors of it. */
  readonly runbookUrl: string
}

/** Chooses among the Prometheus servers that Grafana knows. */
export const DATASOURCE_VARIABLE = 'datasource'
/** The server that was chosen. */
export const DATASOURCE = { type: 'prometheus', uid: `\${${DATASOURCE_VARIABLE}}` } as const

/** What of the panel builders is used for every panel. */
interface AnyBuilder extends Builder<grafana.Panel> {
  id(id: number): unknown
  title(title: string): unknown
  description(description: string): unknown
  datasource(datasource: common.DataSourceRef): unknown
  span(width: number): unknown
  height(height: number): unknown
  unit(unit: string): unknown
  noValue(text: string): unknown
  links(links: readonly Builder<grafana.DashboardLink>[]): unknown
  targets(targets: readonly Builder<Dataquery>[]): unknown
  thresholds(thresholds: Builder<grafana.ThresholdsConfig>): unknown
  mappings(mappings: readonly grafana.ValueMapping[]): unknown
  overrideByRegexp(pattern: string, properties: grafana.DynamicConfigValue[]): unknown
  overrideByQuery(refId: string, properties: grafana.DynamicConfigValue[]): unknown
}

/** At least the range of an increase: in shorter steps an event would be in several bars. */
const BAR = '1m'

const LIMIT_LOOK = [
  { id: 'color', value: { mode: 'fixed', fixedColor: 'semi-dark-red' } },
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
  { id: 'custom.fillOpacity', value: 0 },
  { id: 'custom.stacking', value: { mode: 'none', group: 'A' } },
]

/** A panel as Grafana reads it. */
export function buildPanel(panel: Panel, place: Place): AnyBuilder {
  const builder = builderOf(panel, place.language)
  const { language } = place
  builder.id(place.id)
  builder.title(panel.title[language])
  builder.description(panel.description[language])
  builder.datasource(DATASOURCE)
  builder.span(panel.width)
  builder.height(panel.height)
  builder.unit(panel.unit)
  if (panel.kind !== 'stat' && panel.noValue !== undefined) builder.noValue(panel.noValue[language])
  builder.targets(panel.queries.map((query, at) => target(query, refIdOf(at), panel.kind, language)))
  builder.links((panel.alerts ?? []).map((alert) => runbookLink(alert, place)))
  return builder
}

function builderOf(panel: Panel, language: Language): AnyBuilder {
  switch (panel.kind) {
    case 'stat':
      return statBuilder(panel, language)
    case 'lines':
      return linesBuilder(panel)
    case 'bars':
      return barsBuilder(panel)
    case 'states':
      return statesBuilder(panel, language)
  }
}

function statBuilder(panel: StatPanel, language: Language): AnyBuilder {
  const builder = new StatBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Background)
    .textMode(common.BigValueTextMode.Value)
    .colorScheme(new grafana.FieldColorBuilder().mode(grafana.FieldColorModeId.Thresholds))
    .thresholds(thresholds(panel.steps))
    .mappings([...mappings(panel.meanings, language), absence(panel.absent ?? NO_DATA, language)])
  return panel.decimals === undefined ? builder : builder.decimals(panel.decimals)
}

function linesBuilder(panel: LinesPanel): AnyBuilder {
  const builder = timeBuilder(panel.queries)
    .drawStyle(common.GraphDrawStyle.Line)
    .lineWidth(2)
    .fillOpacity(panel.isStacked ? 40 : 0)
    .showPoints(common.VisibilityMode.Never)
  if (panel.isStacked) builder.stacking(stacked())
  if (panel.mark !== undefined) {
    const style = new common.GraphThresholdsStyleConfigBuilder().mode(
      common.GraphThresholdsStyleMode.DashedAndArea,
    )
    builder
      .thresholds(thresholds([{ color: 'transparent' }, { from: panel.mark, color: 'red' }]))
      .thresholdsStyle(style)
      .axisSoftMax(panel.mark)
  }
  return builder
}

const barsBuilder = (panel: BarsPanel): AnyBuilder =>
  timeBuilder(panel.queries)
    .interval(BAR)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(80)
    .lineWidth(0)
    .stacking(stacked())

const stacked = (): common.StackingConfigBuilder =>
  new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A')

function timeBuilder(queries: readonly Query[]): LinesBuilder {
  const legend = new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs(['lastNotNull', 'max'])
  const tooltip = new common.VizTooltipOptionsBuilder()
    .mode(common.TooltipDisplayMode.Multi)
    // oxlint-disable-next-line unicorn/no-array-sort -- of the SDK's builder, which is no array
    .sort(common.SortOrder.Descending)
  const builder = new LinesBuilder()
    .axisSoftMin(0)
    .legend(legend)
    .tooltip(tooltip)
    .colorScheme(new grafana.FieldColorBuilder().mode(grafana.FieldColorModeId.PaletteClassicByName))
  for (const [pattern, color] of SERIES_COLORS) {
    builder.overrideByRegexp(pattern, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }])
  }
  for (const [at, { isLimit, isAtTheRight }] of queries.entries()) {
    if (isLimit) builder.overrideByQuery(refIdOf(at), LIMIT_LOOK)
    if (isAtTheRight) builder.overrideByQuery(refIdOf(at), [{ id: 'custom.axisPlacement', value: 'right' }])
  }
  return builder
}

function statesBuilder(panel: StatesPanel, language: Language): AnyBuilder {
  return new StatesBuilder()
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.85)
    .fillOpacity(80)
    .lineWidth(0)
    .legend(new common.VizLegendOptionsBuilder().showLegend(false).calcs([]))
    .colorScheme(new grafana.FieldColorBuilder().mode(grafana.FieldColorModeId.Thresholds))
    .thresholds(thresholds(panel.steps))
    .mappings(mappings(panel.meanings, language))
}

/** A to Z; no panel has more queries. */
const refIdOf = (at: number): string => String.fromCodePoint(65 + at)

function target(query: Query, refId: string, kind: Panel['kind'], language: Language): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(query.expr)
    .legendFormat(said(query.legend, language))
  return kind === 'stat' ? builder.instant() : builder.range()
}

const said = (text: Said | string, language: Language): string =>
  typeof text === 'string' ? text : text[language]

const thresholds = (steps: readonly Step[]): grafana.ThresholdsConfigBuilder =>
  new grafana.ThresholdsConfigBuilder()
    .mode(grafana.ThresholdsMode.Absolute)
    .steps(steps.map(({ from, color }) => ({ value: from ?? null, color })))

function mappings(
  meanings: Readonly<Record<number, Meaning>> = {},
  language: Language,
): grafana.ValueMapping[] {
  const options = Object.entries(meanings).map(
    ([value, { text, color }], index) => [value, { text: text[language], color, index }] as const,
  )
  if (options.length === 0) return []
  return [{ type: grafana.MappingType.ValueToText, options: Object.fromEntries(options) }]
}

/** Without it no value would have the color of the first step. */
function absence({ text, color }: Meaning, language: Language): grafana.ValueMapping {
  return {
    type: grafana.MappingType.SpecialValue,
    options: { match: grafana.SpecialValueMatch.NullAndNan, result: { text: text[language], color } },
  }
}

function runbookLink(alert: string, { language, runbookUrl }: Place): grafana.DashboardLinkBuilder {
  const name = language === 'zh' ? `处置手册：${alert}` : `Runbook: ${alert}`
  return new grafana.DashboardLinkBuilder(name)
    .type(grafana.DashboardLinkType.Link)
    .url(`${runbookUrl}#${alert.toLowerCase()}`)
    .targetBlank(true)
}
