import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { DockerfileParser, type From, type Instruction } from 'dockerfile-ast'
import { BASE_IMAGE } from '../../scripts/container-engine.ts'
import {
  commandFault,
  configOf,
  DEFAULTS,
  exists,
  PACKAGE_VERSION,
  ROOT,
  textOf,
  yamlOf,
} from './deployment-files.ts'

const DOCKERFILE = DockerfileParser.parse(textOf('Dockerfile'))
const STAGES = stagesOf(DOCKERFILE.getInstructions())
const LAST = STAGES.at(-1) ?? []

/** Each stage with its FROM first. */
function stagesOf(instructions: readonly Instruction[]): readonly (readonly Instruction[])[] {
  const stages: Instruction[][] = []
  for (const instruction of instructions) {
    if (instruction.getKeyword() === 'FROM') stages.push([])
    stages.at(-1)?.push(instruction)
  }
  return stages
}

/** What follows a keyword, flags included, each time that it stands in a stage. */
const argumentsOf = (stage: readonly Instruction[], keyword: string): readonly string[] =>
  stage
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getTextContent().slice(keyword.length).trim())

const jsonOf = (stage: readonly Instruction[], keyword: string): readonly string[] => {
  const read: unknown = JSON.parse(argumentsOf(stage, keyword)[0] ?? 'null')
  assert.ok(Array.isArray(read), `${keyword} is in JSON form: no shell between it and its signals`)
  return read.map(String)
}

test('the image is built in one stage and runs in another, both on a pinned base', () => {
  const images = DOCKERFILE.getFROMs().map((from: From) => from.getImage())
  assert.deepEqual(images, [BASE_IMAGE, BASE_IMAGE])
  const build = argumentsOf(STAGES[0] ?? [], 'RUN').join('\n')
  for (const step of ['npm ci', 'npm run build', 'npm prune --omit=dev'])
    assert.ok(build.includes(step), step)
  assert.doesNotMatch(argumentsOf(LAST, 'RUN').join('\n'), /npm (ci|install|run)/)
})

test('it runs as a user that is not root, told as a number, and nothing runs after that', () => {
  const users = argumentsOf(LAST, 'USER')
  assert.deepEqual(users, ['1000:1000'])
  const keywords = LAST.map((instruction) => instruction.getKeyword())
  assert.ok(keywords.lastIndexOf('RUN') < keywords.indexOf('USER'))
})

test('its healthcheck has the times of the report and needs no curl', () => {
  const [check = ''] = argumentsOf(LAST, 'HEALTHCHECK')
  assert.match(check, /--interval=30s --timeout=10s --start-period=60s --retries=3 CMD \["node", /)
  assert.doesNotMatch(textOf('Dockerfile'), /curl|wget/)
})

test('it is ended by SIGTERM, through tini, and starts a command that there is', () => {
  assert.deepEqual(argumentsOf(LAST, 'STOPSIGNAL'), ['SIGTERM'])
  assert.deepEqual(jsonOf(LAST, 'ENTRYPOINT'), ['/usr/bin/tini', '--', 'marketprism'])
  assert.equal(commandFault(jsonOf(LAST, 'CMD')), undefined)
})

test('it exposes the ports of the configuration, and its label is the version of the package', () => {
  const { healthPort, metricsPort } = DEFAULTS.http
  assert.deepEqual(argumentsOf(LAST, 'EXPOSE'), [`${healthPort} ${metricsPort}`])
  assert.ok(argumentsOf(LAST, 'ARG').includes(`VERSION=${PACKAGE_VERSION}`))
  assert.match(argumentsOf(LAST, 'LABEL').join(''), /org\.opencontainers\.image\.version="\$\{VERSION\}"/)
})

/** A text with every commented line about the heartbeat in force. */
const withHeartbeat = (path: string): string =>
  textOf(path).replaceAll(
    /^( *)# ((?:- |LoadCredential=)?heartbeat_url.*|  file: .*heartbeat_url)$/gm,
    '$1$2',
  )

const SWITCHES: readonly { readonly alerts: string; readonly from: string; readonly given: RegExp }[] = [
  {
    alerts: 'ops/compose/alerts.yaml',
    from: 'ops/docker-compose.yml',
    given: /^ {6}- heartbeat_url\n[^]*^ {2}heartbeat_url:\n {4}file: \.\/compose\/secrets\/heartbeat_url$/m,
  },
  {
    alerts: 'ops/systemd/alerts.yaml',
    from: 'ops/systemd/marketprism-alert-bridge.service',
    given: /^LoadCredential=heartbeat_url:\/etc\/marketprism\/secrets\/heartbeat_url$/m,
  },
  {
    alerts: 'ops/kubernetes/alert-bridge/alerts.yaml',
    from: 'ops/kubernetes/alert-bridge/kustomization.yaml',
    given: /--from-file=heartbeat_url/,
  },
]
for (const { alerts, from, given } of SWITCHES) {
  test(`the dead man's switch of ${alerts} is off, and is on without the # of the lines that say how`, () => {
    assert.equal(configOf(textOf(alerts)).alerts.heartbeatUrlFile, undefined)
    const { heartbeatUrlFile, robots } = configOf(withHeartbeat(alerts)).alerts
    // A secret is given beside the others.
    assert.equal(dirname(heartbeatUrlFile ?? ''), dirname(robots[0]?.webhookUrlFile ?? '?'))
    assert.equal(basename(heartbeatUrlFile ?? ''), 'heartbeat_url')
    assert.match(withHeartbeat(from), given)
  })
}

test('no secret can get into it', () => {
  const names = STAGES.flatMap((stage) => [...argumentsOf(stage, 'ARG'), ...argumentsOf(stage, 'ENV')])
  for (const name of names) assert.doesNotMatch(name, /token|password|secret|key|credential/i)
  const [first, ...allowed] = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(first, '*', 'everything is left out unless it is named')
  const published = yamlOf('package.json').at('files').texts
  for (const line of allowed) {
    const path = line.slice(1)
    assert.ok(line.startsWith('!'), line)
    assert.ok(exists(path) || published.includes(path), `${path} is in the repository`)
    assert.doesNotMatch(path, /^(data|ops|ops\/compose.*|\.env.*|\.git)$/)
  }
})

test('what it copies is there, and not left out', () => {
  const allowed = textOf('.dockerignore').split('\n')
  const copied = STAGES.flatMap((stage) => argumentsOf(stage, 'COPY'))
    .filter((line) => !line.startsWith('--from=') && line !== '. .')
    .flatMap((line) => line.split(' ').slice(0, -1))
  assert.ok(copied.length > 0)
  for (const path of copied) {
    assert.ok(exists(path), path)
    assert.ok(
      allowed.some((line) => line.startsWith('!') && `${path}/`.startsWith(`${line.slice(1)}/`)),
      `${path} is not left out by .dockerignore`,
    )
  }
})

const CONFIGS = [
  ...globSync('ops/{docker,compose,systemd}/*.yaml', { cwd: ROOT }),
  'ops/kubernetes/marketprism.yaml',
  'ops/kubernetes/alert-bridge/alerts.yaml',
]

for (const path of CONFIGS) {
  test(`${path} is a configuration without a fault`, () => {
    const program = join(ROOT, 'bin/marketprism.mjs')
    const checked = spawnSync(process.execPath, [program, 'check', '--config', path], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    assert.equal(checked.status, 0, checked.stderr)
    const { alerts } = configOf(textOf(path))
    if (path.endsWith('/alerts.yaml')) assert.notDeepEqual(alerts.robots, [])
  })
}

test('the configurations of containers listen where they can be asked', () => {
  const contained = CONFIGS.filter((path) => !path.startsWith('ops/systemd/'))
  assert.ok(contained.length >= 5)
  for (const path of contained) {
    const { http, alerts } = configOf(textOf(path))
    assert.equal(path.endsWith('/alerts.yaml') ? alerts.host : http.host, '0.0.0.0', path)
  }
})

/** Ends with the exit code of the healthcheck of the image, asked of a server that answers so. */
async function checkHealth(
  answer: RequestListener,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const code = await healthcheck({ HEALTH_CHECK_PORT: String(address.port), ...env })
  server.close()
  server.closeAllConnections()
  return code
}

async function healthcheck(env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, 'ops/docker/healthcheck.mjs')], { env, stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  return Number(code)
}

test('the healthcheck passes what answers 200, and nothing else', async () => {
  assert.equal(await checkHealth((_, reply) => reply.end('{"status":"pass"}')), 0)
  assert.equal(await checkHealth((_, reply) => reply.writeHead(503).end('{"status":"fail"}')), 1)
  assert.equal(await checkHealth((_, reply) => reply.writeHead(401).end()), 1)
  assert.equal(await checkHealth((_, reply) => reply.destroy()), 1)
  assert.equal(await healthcheck({ HEALTH_CHECK_URL: 'http://127.0.0.1:9/health' }), 1)
  assert.equal(await healthcheck({ HEALTH_CHECK_URL: 'nonsense' }), 1)
})

test('the healthcheck asks /health, with the credentials of a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-healthcheck-'))
  const file = join(folder, 'password')
  writeFileSync(file, 'secret\n')
  const expected = `Basic ${Buffer.from('prometheus:secret').toString('base64')}`
  const code = await checkHealth(
    ({ url, headers }, reply) =>
      reply.writeHead(url === '/health' && headers.authorization === expected ? 200 : 401).end(),
    { HEALTH_CHECK_USER: 'prometheus', HEALTH_CHECK_PASSWORD_FILE: file },
  )
  rmSync(folder, { recursive: true })
  assert.equal(code, 0)
})
