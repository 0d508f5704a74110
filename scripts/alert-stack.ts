import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { findCommand } from './tools.ts'
import { alertmanagerConfig } from '../ops/source/alertmanager.ts'
import { prometheusConfig } from '../ops/source/prometheus.ts'
import { rulesText } from '../ops/source/rules.ts'
import { type Language, loadSite, type Site } from '../ops/source/site.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const READY_MS = 60_000
const LOOK_MS = 100
const END_MS = 10_000
/** Of what a program has said, lines: what is told when it does not start. */
const SAID_LIMIT = 40
const SCRAPE_INTERVAL = '1s'
const GROUP_WAIT = '1s'
const GROUP_INTERVAL = '2s'

/** Programs that the way of an alert needs, and their packages of Debian. */
const NEEDED = { prometheus: 'prometheus', 'prometheus-alertmanager': 'prometheus-alertmanager' } as const

/** A robot of DingTalk, real or not. */
export interface StackRobot {
  /** Token included. */
  readonly url: string
  readonly secret: string
  readonly keyword: string
}

export interface StackGiven {
  readonly collectorUrl: string
  readonly robot: StackRobot
  readonly language: Language
  /** Durations of the rules are divided by it. What a time or a number is compared with stays as it is. */
  readonly faster: number
}

/** What is missing on this machine for `AlertStack`, and how to get it; `undefined` where nothing is. */
export function missingForStack(): string | undefined {
  const missing = Object.entries(NEEDED).filter(([command]) => findCommand(command) === undefined)
  if (missing.length === 0) return undefined
  const packages = missing.map(([, name]) => name).join(' ')
  return `${missing.map(([command]) => command).join(' and ')} missing: node scripts/tools.ts, or apt-get install ${packages}`
}

/**
 * The way of an alert on this machine: Prometheus with the rules of ops/, Alertmanager with its routes, and the bridge, on free ports of
 * loopback, beside a collector that runs already. They differ from ops/ in their ports and in their pace alone.
 */
export class AlertStack implements AsyncDisposable {
  readonly site: Site
  /** File of the configuration of the bridge. */
  readonly bridgeConfig: string
  readonly #folder: string
  readonly #processes = new Map<string, Started>()

  private constructor(folder: string, site: Site) {
    this.#folder = folder
    this.site = site
    this.bridgeConfig = join(folder, 'bridge.yaml')
  }

  /** Resolves once all of them answer and the collector has been scraped. Throws with what a program said that does not start. */
  static async start({ collectorUrl, robot, language, faster }: StackGiven): Promise<AlertStack> {
    const [prometheus, alertmanager, bridge] = (await freePorts(3)).map((port) => `http://127.0.0.1:${port}`)
    const site: Site = {
      ...loadSite(),
      language,
      collector_urls: [collectorUrl],
      ...(prometheus === undefined ? {} : { prometheus_url: prometheus }),
      ...(alertmanager === undefined ? {} : { alertmanager_url: alertmanager }),
      ...(bridge === undefined ? {} : { bridge_url: bridge }),
    }
    const stack = new AlertStack(mkdtempSync(join(tmpdir(), 'marketprism-stack-')), site)
    try {
      stack.#configure(robot, faster)
      stack.startBridge()
      stack.#startAlertmanager()
      stack.#startPrometheus()
      await stack.#untilAnswers('bridge', `${site.bridge_url}/ready`)
      await stack.#untilAnswers('alertmanager', `${site.alertmanager_url}/-/ready`)
      await stack.#untilAnswers('prometheus', `${site.prometheus_url}/-/ready`)
      return stack
    } catch (failure) {
      await stack[Symbol.asyncDispose]()
      throw failure
    }
  }

  startBridge(): void {
    this.#run('bridge', process.execPath, [PROGRAM, 'alert-bridge', '--config', this.bridgeConfig])
  }

  /** At once, as `kill -9` does. */
  async killBridge(): Promise<void> {
    await this.#processes.get('bridge')?.end('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((started) => started.end('SIGTERM')))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #configure({ url, secret, keyword }: StackRobot, faster: number): void {
    mkdirSync(join(this.#folder, 'rules'))
    this.#write('rules/collector.yml', rulesText(this.site, { faster }))
    this.#write('prometheus.yml', atPace(prometheusConfig(this.site), PROMETHEUS_PACE))
    this.#write('alertmanager.yml', atPace(alertmanagerConfig(this.site), ALERTMANAGER_PACE))
    const robot = {
      name: 'ops',
      webhook_url_file: this.#write('robot-url', url),
      secret_file: this.#write('robot-secret', secret),
      keyword,
    }
    const folder = join(this.#folder, 'alerts')
    const { port } = new URL(this.site.bridge_url)
    const alerts = { port: Number(port), folder, language: this.site.language, robots: [robot] }
    writeFileSync(this.bridgeConfig, stringify({ alerts }))
  }

  #startAlertmanager(): void {
    this.#run('alertmanager', findCommand('prometheus-alertmanager') ?? '', [
      `--config.file=${join(this.#folder, 'alertmanager.yml')}`,
      `--storage.path=${join(this.#folder, 'alertmanager')}`,
      `--web.listen-address=${new URL(this.site.alertmanager_url).host}`,
      `--web.external-url=${this.site.alertmanager_url}`,
      // Without it, it opens a port for other Alertmanagers to everybody.
      '--cluster.listen-address=',
    ])
  }

  #startPrometheus(): void {
    this.#run('prometheus', findCommand('prometheus') ?? '', [
      `--config.file=${join(this.#folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.#folder, 'prometheus')}`,
      `--web.listen-address=${new URL(this.site.prometheus_url).host}`,
      `--web.external-url=${this.site.prometheus_url}`,
    ])
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }

  #run(name: string, command: string, args: readonly string[]): void {
    this.#processes.set(name, new Started(command, args))
  }

  async #untilAnswers(name: string, url: string): Promise<void> {
    const untilMs = performance.now() + READY_MS
    const started = this.#processes.get(name)
    for await (const _ of every(LOOK_MS)) {
      if (await isOk(url)) return
      if (started?.hasEnded !== false || performance.now() > untilMs)
        throw new Error(`${name} does not answer at ${url}:\n${started?.said.join('\n')}`)
    }
  }
}

/** A program that was started, and what it says. */
class Started {
  readonly said: string[] = []
  readonly #process: ChildProcess

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said.push(...text.trimEnd().split('\n'))
        this.said.splice(0, this.said.length - SAID_LIMIT)
      })
    }
    this.#process.once('error', (failure) => this.said.push(failure.message))
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#process
    return pid === undefined || exitCode !== null || signalCode !== null
  }

  /** Resolves once it is gone; one that does not end by itself is killed. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#process, 'exit')
    this.#process.kill(signal)
    const force = setTimeout(() => this.#process.kill('SIGKILL'), END_MS)
    await ended
    clearTimeout(force)
  }
}

type Pace = Readonly<Record<string, string>>

const PROMETHEUS_PACE: Pace = {
  scrape_interval: SCRAPE_INTERVAL,
  scrape_timeout: SCRAPE_INTERVAL,
  evaluation_interval: SCRAPE_INTERVAL,
}
/** `repeat_interval` stays: what is told twice in a short run would look like a fault. */
const ALERTMANAGER_PACE: Pace = { group_wait: GROUP_WAIT, group_interval: GROUP_INTERVAL }

/** A configuration with other values for some keys, wherever they stand. */
function atPace(text: string, pace: Pace): string {
  return stringify(parse(text, (key, value: unknown) => pace[String(key)] ?? value))
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch (failure) {
    // Nobody listens yet.
    if (failure instanceof TypeError) return false
    throw failure
  }
}

/** Ports of loopback on which nobody listens. All are held until the last is known, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port of loopback is free')
    return address.port
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
