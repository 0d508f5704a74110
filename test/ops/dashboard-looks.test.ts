import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard'
import { parse } from 'yaml'
import { DASHBOARD_FILES, DASHBOARDS, LANGUAGES } from '../../ops/source/dashboards/files.ts'
import { DASHBOARD_FOLDER, datasourcesText, providersText } from '../../ops/source/dashboards/provisioning.ts'
import { prometheusConfig } from '../../ops/source/prometheus.ts'
import { loadSite } from '../../ops/source/site.ts'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { dashboard, everyDashboard, panelsOf, uidsOf } from './dashboard-files.ts'

const COLUMNS = 24
/** A panel that is smaller cannot be read from across a desk, in grid units. */
const LEAST = { width: 4, height: 4 }
const HAN = /\p{Script=Han}/u

test('a stat without a value says so, and never in the color of a good one by chance', () => {
  for (const { panel, name } of everyDashboard().flatMap(panelsOf)) {
    if (panel.type !== 'stat') continue
    const special = (panel.fieldConfig?.defaults.mappings ?? []).filter(
      ({ type }) => type === MappingType.SpecialValue,
    )
    assert.equal(special.length, 1, name)
    assert.match(
      JSON.stringify(special),
      /"match":"null\+nan","result":\{"text":"[^"]+","color":"\w+"\}/,
      name,
    )
  }
})

test('what is counted is counted once: bars are as wide as their ranges', () => {
  const increases = everyDashboard()
    .flatMap(panelsOf)
    .filter(({ targets }) => targets.some(({ expr }) => /increase\(.*\$__rate_interval/.test(expr)))
  assert.ok(increases.length > 0)
  for (const { panel, name } of increases) assert.equal(panel.interval, '1m', name)
})

test('the line of a threshold is in sight, however low the values are', () => {
  const memory = panelsOf(dashboard('collector-resources', 'en')).map(({ panel }) => panel)
  const [trend, connections] = ['Memory trend', 'TCP connection trend'].map((title) =>
    memory.find((panel) => panel.title === title),
  )
  for (const [panel, value] of [
    [trend, 3_000_000_000],
    [connections, 50],
  ] as const) {
    const { thresholds, custom } = panel?.fieldConfig?.defaults ?? {}
    assert.equal(thresholds?.steps.at(-1)?.value, value)
    assert.equal(custom.axisSoftMax, value)
    assert.equal(custom.thresholdsStyle.mode, 'dashed+area')
  }
})

test('what is Chinese is Chinese, and what is English is English', () => {
  for (const language of LANGUAGES) {
    for (const shown of uidsOf(language).map((uid) => dashboard(uid, language))) {
      const isRight = (text = ''): boolean => HAN.test(text) === (language === 'zh')
      assert.ok(isRight(shown.title) && isRight(shown.description), shown.uid)
      for (const panel of shown.panels ?? []) assert.ok(isRight(panel.title), `${language}: ${panel.title}`)
      for (const { panel, name } of panelsOf(shown)) assert.ok(isRight(panel.description), name)
    }
  }
})

test('panels fill the grid line by line, none overlaps, none is too small, and figures come first', () => {
  for (const { uid, panels = [] } of everyDashboard()) {
    const cells = new Set<string>()
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos !== undefined, `${uid}: ${title}`)
      const { x, y, w, h } = gridPos
      assert.ok(x + w <= COLUMNS, `${uid}: ${title} ends at ${x + w}`)
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          assert.ok(!cells.has(`${column}/${line}`), `${uid}: ${title} overlaps`)
          cells.add(`${column}/${line}`)
        }
      }
    }
    const bottom = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)))
    assert.equal(cells.size, bottom * COLUMNS, `${uid} has holes`)
    const shown = panels.filter(({ type }) => type !== 'row')
    for (const { title, gridPos } of shown) {
      const { w = 0, h = 0 } = gridPos ?? {}
      assert.ok(w >= LEAST.width && h >= LEAST.height, `${uid}: ${title}`)
    }
    assert.deepEqual(
      shown.slice(0, 6).map(({ type }) => type),
      Array<string>(6).fill('stat'),
      uid,
    )
    const ids = panels.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length, uid)
  }
})

test('a venue has the same color on every chart, and no two have the same', () => {
  for (const { panel, name } of everyDashboard().flatMap(panelsOf)) {
    if (panel.type !== 'timeseries') continue
    const overrides = panel.fieldConfig?.overrides ?? []
    const colorOf = (series: string): string | undefined =>
      overrides
        .filter(({ matcher }) => matcher.id === 'byRegexp' && isMatch(matcher.options, series))
        .map(({ properties }) => properties[0]?.value.fixedColor)
        .at(-1)
    const colors = VENUE_IDS.map((id) => colorOf(id))
    assert.equal(new Set(colors).size, VENUE_IDS.length, name)
    assert.ok(!colors.includes(undefined), name)
    assert.deepEqual(
      VENUE_IDS.map((id) => colorOf(`${id} p99`)),
      colors,
    )
    assert.deepEqual(
      VENUE_IDS.map((id) => colorOf(`collector/${id}`)),
      colors,
    )
  }
})

/** As Grafana reads a pattern: between slashes. */
const isMatch = (pattern: string, text: string): boolean => new RegExp(pattern.slice(1, -1)).test(text)

test('the switch of language moves the folder that Grafana reads, and nothing else', () => {
  const site = loadSite()
  for (const language of LANGUAGES) {
    const { providers } = parse(providersText({ ...site, language }))
    const { path } = providers[0].options
    assert.equal(path, `${DASHBOARD_FOLDER}/${language}`)
    const folder = path.replace(DASHBOARD_FOLDER, 'ops/grafana/dashboards')
    assert.equal(
      DASHBOARD_FILES.filter((file) => file.path.startsWith(`${folder}/`)).length,
      DASHBOARDS.length,
    )
  }
  assert.equal(datasourcesText({ ...site, language: 'zh' }), datasourcesText({ ...site, language: 'en' }))
})

test('the data sources are where the site says, each with an identity, one of them the default', () => {
  const site = { ...loadSite(), prometheus_url: 'http://there:1', alertmanager_url: 'http://there:2' }
  const { datasources } = parse(datasourcesText(site))
  const [prometheus, alertmanager] = datasources
  assert.equal(prometheus.url, 'http://there:1')
  assert.equal(alertmanager.url, 'http://there:2')
  assert.equal(prometheus.jsonData.alertmanagerUid, alertmanager.uid)
  assert.notEqual(prometheus.uid, alertmanager.uid)
  assert.deepEqual(
    datasources.map(({ isDefault }: { isDefault?: boolean }) => isDefault ?? false),
    [true, false],
  )
})

test('Grafana makes its rates for the interval at which Prometheus scrapes', () => {
  const { datasources } = parse(datasourcesText(loadSite()))
  const { global } = parse(prometheusConfig(loadSite()))
  assert.equal(datasources[0].jsonData.timeInterval, global.scrape_interval)
})
