import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../scripts/alert-stack.ts'
import { findCommand } from '../../scripts/tools.ts'
import { until } from '../app/asking.ts'
import { ROOT } from './documents.ts'

const LIMIT_MS = 30_000
/** Of what one has said, characters. */
const TOLD_LIMIT = 4_000
const BRIDGE_PORT = 8060

/** A program that stands beside an instance, as the documents have it. */
interface Neighbour {
  /** Where the documents say that it listens. */
  readonly port: number
  readonly name: string
  /** `undefined`: it is not on this machine. */
  readonly program: string | undefined
  /** Answers 200 once it is ready. */
  readonly path: string
  readonly config: (at: Start) => string
  readonly args: (at: Start) => readonly string[]
  /** Posted to it once it is ready: what the others of a whole installation would tell it. */
  readonly greeting?: { readonly path: string; readonly body: string }
}

/** What one is started with. */
interface Start {
  readonly file: string
  readonly folder: string
  readonly port: number
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
    program: findCommand('prometheus'),
    path: '/-/ready',
    config: () => '{}',
    args: ({ file, folder, port }) => [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  },
  {
    port: 9093,
    name: 'prometheus-alertmanager',
    program: findCommand('prometheus-alertmanager'),
    path: '/-/ready',
    config: () => '{route: {receiver: nobody}, receivers: [{name: nobody}]}',
    // Without an empty address it would look for others on every network.
    args: ({ file, folder, port }) => [
      `--config.file=${file}`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  },
  {
    port: BRIDGE_PORT,
    name: 'marketprism alert-bridge',
    program: process.execPath,
    path: '/ready',
    config({ folder, port }) {
      const url = join(folder, 'url')
      writeFileSync(url, 'http://127.0.0.1:9/nobody')
      const robot = { name: 'ops', kind: 'webhook', webhook_url_file: url }
      return JSON.stringify({ alerts: { port, folder: join(folder, 'alerts'), robots: [robot] } })
    },
    args: ({ file }) => [join(ROOT, 'bin/marketprism.mjs'), 'alert-bridge', '--config', file],
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
  readonly #children: ChildProcess[] = []

  static async start(): Promise<Neighbours> {
    const neighbours = new Neighbours()
    const ports = await freePorts(NEIGHBOURS.length)
    await Promise.all(NEIGHBOURS.map((neighbour, index) => neighbours.#start(neighbour, ports[index] ?? 0)))
    return neighbours
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }),
    )
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(neighbour: Neighbour, real: number): Promise<void> {
    const { port, name, program, path, config, args, greeting } = neighbour
    if (program === undefined) {
      this.missing.set(port, name)
      return
    }
    const folder = mkdtempSync(join(this.#folder, 'one-'))
    const at = { file: join(folder, 'config.yml'), folder, port: real }
    writeFileSync(at.file, config(at))
    const child = spawn(program, args(at), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    this.ports.set(port, real)
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told = (told + text).slice(-TOLD_LIMIT)))
    await until(
      `${name} is ready`,
      () => isReady(`http://127.0.0.1:${real}${path}`),
      LIMIT_MS,
      () => told,
    )
    if (greeting === undefined) return
    const { ok } = await fetch(`http://127.0.0.1:${real}${greeting.path}`, {
      method: 'POST',
      body: greeting.body,
    })
    assert.ok(ok, `${name} takes ${greeting.path}`)
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch (failure) {
    if (!(failure instanceof TypeError)) throw failure
    return false
  }
}
