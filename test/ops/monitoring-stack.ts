import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePorts } from '../../scripts/alert-stack.ts'
import { findCommand } from '../../scripts/tools.ts'
import { FakeDingTalk } from '../alerts/fake-dingtalk.ts'
import { until } from '../app/asking.ts'
import type { Json } from '../app/supervised.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const PROMETHEUS = findCommand('prometheus')
const ALERTMANAGER = findCommand('prometheus-alertmanager')
const READY_MS = 60_000
const SCRAPE = '1s'

/** Why tests on a real Prometheus are skipped; `false` where they run. */
export const PROMETHEUS_SKIPPED: string | false =
  PROMETHEUS === undefined ? 'prometheus is not on this machine: node scripts/tools.ts' : false
/** Without it nothing answers for its job. */
export const HAS_ALERTMANAGER = ALERTMANAGER !== undefined

/** One series of an answer: its labels, and its values that are numbers. */
export interface Answered {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly number[]
}

/** Prometheus, Alertmanager where there is one, and the bridge to a DingTalk of ours, all beside one collector. */
export class MonitoringStack implements AsyncDisposable {
  readonly bridgeUrl: string
  readonly #prometheusUrl: string
  readonly #folder: string
  readonly #dingTalk: FakeDingTalk
  readonly #processes: ChildProcess[] = []
  readonly #startSeconds = Date.now() / 1_000

  private constructor(folder: string, dingTalk: FakeDingTalk, ports: readonly number[]) {
    this.#folder = folder
    this.#dingTalk = dingTalk
    this.#prometheusUrl = `http://127.0.0.1:${ports[0]}`
    this.bridgeUrl = `http://127.0.0.1:${ports[2]}`
  }

  /** Resolves once every part of it has been scraped. `rules` are groups of rules. */
  static async start(collectorUrl: string, rules: readonly Json[]): Promise<MonitoringStack> {
    const folder = mkdtempSync(join(tmpdir(), 'marketprism-monitoring-'))
    const dingTalk = await FakeDingTalk.start({ token: 'fake-token' })
    const ports = await freePorts(3)
    const stack = new MonitoringStack(folder, dingTalk, ports)
    try {
      stack.#startBridge(ports)
      stack.#startAlertmanager(ports)
      stack.#startPrometheus(ports, collectorUrl, rules)
      await stack.#untilReady()
      const jobs = ['collector', 'alert-bridge', 'prometheus', ...(HAS_ALERTMANAGER ? ['alertmanager'] : [])]
      for (const job of jobs) await stack.#untilScraped(job)
      return stack
    } catch (failure) {
      await stack[Symbol.asyncDispose]()
      throw failure
    }
  }

  /** What Grafana would get for a query over the whole run, one point a second. Throws what Prometheus says of a faulty one. */
  async range(expr: string): Promise<readonly Answered[]> {
    const end = Date.now() / 1_000
    return this.#query('query_range', {
      query: expr,
      start: `${this.#startSeconds}`,
      end: `${end}`,
      step: '1',
    })
  }

  /** The same for a query of this moment. */
  async instant(expr: string): Promise<readonly Answered[]> {
    return this.#query('query', { query: expr })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((child) => ended(child)))
    await this.#dingTalk.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #query(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Answered[]> {
    const body = new URLSearchParams(parameters)
    const response = await fetch(`${this.#prometheusUrl}/api/v1/${path}`, { method: 'POST', body })
    const { status, error, data } = (await response.json()) as PrometheusAnswer
    assert.equal(status, 'success', `${error}: ${parameters['query']}`)
    return (data?.result ?? []).map(({ metric, values, value }) => ({
      labels: metric,
      values: [...(values ?? []), ...(value === undefined ? [] : [value])]
        .map(([, text]) => Number(text))
        .filter((number) => Number.isFinite(number)),
    }))
  }

  async #untilReady(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      try {
        return (await fetch(`${this.#prometheusUrl}/-/ready`)).ok
      } catch (failure) {
        // It does not listen yet.
        if (failure instanceof TypeError) return false
        throw failure
      }
    }
    await until('Prometheus is ready', isReady, READY_MS)
  }

  async #untilScraped(job: string): Promise<void> {
    const isUp = async (): Promise<boolean> => (await this.instant(`up{job="${job}"} == 1`)).length > 0
    await until(`${job} is scraped`, isUp, READY_MS)
  }

  #startBridge([, , port]: readonly number[]): void {
    const robot = { name: 'ops', webhook_url_file: this.#file('url', this.#dingTalk.url) }
    const config = { alerts: { port, folder: join(this.#folder, 'queue'), robots: [robot] } }
    const file = this.#file('bridge.yaml', stringify(config))
    this.#run(process.execPath, [PROGRAM, 'alert-bridge', '--config', file])
  }

  #startAlertmanager([, port]: readonly number[]): void {
    if (ALERTMANAGER === undefined) return
    const url = `${this.bridgeUrl}/dingtalk/collector/send`
    const config = {
      route: { receiver: 'bridge', group_wait: '1s', group_interval: '1s' },
      receivers: [{ name: 'bridge', webhook_configs: [{ url }] }],
    }
    this.#run(ALERTMANAGER, [
      `--config.file=${this.#file('alertmanager.yml', stringify(config))}`,
      `--storage.path=${join(this.#folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // Else it opens a port for gossip to everybody.
      '--cluster.listen-address=',
    ])
  }

  #startPrometheus(
    [own, alertmanager, bridge]: readonly number[],
    collectorUrl: string,
    rules: readonly Json[],
  ): void {
    const targets = {
      collector: new URL(collectorUrl).host,
      'alert-bridge': `127.0.0.1:${bridge}`,
      prometheus: `127.0.0.1:${own}`,
      ...(HAS_ALERTMANAGER ? { alertmanager: `127.0.0.1:${alertmanager}` } : {}),
    }
    const staticTargets = (target: string): readonly Json[] => [{ targets: [target] }]
    const config = {
      global: { scrape_interval: SCRAPE, evaluation_interval: SCRAPE },
      rule_files: [this.#file('rules.yml', stringify({ groups: rules }))],
      alerting: { alertmanagers: [{ static_configs: staticTargets(`127.0.0.1:${alertmanager}`) }] },
      scrape_configs: Object.entries(targets).map(([job_name, target]) => ({
        job_name,
        static_configs: staticTargets(target),
      })),
    }
    this.#run(PROMETHEUS ?? '', [
      `--config.file=${this.#file('prometheus.yml', stringify(config))}`,
      `--storage.tsdb.path=${join(this.#folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${own}`,
    ])
  }

  #file(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }

  #run(command: string, args: readonly string[]): void {
    this.#processes.push(spawn(command, args, { stdio: 'ignore' }))
  }
}

interface PrometheusAnswer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

/** What Alertmanager would send of one alert; answers the status. */
export async function sendAlert(url: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'A test' },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://127.0.0.1/',
    fingerprint: '0123456789abcdef',
  }
  const body = {
    receiver: 'test',
    status: 'firing',
    alerts: [alert],
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://127.0.0.1/',
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
  }
  const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  return status
}
