import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { alertmanagerConfig } from '../../ops/source/alertmanager.ts'
import { ALERTS } from '../../ops/source/alerts.ts'
import { loadSite, type Site } from '../../ops/source/site.ts'
import { freeUrls, type Program, startAlertmanager } from '../../scripts/programs.ts'
import { Folder, program, ran, until } from './programs.ts'

const CONFIG = join(import.meta.dirname, '../../ops/alertmanager/alertmanager.yml')
const OUTSIDE = 'https://watch.example.net/ping/1?source=a'

const amtool = program('amtool')
const alertmanager = program('prometheus-alertmanager')

type Labels = Readonly<Record<string, string>>

/** The alert of our rules with this name, of the first instance unless told otherwise. */
function alert(name: string, labels: Labels = {}): Labels {
  const severity = ALERTS.find((each) => each.name === name)?.severity
  assert.ok(severity !== undefined, name)
  return { alertname: name, severity, service: 'collector', instance: 'a:9092', ...labels }
}

/** The same without an instance: Prometheus does not know of any. */
const anywhere = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'instance'))

/** An Alertmanager of its own with our configuration, for a site. */
async function started({ path: folder }: Folder, site: Site = loadSite()): Promise<Program> {
  const [url = ''] = await freeUrls(1)
  const configFile = join(folder, 'alertmanager.yml')
  writeFileSync(configFile, alertmanagerConfig(site))
  return startAlertmanager({ folder, configFile, url })
}

async function post(server: Program, alerts: readonly Labels[]): Promise<void> {
  const answer = await fetch(`${server.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts.map((labels) => ({ labels, annotations: {} }))),
  })
  assert.equal(answer.status, 200, await answer.text())
}

interface Told {
  readonly labels: Labels
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] }
}

const told = async (server: Program): Promise<readonly Told[]> =>
  (await (await fetch(`${server.url}/api/v2/alerts`)).json()) as Told[]

const keyOf = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join()

/** Waits until exactly `muted` of all alerts there are, are muted. */
async function assertMuted(server: Program, all: readonly Labels[], muted: readonly Labels[]): Promise<void> {
  const wanted = muted.map(keyOf).toSorted()
  let last: readonly string[] = []
  await until(`muted: ${wanted.join('\n')}`, async () => {
    const alerts = await told(server)
    last = alerts
      .filter(({ status }) => status.inhibitedBy.length > 0)
      .map(({ labels }) => keyOf(labels))
      .toSorted()
    return alerts.length === all.length && last.join('\n') === wanted.join('\n') ? true : undefined
  }).catch((cause: unknown) => {
    throw new Error(`muted were: ${last.join('\n')}`, { cause })
  })
}

const INHIBITIONS: readonly {
  readonly name: string
  readonly firing: readonly Labels[]
  readonly muted: readonly Labels[]
}[] = [
  {
    name: 'an instance that is down mutes what else is said of it, and nothing of another, nor the way of alerts',
    firing: [
      alert('CollectorDown'),
      alert('CollectorVenueDown', { instance: 'b:9092', venue: 'okx-spot' }),
      alert('CollectorAlertDeliveryFailing'),
      anywhere(alert('Watchdog')),
    ],
    muted: [
      alert('CollectorVenueDown', { venue: 'okx-spot' }),
      alert('CollectorDataLoss'),
      alert('CollectorHealthDegraded'),
    ],
  },
  {
    name: 'collectors of which there is no target mute what is left of them, and neither the way of alerts nor the heartbeat',
    firing: [
      anywhere(alert('CollectorDown')),
      alert('CollectorAlertDeliveryFailing', { instance: 'a:8060' }),
      anywhere(alert('CollectorAlertDeliveryFailing')),
      anywhere(alert('Watchdog')),
    ],
    muted: [
      alert('CollectorDataLoss'),
      alert('CollectorVenueDown', { instance: 'b:9092', venue: 'deribit' }),
    ],
  },
  {
    name: 'no data at all mutes what is said of venues and their books, and not that data was lost',
    firing: [
      alert('CollectorNoData'),
      alert('CollectorDataLoss'),
      alert('CollectorVenueDown', { instance: 'b:9092', venue: 'deribit' }),
    ],
    muted: [
      alert('CollectorVenueDown', { venue: 'okx-spot' }),
      alert('CollectorVenueDown', { signal: 'absent' }),
      alert('CollectorBooksUnsynced', { venue: 'okx-spot' }),
      alert('CollectorBookSloBurn', { venue: 'okx-spot', burn: '14.4x' }),
    ],
  },
  {
    name: 'a collector that cannot be got to work mutes what follows from it, and neither another instance nor loss',
    firing: [
      alert('CollectorPipelineStalled', { component: 'collector' }),
      alert('CollectorDataLoss'),
      alert('CollectorUnhealthy'),
      alert('CollectorVenueDown', { instance: 'b:9092', venue: 'okx-spot' }),
    ],
    muted: [
      alert('CollectorNoData'),
      alert('CollectorVenueDown', { venue: 'okx-spot' }),
      alert('CollectorVenueDown', { venue: 'deribit' }),
      alert('CollectorBooksUnsynced', { venue: 'okx-spot' }),
      alert('CollectorBookSloBurn', { venue: 'okx-spot', burn: '14.4x' }),
    ],
  },
  {
    name: 'the collector of one venue of several, and the delivery, mute nothing',
    firing: [
      alert('CollectorPipelineStalled', { component: 'collector/okx-spot' }),
      alert('CollectorPipelineStalled', { component: 'delivery' }),
      alert('CollectorVenueDown', { venue: 'deribit' }),
      alert('CollectorVenueDown', { venue: 'okx-spot' }),
    ],
    muted: [],
  },
  {
    name: 'a ban mutes what follows from it at that venue, and nothing at another or without a venue',
    firing: [
      alert('CollectorVenueBanned', { venue: 'binance-spot' }),
      alert('CollectorVenueDown', { venue: 'okx-spot' }),
      alert('CollectorVenueDown', { signal: 'absent' }),
      alert('CollectorVenueDown', { instance: 'b:9092', venue: 'binance-spot' }),
      alert('CollectorSequenceGapsHigh', { venue: 'binance-spot' }),
    ],
    muted: [
      alert('CollectorVenueDown', { venue: 'binance-spot' }),
      alert('CollectorBooksUnsynced', { venue: 'binance-spot' }),
      alert('CollectorReconnectStorm', { venue: 'binance-spot' }),
    ],
  },
  {
    name: 'a ban without a venue mutes nothing',
    firing: [
      alert('CollectorVenueBanned'),
      alert('CollectorVenueDown', { signal: 'absent' }),
      alert('CollectorBooksUnsynced'),
    ],
    muted: [],
  },
  {
    name: 'a page mutes its own warning at the same venue, and no other warning',
    firing: [
      alert('CollectorBookSloBurn', { venue: 'okx-spot', burn: '6x' }),
      alert('CollectorBookSloBurn', { venue: 'deribit', burn: '1x', severity: 'warning' }),
      alert('CollectorBooksUnsynced', { venue: 'okx-spot' }),
      alert('CollectorHighMemory'),
    ],
    muted: [alert('CollectorBookSloBurn', { venue: 'okx-spot', burn: '1x', severity: 'warning' })],
  },
  {
    name: 'what is told under two names is told under the graver one, of the same sink',
    firing: [
      alert('CollectorOutboxFullSoon'),
      alert('CollectorStorageStalled', { sink: 'clickhouse' }),
      alert('CollectorStorageErrors', { sink: 'parquet' }),
      alert('CollectorSinkFailing', { sink: 'nats', code: 'timeout' }),
    ],
    muted: [
      alert('CollectorOutboxFilling'),
      alert('CollectorStorageErrors', { sink: 'clickhouse' }),
      alert('CollectorSinkFailing', { sink: 'clickhouse', code: 'timeout' }),
    ],
  },
  {
    name: 'NATS that is not connected mutes that this sink fails, and no other sink or instance',
    firing: [
      alert('CollectorNatsDisconnected'),
      alert('CollectorSinkFailing', { sink: 'clickhouse', code: 'mismatch' }),
      alert('CollectorSinkFailing', { instance: 'b:9092', sink: 'nats', code: 'mismatch' }),
    ],
    muted: [alert('CollectorSinkFailing', { sink: 'nats', code: 'unreachable' })],
  },
]

describe('the routes of alerts', () => {
  it('are without fault to amtool, with and without a service outside', { skip: amtool.skip }, () => {
    using folder = new Folder()
    const outside = join(folder.path, 'outside.yml')
    writeFileSync(outside, alertmanagerConfig({ ...loadSite(), watchdog_url: OUTSIDE }))
    for (const file of [CONFIG, outside]) {
      const { status, output } = ran(amtool.path, 'check-config', file)
      assert.equal(status, 0, output)
    }
  })

  it(
    'lead by severity: pages and warnings to the bridge, information to nobody',
    { skip: amtool.skip },
    () => {
      const receivers = {
        critical: 'dingtalk',
        warning: 'dingtalk',
        info: 'null',
        none: 'heartbeat',
      } as const
      for (const { name, severity } of ALERTS) {
        const { status, output } = routed(CONFIG, receivers[severity], name, severity)
        assert.equal(status, 0, `${name} ${severity}: ${output}`)
      }
      // The tool does tell a wrong receiver.
      assert.equal(routed(CONFIG, 'null', 'CollectorDown', 'critical').status, 1)
    },
  )

  it('lead the heartbeat to a service outside as well, where there is one', { skip: amtool.skip }, () => {
    using folder = new Folder()
    const file = join(folder.path, 'outside.yml')
    writeFileSync(file, alertmanagerConfig({ ...loadSite(), watchdog_url: OUTSIDE }))
    const { status, output } = routed(file, 'outside,heartbeat', 'Watchdog', 'none')
    assert.equal(status, 0, output)
  })

  it('repeat pages every five minutes, the heartbeat too, and the rest every hour', () => {
    const { route } = parse(readFileSync(CONFIG, 'utf8')) as {
      route: Labels & { group_by: string[]; routes: Labels[] }
    }
    assert.deepEqual(route.group_by, ['alertname', 'severity'])
    assert.equal(route['group_wait'], '10s')
    assert.equal(route['repeat_interval'], '1h')
    const repeats = route.routes.map((each) => each['repeat_interval'])
    assert.deepEqual(repeats, ['5m', '5m', undefined])
  })

  it(
    'bring a page to the bridge, the heartbeat to its place, and information nowhere',
    { skip: alertmanager.skip },
    async () => {
      const heard: { path: string; body: { alerts: { labels: Labels }[]; status: string } }[] = []
      const bridge = createServer((request, response) => {
        let body = ''
        request.setEncoding('utf8').on('data', (part: string) => (body += part))
        request.on('end', () => {
          heard.push({ path: request.url ?? '', body: JSON.parse(body) })
          response.end()
        })
      }).listen(0, '127.0.0.1')
      await once(bridge, 'listening')
      try {
        const address = bridge.address()
        assert.ok(address !== null && typeof address === 'object')
        using folder = new Folder()
        const url = `http://127.0.0.1:${address.port}`
        await using server = await started(folder, {
          ...loadSite(),
          bridge_url: url,
          watchdog_url: `${url}/outside`,
        })
        const firing = [
          alert('CollectorHealthDegraded'),
          alert('CollectorNatsDisconnected'),
          anywhere(alert('Watchdog')),
        ]
        await post(server, firing)
        const expected = ['/dingtalk/collector/send', '/heartbeat', '/outside']
        const paths = () => heard.map(({ path }) => path).toSorted()
        await until(expected.join(), async () => (paths().length >= expected.length ? true : undefined))
        assert.deepEqual(paths(), expected)
        const page = heard.find(({ path }) => path === '/dingtalk/collector/send')
        assert.equal(page?.body.status, 'firing')
        assert.deepEqual(
          page?.body.alerts.map(({ labels }) => labels),
          [alert('CollectorNatsDisconnected')],
        )
        const metrics = await (await fetch(`${server.url}/metrics`)).text()
        assert.match(metrics, /^alertmanager_notifications_failed_total\{integration="webhook"[^}]*\} 0$/m)
      } finally {
        bridge.close()
      }
    },
  )
})

function routed(file: string, receivers: string, name: string, severity: string) {
  const labels = [`alertname=${name}`, `severity=${severity}`, 'service=collector']
  return ran(
    amtool.path,
    'config',
    'routes',
    'test',
    `--config.file=${file}`,
    `--verify.receivers=${receivers}`,
    ...labels,
  )
}

describe('an alert that makes others needless', () => {
  for (const { name, firing, muted } of INHIBITIONS) {
    it(name, { skip: alertmanager.skip }, async () => {
      using folder = new Folder()
      const [nobody = ''] = await freeUrls(1)
      await using server = await started(folder, { ...loadSite(), bridge_url: nobody })
      const all = [...firing, ...muted]
      await post(server, all)
      await assertMuted(server, all, muted)
    })
  }

  it('is one of ours, as is each that it mutes', () => {
    const { inhibit_rules: rules } = parse(readFileSync(CONFIG, 'utf8')) as {
      inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[]
    }
    const names = rules
      .flatMap((rule) => rule.source_matchers.concat(rule.target_matchers))
      .flatMap((matcher) => /^alertname(?:=~|!~|!=|=)"([\w|]+)"$/.exec(matcher)?.[1]?.split('|') ?? [])
    assert.ok(names.length > 10)
    for (const name of names) {
      assert.ok(
        ALERTS.some((each) => each.name === name),
        name,
      )
    }
  })
})
