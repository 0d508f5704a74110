import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { normalize } from 'node:path'
import { test } from 'node:test'
import { environmentText } from '../../ops/source/deployment.ts'
import { loadSite } from '../../ops/source/site.ts'
import { findCommand } from '../../scripts/tools.ts'
import { judgeMemory } from '../../src/app/doctor/limits.ts'
import {
  bytesOf,
  commandFault,
  configOf,
  DEFAULTS,
  exists,
  type Node,
  PACKAGE_VERSION,
  ROOT,
  secondsOf,
  STOP_SECONDS,
  textOf,
  yamlOf,
} from './deployment-files.ts'

const FILE = 'ops/docker-compose.yml'
const COMPOSE = yamlOf(FILE)
const SERVICES = COMPOSE.at('services').entries
const COLLECTOR = COMPOSE.at('services', 'collector')
const BRIDGE = COMPOSE.at('services', 'bridge')
const BIND = '${MARKETPRISM_BIND:-127.0.0.1}'

/** Keys that docker-compose 1.29 refuses, wherever they stand. */
const REFUSED = ['start_interval', 'develop', 'required', 'include']

function keysWithin(node: Node): readonly string[] {
  if (node.items.length > 0) return node.items.flatMap((item) => keysWithin(item))
  if (typeof node.value !== 'object') return []
  return node.entries.flatMap(([key, value]) => [key, ...keysWithin(value)])
}

/** The default of `${NAME:-default}`, or the text itself. */
const defaultOf = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')

test('there is one service for each part, and ClickHouse only by its profile', () => {
  const names = SERVICES.map(([name]) => name)
  assert.deepEqual(names, [
    'collector',
    'nats',
    'prometheus',
    'alertmanager',
    'bridge',
    'grafana',
    'clickhouse',
  ])
  const optional = SERVICES.filter(([, service]) => service.at('profiles').items.length > 0)
  assert.deepEqual(
    optional.map(([name, service]) => [name, service.at('profiles').texts]),
    [['clickhouse', ['clickhouse']]],
  )
})

const dockerCompose = findCommand('docker-compose')
test(
  'docker-compose accepts it, with and without the profile',
  { skip: dockerCompose === undefined ? 'docker-compose is not on this machine' : false },
  () => {
    for (const profile of [[], ['--profile', 'clickhouse']]) {
      const ended = spawnSync(dockerCompose ?? '', ['-f', FILE, ...profile, 'config', '-q'], {
        cwd: ROOT,
        encoding: 'utf8',
      })
      assert.equal(ended.status, 0, ended.stderr)
    }
  },
)

test('it stays with what docker-compose 1.29 takes', () => {
  assert.deepEqual(
    COMPOSE.keys.filter((key) => !key.startsWith('x-')),
    ['services', 'networks', 'volumes', 'secrets'],
  )
  const keys = keysWithin(COMPOSE)
  for (const key of REFUSED) assert.ok(!keys.includes(key), key)
})

test('the collector has the limits and the healthcheck of the report', () => {
  assert.equal(COLLECTOR.at('mem_limit').text, '4G')
  assert.equal(COLLECTOR.at('memswap_limit').text, '4G')
  assert.equal(COLLECTOR.at('mem_reservation').text, '2G')
  const { value } = COLLECTOR.at('healthcheck')
  assert.deepEqual(value, {
    test: ['CMD', 'node', '/opt/marketprism/healthcheck.mjs'],
    interval: '30s',
    timeout: '10s',
    retries: 3,
    start_period: '60s',
  })
})

test('what a collector may take by its own limits fits into its container', () => {
  const memoryBytes = bytesOf(COLLECTOR.at('mem_limit').text)
  assert.equal(judgeMemory({ memoryBytes, machineMemoryBytes: 2 * memoryBytes }, DEFAULTS).result, 'ok')
})

test('each service is started again when it ends, and is kept from what it does not need', () => {
  for (const [name, service] of SERVICES) {
    assert.equal(service.at('restart').text, 'unless-stopped', name)
    assert.deepEqual(service.at('cap_drop').texts, ['ALL'], name)
    assert.deepEqual(service.at('security_opt').texts, ['no-new-privileges:true'], name)
    assert.equal(service.at('read_only').value, name !== 'clickhouse', name)
    assert.ok(bytesOf(service.at('mem_limit').text) > 0, name)
    assert.ok(secondsOf(service.at('healthcheck', 'interval').text) > 0, name)
    assert.doesNotMatch(service.at('healthcheck', 'test').texts.join(' '), /curl/, name)
  }
})

test('it says why restart and healthcheck together would have started nothing again', () => {
  assert.match(
    textOf(FILE),
    /# About `restart: unless-stopped` and healthchecks\. Docker starts a container again when its process ENDS/,
  )
})

test('images are pinned to versions, and ours to that of the package', () => {
  for (const [name, service] of SERVICES) {
    const image = defaultOf(service.at('image').text)
    assert.match(image, /:v?\d+\.\d+/, name)
    if (image.startsWith('marketprism:')) assert.equal(image, `marketprism:${PACKAGE_VERSION}`)
  }
})

test('ports are published at the address of one variable, 127.0.0.1 without it, and are those of the code', () => {
  const published = SERVICES.flatMap(([name, service]) =>
    service.at('ports').texts.map((port) => [name, port] as const),
  )
  for (const [name, port] of published) assert.ok(port.startsWith(`${BIND}:`), `${name}: ${port}`)
  const portsOf = (service: Node): readonly string[] =>
    service.at('ports').texts.map((port) => port.slice(BIND.length + 1))
  const { healthPort, metricsPort } = DEFAULTS.http
  assert.deepEqual(portsOf(COLLECTOR), [`${healthPort}:${healthPort}`, `${metricsPort}:${metricsPort}`])
  assert.deepEqual(portsOf(BRIDGE), [], 'only Alertmanager and Prometheus ask the bridge')
  assert.ok(
    BRIDGE.at('healthcheck', 'test').texts.includes(`http://127.0.0.1:${DEFAULTS.alerts.port}/health`),
  )
})

test('there is time for a clean end', () => {
  for (const service of [COLLECTOR, BRIDGE]) {
    assert.equal(secondsOf(service.at('stop_grace_period').text), 15)
    assert.ok(secondsOf(service.at('stop_grace_period').text) > STOP_SECONDS)
  }
})

test('what it mounts is there', () => {
  const volumes = COMPOSE.at('volumes').keys
  for (const [name, service] of SERVICES) {
    for (const mount of service.at('volumes').texts.map(defaultOf)) {
      const [source = ''] = mount.split(':')
      if (!source.startsWith('.')) assert.ok(volumes.includes(source), `${name}: ${source}`)
      else assert.ok(exists(normalize(`ops/${source}`)), `${name}: ${source}`)
    }
  }
})

const uncommented = (path: string): string => textOf(path).replaceAll(/^ *#.*$/gm, '')

test('secrets are files that git ignores, each explained, and given to who reads it', () => {
  const secrets = COMPOSE.at('secrets').entries
  const explained = textOf('ops/compose/secrets/README.md')
  assert.ok(textOf('ops/compose/secrets/.gitignore').startsWith('*\n'))
  for (const [name, secret] of secrets) {
    assert.equal(secret.at('file').text, `./compose/secrets/${name}`)
    assert.ok(explained.includes(`\`${name}\``), name)
    assert.ok(!exists(`ops/compose/secrets/${name}`) || !isTracked(`ops/compose/secrets/${name}`), name)
  }
  const files: readonly (readonly [Node, readonly string[]])[] = [
    [COLLECTOR, ['ops/compose/marketprism.yaml', 'ops/compose/marketprism.clickhouse.yaml']],
    [BRIDGE, ['ops/compose/alerts.yaml']],
  ]
  for (const [service, configs] of files) {
    const read = configs.flatMap((path) =>
      [...uncommented(path).matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name),
    )
    for (const name of read) assert.ok(service.at('secrets').texts.includes(name ?? ''), name)
  }
  for (const [name, service] of SERVICES) {
    for (const variable of service.at('environment').keys)
      if (/PASSWORD|SECRET|TOKEN/.test(variable)) assert.match(variable, /_FILE$/, `${name}: ${variable}`)
  }
})

function isTracked(path: string): boolean {
  return spawnSync('git', ['ls-files', '--error-unmatch', path], { cwd: ROOT, stdio: 'ignore' }).status === 0
}

test('the commands of our services are commands that there are', () => {
  assert.equal(commandFault(BRIDGE.at('command').texts), undefined)
  assert.equal(COLLECTOR.at('command').value, undefined, 'the collector runs what the image does')
})

test('services reach each other by their names, at ports of theirs', () => {
  const names = new Set(SERVICES.map(([name]) => name))
  const { sinks } = configOf(textOf('ops/compose/marketprism.clickhouse.yaml'))
  const text = ['prometheus.yml', 'alertmanager.yml', 'grafana-datasources.yml']
    .map((name) => textOf(`ops/compose/${name}`))
    .join('')
  const made = [...text.matchAll(/(?:http:\/\/|- )([a-z.\d-]+:\d+)/g)].map(
    ([, address]) => `http://${address}`,
  )
  assert.ok(made.length >= 8)
  for (const url of [...sinks.nats.servers, sinks.clickhouse.url, ...made]) {
    assert.ok(names.has(new URL(url).hostname), url)
  }
  assert.ok(made.includes(`http://collector:${DEFAULTS.http.metricsPort}`))
  assert.ok(made.includes(`http://bridge:${DEFAULTS.alerts.port}`))
})

test('links lead where ops/site.json says, by variables that ops/.env sets', () => {
  const environment = environmentText(loadSite())
  assert.equal(textOf('ops/.env'), environment)
  const set = [...environment.matchAll(/^(\w+)=/gm)].map(([, name]) => name)
  const used = [...textOf(FILE).matchAll(/\$\{(MARKETPRISM_\w+_URL):-http/g)].map(([, name]) => name)
  assert.deepEqual(used, set)
})
