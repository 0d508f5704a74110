import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { alertmanagerConfig } from '../ops/source/alertmanager.ts'
import { prometheusConfig } from '../ops/source/prometheus.ts'
import { rulesText } from '../ops/source/rules.ts'
import { type Language, loadSite, type Site } from '../ops/source/site.ts'
import {
  freeUrls,
  type Program,
  reload,
  startAlertmanager,
  startBridge,
  startPrometheus,
  untilScraped,
} from './programs.ts'
import { findCommand } from './tools.ts'

/** Programs that the way of an alert needs, and their packages of Debian. */
const NEEDED = { prometheus: 'prometheus', 'prometheus-alertmanager': 'prometheus-alertmanager' } as const

type Pace = Readonly<Record<string, string>>

const PROMETHEUS_PACE: Pace = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
/** `repeat_interval` stays: what is told twice in a short run would look like a fault. */
const ALERTMANAGER_PACE: Pace = { group_wait: '1s', group_interval: '2s' }

/** A robot of DingTalk, real or not. */
export interface StackRobot {
  /** Token included. */
  readonly url: string
  readonly secret?: string
  readonly keyword?: string
}

export interface StackGiven {
  readonly collectorUrl: string
  readonly robot: StackRobot
  readonly language: Language
  /** Durations of the rules are divided by it. What a time or a number is compared with stays as it is. */
  readonly faster: number
  /** More rules, as a file of Prometheus has them. */
  readonly moreRules?: string
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
 * loopback, beside a collector that runs already. They differ from ops/ in their ports and in their pace.
 */
export class AlertStack implements AsyncDisposable {
  readonly site: Site
  readonly #folder: string
  readonly #programs: Program[] = []

  private constructor(folder: string, site: Site) {
    this.#folder = folder
    this.site = site
  }

  /** Resolves once all of them are ready. Throws with what a program said that does not start. */
  static async start(given: StackGiven): Promise<AlertStack> {
    const site = loadSite()
    const {
      0: prometheus_url = site.prometheus_url,
      1: alertmanager_url = site.alertmanager_url,
      2: bridge_url = site.bridge_url,
    } = await freeUrls(3)
    const { collectorUrl, language } = given
    const urls = { collector_urls: [collectorUrl] as const, prometheus_url, alertmanager_url, bridge_url }
    const stack = new AlertStack(mkdtempSync(join(tmpdir(), 'marketprism-stack-')), {
      ...site,
      ...urls,
      language,
    })
    try {
      await stack.#start(given)
      return stack
    } catch (failure) {
      await stack[Symbol.asyncDispose]()
      throw failure
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start({ robot, faster, moreRules }: StackGiven): Promise<void> {
    const { site } = this
    const folder = this.#folder
    mkdirSync(join(folder, 'rules'))
    const prometheus = this.#write('prometheus.yml', atPace(prometheusConfig(site), PROMETHEUS_PACE))
    const alertmanager = this.#write('alertmanager.yml', atPace(alertmanagerConfig(site), ALERTMANAGER_PACE))
    this.#programs.push(await startBridge(this.#bridgeConfig(robot), site.bridge_url))
    this.#programs.push(
      await startAlertmanager({ folder, configFile: alertmanager, url: site.alertmanager_url }),
    )
    const server = await startPrometheus({ folder, configFile: prometheus, url: site.prometheus_url })
    this.#programs.push(server)
    // It looks for its targets every five seconds. Rules that are so much faster would tell until then that there is no collector.
    await untilScraped(server, 'collector')
    this.#write('rules/collector.yml', rulesText(site, { faster }))
    if (moreRules !== undefined) this.#write('rules/more.yml', moreRules)
    await reload(server)
  }

  #bridgeConfig({ url, secret, keyword }: StackRobot): string {
    const robot = {
      name: 'ops',
      webhook_url_file: this.#write('robot-url', url),
      ...(secret === undefined ? {} : { secret_file: this.#write('robot-secret', secret) }),
      ...(keyword === undefined ? {} : { keyword }),
    }
    const { bridge_url, language } = this.site
    const port = Number(new URL(bridge_url).port)
    const alerts = { port, folder: join(this.#folder, 'alerts'), language, robots: [robot] }
    return this.#write('bridge.yaml', stringify({ alerts }))
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }
}

/** A configuration with other values for some keys, wherever they stand. */
function atPace(text: string, pace: Pace): string {
  return stringify(parse(text, (key, value: unknown) => pace[String(key)] ?? value))
}
