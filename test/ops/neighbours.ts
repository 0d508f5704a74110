import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  freePorts,
  type Program,
  startAlertmanager,
  startBridge,
  startPrometheus,
} from '../../scripts/programs.ts'
import { findCommand } from '../../scripts/tools.ts'

const BRIDGE_PORT = 8060

/** A program that stands beside an instance, as the documents have it. */
interface Neighbour {
  /** Where the documents say that it listens. */
  readonly port: number
  readonly name: string
  readonly isThere: boolean
  readonly config: (at: Start) => string
  /** Resolves once it is ready. */
  readonly start: (at: Start) => Promise<Program>
  /** Posted to it once it is ready: what the others of a whole installation would tell it. */
  readonly greeting?: { readonly path: string; readonly body: string }
}

/** What one is started with. */
interface Start {
  readonly configFile: string
  readonly folder: string
  readonly url: string
}

/** As Alertmanager sends it every five minutes. */
const WATCHDOG = {
  version: '4',
  groupKey: '{}:{alertname="Watchdog"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'watchdog',
  groupLabels: { alertname: 'Watchdog' },
  commonLabels: { alertname: 'Watchdog', severity: 'none' },
  commonAnnotations: {},
  externalURL: 'http://127.0.0.1:9093',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'Watchdog', severity: 'none' },
      annotations: {},
      startsAt: '2026-11-25T19:15:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://127.0.0.1:9090',
      fingerprint: '0123456789abcdef',
    },
  ],
}

const NEIGHBOURS: readonly Neighbour[] = [
  {
    port: 9090,
    name: 'prometheus',
    isThere: findCommand('prometheus') !== undefined,
    config: () => '{}',
    start: startPrometheus,
  },
  {
    port: 9093,
    name: 'prometheus-alertmanager',
    isThere: findCommand('prometheus-alertmanager') !== undefined,
    config: () => '{route: {receiver: nobody}, receivers: [{name: nobody}]}',
    start: startAlertmanager,
  },
  {
    port: BRIDGE_PORT,
    name: 'marketprism alert-bridge',
    isThere: true,
    config({ folder, url }) {
      const urlFile = join(folder, 'url')
      writeFileSync(urlFile, 'http://127.0.0.1:9/nobody')
      const robot = { name: 'ops', kind: 'webhook', webhook_url_file: urlFile }
      const port = Number(new URL(url).port)
      return JSON.stringify({ alerts: { port, folder: join(folder, 'alerts'), robots: [robot] } })
    },
    start: ({ configFile, url }) => startBridge(configFile, url),
    greeting: { path: '/heartbeat', body: JSON.stringify(WATCHDOG) },
  },
]

/** Programs of their own beside an instance, as far as they are on this machine. */
export class Neighbours implements AsyncDisposable {
  /** Ports of the documents, and where their programs really listen. */
  readonly ports = new Map<number, number>()
  /** Ports whose program is not on this machine. */
  readonly missing = new Map<number, string>()
  readonly #folder = mkdtempSync(join(tmpdir(), 'marketprism-neighbours-'))
  readonly #programs: Program[] = []

  static async start(): Promise<Neighbours> {
    const neighbours = new Neighbours()
    const ports = await freePorts(NEIGHBOURS.length)
    await Promise.all(NEIGHBOURS.map((neighbour, index) => neighbours.#start(neighbour, ports[index] ?? 0)))
    return neighbours
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start({ port, name, isThere, config, start, greeting }: Neighbour, real: number): Promise<void> {
    if (!isThere) {
      this.missing.set(port, name)
      return
    }
    const folder = mkdtempSync(join(this.#folder, 'one-'))
    const at = { configFile: join(folder, 'config.yml'), folder, url: `http://127.0.0.1:${real}` }
    writeFileSync(at.configFile, config(at))
    this.#programs.push(await start(at))
    this.ports.set(port, real)
    if (greeting === undefined) return
    const { ok } = await fetch(`${at.url}${greeting.path}`, { method: 'POST', body: greeting.body })
    assert.ok(ok, `${name} takes ${greeting.path}`)
  }
}
