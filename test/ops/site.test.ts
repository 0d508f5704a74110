import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { alertmanagerConfig } from '../../ops/source/alertmanager.ts'
import { OPS_FILES } from '../../ops/source/files.ts'
import { prometheusConfig } from '../../ops/source/prometheus.ts'
import { rulesText } from '../../ops/source/rules.ts'
import { loadSite, siteOf } from '../../ops/source/site.ts'
import { Folder, ran } from './programs.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCRIPT = join(ROOT, 'scripts/ops.ts')
const text = readFileSync(join(ROOT, 'ops/site.json'), 'utf8')

/** The text of a site with some keys changed; `undefined` takes a key out. */
const changed = (some: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), ...some })

describe('ops/site.json', () => {
  it('is read as it is, without the slashes at the ends of addresses', () => {
    assert.deepEqual(loadSite(), JSON.parse(text))
    assert.equal(
      siteOf(changed({ bridge_url: 'https://alerts.example.net/' })).bridge_url,
      'https://alerts.example.net',
    )
  })

  it('may name a service outside that misses the heartbeat', () => {
    assert.equal(loadSite().watchdog_url, undefined)
    const watchdog_url = 'https://watch.example.net/ping?id=1'
    assert.equal(siteOf(changed({ watchdog_url })).watchdog_url, watchdog_url)
  })

  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['is not JSON', '{', /is not JSON: /],
    ['is a list', '[]', /is not an object/],
    ['has a key too many', changed({ colector_url: 'http://a' }), /colector_url is not known, only name, /],
    ['lacks a key', changed({ grafana_url: undefined }), /grafana_url is missing/],
    [
      'has a host without a scheme',
      changed({ bridge_url: 'bridge:8060' }),
      /bridge_url must be a URL with http/,
    ],
    ['has a number for an address', changed({ bridge_url: 8060 }), /bridge_url must be a URL with http/],
    ['has an anchor', changed({ runbook_url: 'http://a/b#c' }), /runbook_url must end with its path/],
    [
      'has a password',
      changed({ collector_urls: ['http://a', 'http://a:b@c'] }),
      /collector_urls\[1\] must not hold credentials/,
    ],
    [
      'names no collector',
      changed({ collector_urls: [] }),
      /collector_urls must be a list of one URL or more/,
    ],
    ['has no list of collectors', changed({ collector_urls: 'http://a' }), /collector_urls must be a list/],
    [
      'names a collector twice',
      changed({ collector_urls: ['http://a:1', 'http://a:1/'] }),
      /collector_urls must not name a host and port twice/,
    ],
    [
      'has collectors of two schemes',
      changed({ collector_urls: ['http://a', 'https://b'] }),
      /collector_urls must have the same scheme and path/,
    ],
    [
      'has collectors at two paths',
      changed({ collector_urls: ['http://a/x', 'http://b'] }),
      /collector_urls must have the same scheme and path/,
    ],
    [
      'names a job of a cluster that no rule reads',
      changed({ kubernetes_jobs: { grafana: 'grafana' } }),
      /kubernetes_jobs\.grafana is not known, only alertmanager, prometheus are/,
    ],
    [
      'has a job that would end a matcher',
      changed({ kubernetes_jobs: { prometheus: 'a"b' } }),
      /kubernetes_jobs\.prometheus must match/,
    ],
    ['has jobs that are a list', changed({ kubernetes_jobs: [] }), /kubernetes_jobs must be an object/],
    ['has another language', changed({ language: 'fr' }), /language must be en or zh/],
    ['has a name with spaces', changed({ name: 'my site' }), /name must match/],
    ['has a bad address outside', changed({ watchdog_url: 'ping' }), /watchdog_url must be a URL/],
  ]
  for (const [name, wrong, message] of faults) {
    it(`is refused when it ${name}`, () => assert.throws(() => siteOf(wrong), message))
  }

  it('is told every fault at once', () => {
    const wrong = changed({ name: '', language: 'fr', bridge_url: undefined })
    assert.throws(() => siteOf(wrong), /name must match .*; language must be .*; bridge_url is missing/)
  })

  it('moves every host name of Prometheus and Alertmanager, scheme and path included', () => {
    const site = siteOf(
      changed({
        name: 'tokyo',
        collector_urls: ['http://collector:9092'],
        prometheus_url: 'https://metrics.example.net/prometheus/',
        alertmanager_url: 'https://metrics.example.net:8443/alertmanager',
        grafana_url: 'https://panels.example.net',
        bridge_url: 'http://bridge:8060',
        runbook_url: 'https://docs.example.net/runbook.md',
      }),
    )
    const texts = [prometheusConfig(site), rulesText(site), alertmanagerConfig(site)]
    for (const made of texts) assert.doesNotMatch(made, /127\.0\.0\.1|github\.com/)
    assert.deepEqual(parse(prometheusConfig(site)).alerting.alertmanagers, [
      {
        scheme: 'https',
        static_configs: [{ targets: ['metrics.example.net:8443'] }],
        path_prefix: '/alertmanager',
      },
    ])
    const jobs = parse(prometheusConfig(site)).scrape_configs.map(
      (job: {
        job_name: string
        scheme: string
        metrics_path: string
        static_configs: { targets: string[] }[]
      }) => `${job.job_name} ${job.scheme}://${job.static_configs[0]?.targets[0]}${job.metrics_path}`,
    )
    assert.deepEqual(jobs, [
      'collector http://collector:9092/metrics',
      'alert-bridge http://bridge:8060/metrics',
      'alertmanager https://metrics.example.net:8443/alertmanager/metrics',
      'prometheus https://metrics.example.net:443/prometheus/metrics',
    ])
    assert.match(rulesText(site), /https:\/\/docs\.example\.net\/runbook\.md#collectordown/)
    assert.match(rulesText(site), /https:\/\/panels\.example\.net\/d\/collector-resources/)
    assert.match(alertmanagerConfig(site), /http:\/\/bridge:8060\/dingtalk\/collector\/send/)
  })
})

describe('several collectors', () => {
  it('are targets of one job, on every host that the site names', () => {
    const site = siteOf(changed({ collector_urls: ['https://a.example.net/one/', 'https://b:8443/one'] }))
    const [collector] = parse(prometheusConfig(site)).scrape_configs
    assert.equal(collector.job_name, 'collector')
    assert.equal(collector.scheme, 'https')
    assert.equal(collector.metrics_path, '/one/metrics')
    assert.deepEqual(collector.static_configs, [{ targets: ['a.example.net:443', 'b:8443'] }])
  })
})

describe('the files below ops/', () => {
  it('are what their definitions say', () => {
    const { status, output } = ran(process.execPath, SCRIPT, '--check')
    assert.equal(output, '')
    assert.equal(status, 0)
  })

  it('are told by name when one was changed or is missing', () => {
    using folder = new Folder()
    assert.deepEqual(ran(process.execPath, SCRIPT, '--root', folder.path), { status: 0, output: '' })
    assert.deepEqual(ran(process.execPath, SCRIPT, '--check', '--root', folder.path), {
      status: 0,
      output: '',
    })
    const [first] = OPS_FILES
    assert.ok(first !== undefined)
    appendFileSync(join(folder.path, first.path), '# changed\n')
    const changedFile = ran(process.execPath, SCRIPT, '--check', '--root', folder.path)
    assert.equal(changedFile.status, 1)
    assert.equal(changedFile.output, `${first.path} is not what ops/source/ says: run 'npm run ops'\n`)
    using empty = new Folder()
    const none = ran(process.execPath, SCRIPT, '--check', '--root', empty.path)
    assert.equal(none.status, 1)
    assert.equal(none.output.trim().split('\n').length, OPS_FILES.length)
  })

  it('have one definition each', () => {
    assert.equal(new Set(OPS_FILES.map(({ path }) => path)).size, OPS_FILES.length)
    for (const { path } of OPS_FILES) assert.match(path, /^ops\/(?!source\/)/)
  })
})
