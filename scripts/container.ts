// Builds the image and runs it: `npm run test:container`. Needs Docker, or root with podman, runc and, where no registry can be reached,
// debootstrap. What this machine does not allow is skipped and said. `--folder DIR` keeps what was made there, for the next time.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { freePorts } from './programs.ts'
import { type Ended, type Engine, findEngine, provideBase } from './container-engine.ts'

const ROOT = join(import.meta.dirname, '..')
const IMAGE = 'localhost/marketprism:test'
const NAME = `marketprism-test-${process.pid}`
const HEALTHCHECK = ['node', '/opt/marketprism/healthcheck.mjs']
const VENUES = 5
/** Of a first start, with everything to compile, on a busy machine. */
const ANSWER_LIMIT_MS = 90_000
/** What the supervisor promises. */
const STOP_LIMIT_MS = 10_000
/** As in the compose file. */
const GRACE_SECONDS = 15

const counts = { passed: 0, failed: 0, skipped: 0 }

/** Tells one step: `fault` is what is wrong, `undefined` where nothing is. */
function tell(step: string, fault: string | undefined, figure = ''): void {
  if (fault === undefined) counts.passed++
  else counts.failed++
  console.log(`${fault === undefined ? 'ok     ' : 'FAILED '} ${step}${figure === '' ? '' : `: ${figure}`}`)
  if (fault !== undefined) console.log(fault.trimEnd().split('\n').slice(-20).join('\n'))
}

function skip(step: string, reason: string): void {
  counts.skipped++
  console.log(`skipped ${step}: ${reason}`)
}

const faultOf = ({ code, text }: Ended, expected = 0): string | undefined =>
  code === expected ? undefined : `ended with ${code}, not ${expected}: ${text}`

/** Answers whether there is an image. */
function build(engine: Engine): boolean {
  const startMs = performance.now()
  const built = engine.run(['build', ...engine.buildArgs, '-t', IMAGE, '.'])
  tell('the image is built', faultOf(built), `${((performance.now() - startMs) / 1_000).toFixed(0)} s`)
  return built.code === 0
}

/** What a document of JSON has at a path; `undefined` where it has nothing. */
function valueIn(document: unknown, ...path: readonly string[]): unknown {
  return path.reduce((value: unknown, key) => new Map(Object.entries(Object(value))).get(key), document)
}

const packageVersion = (): string =>
  String(valueIn(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')), 'version'))

function inspect(engine: Engine): void {
  const { out } = engine.run(['image', 'inspect', IMAGE])
  const image = valueIn(JSON.parse(out), '0')
  const said = {
    user: valueIn(image, 'Config', 'User'),
    signal: valueIn(image, 'Config', 'StopSignal'),
    version: valueIn(image, 'Config', 'Labels', 'org.opencontainers.image.version'),
    // Docker has it within the configuration, podman beside it.
    check: valueIn(valueIn(image, 'Config', 'Healthcheck') ?? valueIn(image, 'Healthcheck'), 'Test'),
  }
  const expected = {
    user: '1000:1000',
    signal: 'SIGTERM',
    version: packageVersion(),
    check: ['CMD', ...HEALTHCHECK],
  }
  const isRight = isDeepStrictEqual(said, expected)
  const size = `${(Number(valueIn(image, 'Size')) / 1024 ** 2).toFixed(0)} MiB with its base`
  tell('it says user, stop signal, version, healthcheck', isRight ? undefined : JSON.stringify(said), size)
}

/** Runs the program once in a container that has nothing but /data to write to, and no network. */
function runClosed(engine: Engine, ...args: readonly string[]): Ended {
  const closed = ['--read-only', ...engine.strictlyReadOnly, '--cap-drop=all', '--network=none']
  return engine.run(['run', '--rm', ...engine.runArgs, ...closed, IMAGE, ...args])
}

/** Nothing to write to, no temporary files: what Node has compiled cannot be kept. */
function tryClosed(engine: Engine): void {
  const version = runClosed(engine, '--version')
  const isRight = version.text.trim() === `marketprism ${packageVersion()}`
  tell(
    'it runs where not even /tmp can be written, and says nothing of it',
    faultOf(version) ?? (isRight ? undefined : version.text),
  )
  const config = '/etc/marketprism/marketprism.yaml'
  tell('its configuration is sound', faultOf(runClosed(engine, 'check', '--config', config)))
  const wrong = runClosed(engine, 'check', '--config', '/etc/hostname')
  tell('the exit code of the program is that of the container', faultOf(wrong, 78))
}

/** Emulated venues in a process of this machine, and where each answers. */
async function startVenues(): Promise<{ readonly child: ChildProcess; readonly venues: object }> {
  const program = join(ROOT, 'bin/marketprism.mjs')
  const child = spawn(process.execPath, [program, 'emulate'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const venues = new Map<string, object>()
  for await (const line of createInterface({ input: child.stdout })) {
    const [venue = '', stream = '', rest = ''] = line.split(' ')
    venues.set(venue, { stream_url: stream, rest_url: rest })
    if (venues.size === VENUES) return { child, venues: Object.fromEntries(venues) }
  }
  throw new Error('the emulated venues did not start')
}

/** Asks until `url` answers 200. Answers what it said instead at the end. */
async function untilOk(url: string): Promise<string | undefined> {
  const endMs = performance.now() + ANSWER_LIMIT_MS
  let last = 'nothing'
  while (performance.now() < endMs) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(String)
    if (typeof reply !== 'string' && reply.status === 200) return undefined
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    last = typeof reply === 'string' ? reply : `${reply.status} ${await reply.text()}`
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    await delay(200)
  }
  return `${url} answered in the end: ${last}`
}

interface Instance {
  readonly healthPort: number
  readonly metricsPort: number
}

/** Runs the image as the compose file does: read-only, without rights, on emulated venues. */
async function start(engine: Engine, configFile: string): Promise<Instance | undefined> {
  const [healthPort = 0, metricsPort = 0] = await freePorts(2)
  const started = engine.run([
    'run',
    '--detach',
    `--name=${NAME}`,
    ...engine.runArgs,
    ...engine.strictlyReadOnly,
    '--read-only',
    '--tmpfs=/tmp:size=128m,mode=1777,noexec,nosuid,nodev',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    '--memory=4g',
    '--network=host',
    `--volume=${NAME}:/data`,
    `--volume=${configFile}:/etc/marketprism/marketprism.yaml:ro`,
    `--env=HEALTH_CHECK_PORT=${healthPort}`,
    `--env=METRICS_PORT=${metricsPort}`,
    IMAGE,
  ])
  tell('it starts read-only, without capabilities', faultOf(started))
  return started.code === 0 ? { healthPort, metricsPort } : undefined
}

async function tryAnswers({ healthPort, metricsPort }: Instance): Promise<void> {
  const startMs = performance.now()
  const health = await untilOk(`http://127.0.0.1:${healthPort}/health`)
  tell('/health answers 200', health, `after ${(performance.now() - startMs).toFixed(0)} ms`)
  const ready = await untilOk(`http://127.0.0.1:${healthPort}/ready`)
  tell('/ready answers 200', ready, `after ${(performance.now() - startMs).toFixed(0)} ms`)
  tell('/live answers 200', await untilOk(`http://127.0.0.1:${healthPort}/live`))
  const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((reply) => reply.text(), String)
  const synced = [...metrics.matchAll(/^collector_books_synced\{.*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  )
  const isSynced = synced.length === VENUES && synced.every((count) => count > 0)
  tell('/metrics tells of live books of every venue', isSynced ? undefined : metrics.slice(0, 2_000))
}

function tryInside(engine: Engine): void {
  const inside = (...command: readonly string[]): Ended => engine.run(['exec', NAME, ...command])
  const users = inside('sh', '-c', 'cat /proc/[0-9]*/status | grep ^Uid: | sort -u')
  const isUser = /^Uid:\s+1000\s+1000\s+1000\s+1000$/.test(users.out.trim())
  tell('all of its processes are user 1000', isUser ? undefined : users.text)
  const rights = inside('sh', '-c', 'grep -h -e ^CapEff: -e ^CapBnd: /proc/[0-9]*/status | sort -u')
  const hasNone = /^CapBnd:\s+0{16}\nCapEff:\s+0{16}$/.test(rights.out.trim())
  tell('none of them has a capability, or can get one', hasNone ? undefined : rights.text)
  const written = inside('sh', '-c', 'touch /x /etc/x /opt/marketprism/x /usr/x; ls /tmp')
  const refused = written.text.match(/Read-only file system/g)?.length
  tell('nothing can be written beside /data and /tmp', refused === 4 ? undefined : written.text)
  const isCached = written.text.includes('node-compile-cache')
  tell('what Node compiles is kept in /tmp', isCached ? undefined : written.text)
  const tools = inside('sh', '-c', 'command -v npm npx yarn corepack curl wget; true')
  tell('there is nothing in it to fetch programs with', tools.text.trim() === '' ? undefined : tools.text)
  tell('the healthcheck passes', faultOf(inside(...HEALTHCHECK)))
  tell('and fails where nobody answers', faultOf(inside(...HEALTHCHECK, 'http://127.0.0.1:9/health'), 1))
}

function tryStop(engine: Engine): void {
  const startMs = performance.now()
  engine.run(['stop', `--time=${GRACE_SECONDS}`, NAME])
  const tookMs = performance.now() - startMs
  const code = engine.run(['inspect', NAME, '--format', '{{.State.ExitCode}}']).out.trim()
  const isClean = code === '0' && tookMs < STOP_LIMIT_MS
  const said = isClean ? undefined : `exit code ${code}\n${engine.run(['logs', NAME]).text}`
  tell('SIGTERM ends it cleanly within 10 s', said, `${(tookMs / 1_000).toFixed(1)} s`)
  const read = ['run', '--rm', ...engine.runArgs, `--volume=${NAME}:/data`, '--network=none', IMAGE]
  const verified = engine.run([...read, 'journal', 'verify', '--folder', '/data/journal'])
  tell('the journal that it leaves is whole', faultOf(verified), verified.out.trim().split('\n').at(-1))
}

async function run(engine: Engine, folder: string): Promise<void> {
  const { child, venues } = await startVenues()
  try {
    const configFile = join(folder, 'marketprism.yaml')
    writeFileSync(configFile, JSON.stringify({ venues, http: { host: '127.0.0.1' } }))
    const instance = await start(engine, configFile)
    if (instance === undefined) return
    await tryAnswers(instance)
    tryInside(engine)
    tryStop(engine)
  } finally {
    child.kill('SIGTERM')
    engine.run(['rm', '--force', NAME])
    engine.run(['volume', 'rm', '--force', NAME])
  }
}

async function tryImage(engine: Engine, folder: string): Promise<void> {
  const provided = provideBase(engine, folder)
  if ('missing' in provided) return skip('everything', provided.missing)
  console.log(`engine: ${engine.name}; base image: ${provided.base}`)
  if (!build(engine)) return skip('what needs the image', 'there is none')
  inspect(engine)
  tryClosed(engine)
  await run(engine, folder)
}

async function test(folder: string): Promise<void> {
  const engine = findEngine(folder)
  if ('missing' in engine) return skip('everything', engine.missing)
  try {
    await tryImage(engine, folder)
  } finally {
    engine.close()
  }
}

const { values } = parseArgs({ options: { folder: { type: 'string' } } })
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'marketprism-container-'))
mkdirSync(folder, { recursive: true })
try {
  await test(folder)
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
