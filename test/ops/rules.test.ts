import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { ALERTS } from '../../ops/source/alerts.ts'
import { prometheusConfig } from '../../ops/source/prometheus.ts'
import { divisorsOf, type Selector, selectorsOf } from '../../ops/source/promql.ts'
import { rulesOf, rulesText } from '../../ops/source/rules.ts'
import { secondsOf } from '../../ops/source/series.ts'
import { RECORDINGS } from '../../ops/source/service-level.ts'
import { loadSite } from '../../ops/source/site.ts'
import { gigabytesOf, percentOf, THRESHOLDS } from '../../ops/source/thresholds.ts'
import { freeUrls, type Program, startPrometheus } from '../../scripts/programs.ts'
import { BRIDGE_METRICS } from '../../src/alerts/metrics.ts'
import { readConfig } from '../../src/config/loader.ts'
import { ALERT_METRICS } from '../../src/supervisor/metrics/alerts.ts'
import { METRICS } from '../../src/supervisor/metrics/families.ts'
import { fullInstance, rendered } from '../supervisor/metrics/instance.ts'
import { Folder, program, ran, until } from './programs.ts'

const ROOT = join(import.meta.dirname, '../..')
const RULES = join(ROOT, 'ops/prometheus/rules/collector.yml')
const TESTS = join(ROOT, 'ops/prometheus/tests/collector.test.yml')
const CONFIG = join(ROOT, 'ops/prometheus/prometheus.yml')
const RUNBOOK = 'docs/runbook.md'

const promtool = program('promtool')
const prometheus = program('prometheus')

interface WrittenRule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly annotations: Readonly<Record<string, string>>
}
interface Written {
  readonly groups: readonly { readonly name: string; readonly rules: readonly WrittenRule[] }[]
}
interface WrittenTests {
  readonly tests: readonly { readonly name: string }[]
}

const written = parse(readFileSync(RULES, 'utf8')) as Written
const writtenTests = parse(readFileSync(TESTS, 'utf8')) as WrittenTests

/** Metrics that Prometheus and Alertmanager tell of themselves; `up` is told by Prometheus of each that it scrapes. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  prometheus: ['up', 'prometheus_notifications_dropped_total'],
  alertmanager: ['up', 'alertmanager_notifications_failed_total'],
}
/** Labels that a scrape adds. */
const SCRAPED = ['job', 'instance']
/** Alerts of loss, which is told at its first sign, of counts that are held against a limit of their own, and the heartbeat. */
const AT_ONCE = new Set([
  'CollectorCrashLooping',
  'CollectorBookIntegrity',
  'CollectorDataLoss',
  'CollectorAlertDeliveryFailing given_up',
  'Watchdog',
])
const TWO_SCRAPES_S = 30

const recorded = new Map(RECORDINGS.map(({ record, expr }) => [record, expr(1)]))

/** What an expression reads, through what is recorded. */
const readBy = (expr: string): readonly Selector[] =>
  selectorsOf(expr).flatMap((selector) => {
    const source = recorded.get(selector.metric)
    return source === undefined ? [selector] : selectorsOf(source)
  })

const seriesOf = (name: string): readonly string[] => [name, `${name}_sum`, `${name}_count`, `${name}_bucket`]

/** The metric of the catalogue that has the series, with its labels. */
const catalogued = (series: string) => METRICS.find(({ name }) => seriesOf(name).includes(series))

const isOurs = ({ metric, job }: Selector): boolean => job === 'collector' && metric !== 'up'

const allRules = ALERTS.flatMap((alert) => rulesOf(alert).map((rule) => ({ alert, rule })))

describe('the rules and the catalogue of metrics', () => {
  it('agree on which metrics each alert looks at', () => {
    const looked = ALERTS.flatMap((alert) => {
      const metrics = rulesOf(alert).flatMap(({ expr }) => readBy(expr).filter(isOurs))
      const names = new Set(metrics.map(({ metric }) => catalogued(metric)?.name ?? metric))
      return names.size === 0 ? [] : [[alert.name, [...names].toSorted()] as const]
    })
    const listed = Object.entries(ALERT_METRICS).map(
      ([alert, metrics]) => [alert, [...metrics].toSorted()] as const,
    )
    assert.deepEqual(Object.fromEntries(looked), Object.fromEntries(listed))
  })

  it('have every metric of a rule at the one that it is read from', () => {
    const bridge = new Map<string, readonly string[]>(
      Object.values(BRIDGE_METRICS).map(({ name, labels }) => [name, labels]),
    )
    for (const { metric, job, labels } of allRules.flatMap(({ rule }) => readBy(rule.expr))) {
      assert.ok(job !== undefined, `${metric} is read from any job`)
      for (const one of job.split('|')) {
        const known =
          metric === 'up'
            ? []
            : one === 'collector'
              ? catalogued(metric)?.labels
              : one === 'alert-bridge'
                ? bridge.get(metric)
                : FOREIGN[one]?.includes(metric) === true
                  ? labels
                  : undefined
        assert.ok(known !== undefined, `${one} does not tell ${metric}`)
        for (const label of labels) {
          assert.ok([...SCRAPED, ...known].includes(label), `${metric} has no label ${label}`)
        }
      }
    }
  })

  it('have no alert that reads what is not recorded', () => {
    const read = allRules.flatMap(({ rule }) => selectorsOf(rule.expr).map(({ metric }) => metric))
    for (const metric of read.filter((name) => name.includes(':'))) assert.ok(recorded.has(metric), metric)
  })
})

describe('an alert', () => {
  it('has a name of its own', () => {
    assert.equal(new Set(ALERTS.map(({ name }) => name)).size, ALERTS.length)
    for (const { name } of ALERTS) assert.match(name, /^(Collector[A-Z][A-Za-z]+|Watchdog)$/)
  })

  it('has a case in which each of its rules fires and one in which it does not', () => {
    for (const { alert, rule } of allRules) {
      assert.ok(
        rule.cases.some((one) => one.fires.length > 0),
        `${alert.name}: ${rule.expr} never fires`,
      )
      // The heartbeat always is there.
      if (alert.name === 'Watchdog') continue
      assert.ok(
        rule.cases.some((one) => one.quiet.length > 0),
        `${alert.name}: ${rule.expr} always fires`,
      )
    }
  })

  it('holds for two scrapes, save where something was lost', () => {
    for (const { alert, rule } of allRules) {
      const isAtOnce = [alert.name, `${alert.name} ${rule.labels?.['signal']}`].some((name) =>
        AT_ONCE.has(name),
      )
      const isTwin = rule.labels?.['signal'] === 'absent'
      if (isAtOnce && !isTwin) assert.equal(rule.for, '0s', alert.name)
      else assert.ok(secondsOf(rule.for) >= TWO_SCRAPES_S, `${alert.name}: ${rule.for}`)
    }
  })

  it('divides by nothing that may be 0', () => {
    const exprs = [...allRules.map(({ rule }) => rule.expr), ...recorded.values()]
    const divisors = exprs.flatMap((expr) => divisorsOf(expr))
    assert.ok(divisors.length > 5)
    for (const divisor of divisors) assert.match(divisor, /> 0\)/)
  })

  it('has a summary without a value, and a description with one at most, in both languages', () => {
    for (const { alert, rule } of allRules) {
      for (const text of [alert.summary.en, alert.summary.zh]) assert.doesNotMatch(text, /\{\{/, alert.name)
      for (const language of ['en', 'zh'] as const) {
        const values = rule.description[language].match(/\{\{ \$value/g) ?? []
        assert.ok(values.length <= 1, `${alert.name}: ${rule.description[language]}`)
      }
      const used = ({ en, zh }: typeof rule.description) =>
        [en, zh].map((text) => (text.match(/\{\{[^}]*\}\}/g) ?? []).toSorted())
      assert.deepEqual(...(used(rule.description) as [string[], string[]]))
      for (const text of [alert.summary.zh, rule.description.zh]) assert.match(text, /\p{Script=Han}/u)
      for (const text of [alert.summary.en, rule.description.en]) assert.doesNotMatch(text, /\p{Script=Han}/u)
    }
  })

  it('has an entry in the runbook where its link leads', () => {
    const headings = readFileSync(join(ROOT, RUNBOOK), 'utf8').matchAll(/^#+ (.+)$/gm)
    const anchors = new Set([...headings].map(([, heading]) => heading?.toLowerCase().replaceAll(' ', '-')))
    const rules = written.groups.flatMap((group) => group.rules).filter(({ alert }) => alert !== undefined)
    assert.equal(rules.length, allRules.length)
    for (const { alert, annotations } of rules) {
      const [page, anchor] = annotations['runbook_url']?.split('#') ?? []
      assert.ok(page?.endsWith(`/${RUNBOOK}`), `${alert}: ${page}`)
      assert.ok(anchor !== undefined && anchors.has(anchor), `${RUNBOOK} has no ${anchor}`)
    }
  })
})

describe('a threshold', () => {
  const said: readonly (readonly [alert: string, words: string])[] = [
    ['CollectorHighMemory', `${gigabytesOf(THRESHOLDS.memoryBytes)} GB`],
    ['CollectorHighConnections', `More than ${THRESHOLDS.connections} TCP`],
    ['CollectorUnaccountedSockets', `More than ${THRESHOLDS.unaccountedSockets} TCP`],
    ['CollectorFdNearLimit', `More than ${percentOf(THRESHOLDS.descriptorShare)} %`],
    ['CollectorGcPressure', `More than ${percentOf(THRESHOLDS.collectionShare)} %`],
    ['CollectorBooksUnsynced', `More than ${percentOf(THRESHOLDS.unsyncedShare)} %`],
    ['CollectorBookSloBurn', `burns ${THRESHOLDS.burnFactor} times`],
    ['CollectorDiskFilling', `${percentOf(THRESHOLDS.diskFreeShare)} %`],
    ['CollectorStorageStalled', `more than ${THRESHOLDS.storeSilenceSeconds / 60} minutes`],
    ['CollectorStorageStalled', `for it for ${THRESHOLDS.storeBehindMinutes + 2} minutes`],
  ]
  const sections = readFileSync(join(ROOT, RUNBOOK), 'utf8').split(/^### /m)
  for (const [alert, words] of said) {
    it(`of ${alert} is in its entry of the runbook: ${words}`, () => {
      const section = sections.find((each) => each.startsWith(`${alert}\n`))
      assert.ok(section?.includes(words), section)
    })
  }

  it('of a store that is behind is as long as a conversion may take', () => {
    const outcome = readConfig(new TextEncoder().encode('{}'))
    assert.ok('config' in outcome)
    assert.equal(THRESHOLDS.storeBehindMinutes * 60, outcome.config.sinks.parquet.deadlineSeconds)
  })
})

describe('the rules and Prometheus', () => {
  it('agree: no complaint of promtool about the rules and the configuration', { skip: promtool.skip }, () => {
    const rules = ran(promtool.path, 'check', 'rules', '--lint=all', '--lint-fatal', RULES)
    assert.equal(rules.status, 0, rules.output)
    assert.match(rules.output, new RegExp(`SUCCESS: ${allRules.length + RECORDINGS.length} rules found`))
    const config = ran(promtool.path, 'check', 'config', CONFIG)
    assert.equal(config.status, 0, config.output)
  })

  it('agree on rules whose durations are divided', { skip: promtool.skip }, () => {
    using folder = new Folder()
    const file = join(folder.path, 'rules.yml')
    const text = rulesText(loadSite(), { faster: 60 })
    writeFileSync(file, text)
    const { status, output } = ran(promtool.path, 'check', 'rules', '--lint=all', file)
    assert.equal(status, 0, output)
    const { groups } = parse(text) as Written
    const rules = groups.flatMap((group) => group.rules)
    const rule = rules.find(({ alert }) => alert === 'CollectorDataLoss')
    assert.match(rule?.expr ?? '', /\[5000ms\].*\n.*offset 5000ms/s)
    // The seconds that bad ones are held against are those of the window.
    const shares = rules.filter(({ record }) => record?.includes('_bad:') === true)
    assert.ok(shares.length > 3)
    for (const { record, expr } of shares) {
      const windows = [...expr.matchAll(/\[(\d+)ms\]/g)].map(([, ms]) => Number(ms) / 1_000)
      const seconds = Number(/\* ([\d.]+)\)$/.exec(expr)?.[1])
      assert.deepEqual(windows, [seconds, seconds], record)
    }
  })

  it('agree that nobody misses the heartbeat, only where Alertmanager does not send it outside itself', () => {
    const outside = { ...loadSite(), watchdog_url: 'https://watch.example.net' }
    assert.match(rulesText(loadSite()), /CollectorHeartbeatUnwatched/)
    assert.doesNotMatch(rulesText(outside), /CollectorHeartbeatUnwatched/)
  })

  // By alert, with its own rules only: every case works out all rules there are, which takes minutes.
  for (const { name } of ALERTS) {
    it(`agree on every case of ${name}`, { skip: promtool.skip }, () => {
      using folder = new Folder()
      const isNeeded = ({ alert }: WrittenRule): boolean =>
        alert === name || (alert === undefined && name === 'CollectorBookSloBurn')
      const groups = written.groups.map((group) => ({
        name: group.name,
        rules: group.rules.filter(isNeeded),
      }))
      const tests = writtenTests.tests.filter((test) => test.name.startsWith(`${name}: `))
      assert.notEqual(tests.length, 0)
      for (const sub of ['rules', 'tests']) mkdirSync(join(folder.path, sub))
      writeFileSync(join(folder.path, 'rules/collector.yml'), stringify({ groups }))
      const file = join(folder.path, 'tests/one.yml')
      writeFileSync(file, stringify({ ...writtenTests, tests }))
      const { status, output } = ran(promtool.path, 'test', 'rules', file)
      assert.equal(status, 0, output)
    })
  }

  it(
    'agree: a server works them out over a whole instance, and finds all that they read',
    { skip: prometheus.skip },
    async () => {
      const exposition = await rendered(fullInstance())
      const collector = createServer((_, response) => response.end(exposition)).listen(0, '127.0.0.1')
      await once(collector, 'listening')
      try {
        using folder = new Folder()
        const address = collector.address()
        assert.ok(address !== null && typeof address === 'object')
        await using server = await prometheusOf(folder, `http://127.0.0.1:${address.port}`)
        await until('a scrape of the collector and of Prometheus itself', async () =>
          (await found(server, 'up{job=~"collector|prometheus"} == 1')) === 2 ? true : undefined,
        )
        const selectors = allRules.flatMap(({ rule }) => readBy(rule.expr))
        const there = selectors.filter(({ job }) => job === 'collector' || job === 'prometheus')
        const texts = new Set(there.map(({ text }) => text))
        assert.ok(texts.size > 30)
        for (const text of texts) assert.notEqual(await found(server, text), 0, `There is no ${text}`)
        const loaded = await until('rules that were worked out', () => workedOut(server))
        assert.equal(loaded.length, allRules.length + RECORDINGS.length)
        for (const { health, lastError } of loaded) assert.equal(health, 'ok', lastError)
      } finally {
        collector.close()
      }
    },
  )
})

/** A Prometheus of its own with our configuration and rules, every second, that scrapes a collector and itself. */
async function prometheusOf({ path: folder }: Folder, collector: string): Promise<Program> {
  // Nothing that happens to be on this machine is scraped or told.
  const [url = '', nobody = ''] = await freeUrls(2)
  const others = { alertmanager_url: nobody, bridge_url: nobody }
  const site = { ...loadSite(), ...others, collector_urls: [collector] as const, prometheus_url: url }
  const configFile = join(folder, 'prometheus.yml')
  mkdirSync(join(folder, 'rules'))
  writeFileSync(configFile, prometheusConfig(site).replaceAll(/: 1[05]s$/gm, ': 1s'))
  writeFileSync(join(folder, 'rules/collector.yml'), rulesText(site, { faster: 15 }))
  return startPrometheus({ folder, configFile, url })
}

/** How many series a query finds. */
async function found(server: Program, query: string): Promise<number> {
  const answer = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(query)}`)
  const { data } = (await answer.json()) as { data: { result: unknown[] } }
  return data.result.length
}

/** The rules of a server, once all have been worked out. */
async function workedOut(
  server: Program,
): Promise<readonly { readonly health: string; readonly lastError?: string }[] | undefined> {
  const answer = await fetch(`${server.url}/api/v1/rules`)
  const { data } = (await answer.json()) as {
    data: { groups: { rules: { health: string; lastError?: string }[] }[] }
  }
  const rules = data.groups.flatMap((group) => group.rules)
  return rules.some(({ health }) => health === 'unknown') ? undefined : rules
}
