// Programs that are started beside an instance: by `npm run stack`, and by tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import { findCommand } from './tools.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const READY_MS = 60_000
const LOOK_MS = 100
/** One that accepts and says nothing is asked again. */
const ANSWER_MS = 2_000
const END_MS = 10_000
/** Of what a program has said, lines: what is told when it does not start. */
const SAID_LIMIT = 40

/** A program that was started and listens at `url`. */
export class Program implements AsyncDisposable {
  readonly url: string
  readonly #command: string
  readonly #said: string[] = []
  readonly #process: ChildProcess

  constructor(command: string, args: readonly string[], url: string) {
    this.#command = command
    this.url = url
    this.#process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said.push(...text.trimEnd().split('\n'))
        this.#said.splice(0, this.#said.length - SAID_LIMIT)
      })
    }
    this.#process.once('error', (failure) => this.#said.push(failure.message))
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#process
    return pid === undefined || exitCode !== null || signalCode !== null
  }

  /** Resolves once `path` is answered with 2xx. Ends it, and throws with what it said, where it ends by itself or takes too long. */
  async untilAnswers(path: string): Promise<this> {
    const url = `${this.url}${path}`
    const untilMs = performance.now() + READY_MS
    for await (const _ of every(LOOK_MS)) {
      if (await isOk(url)) return this
      if (this.#hasEnded || performance.now() > untilMs) break
    }
    await this.end()
    throw new Error(`${this.#command} does not answer at ${url}:\n${this.#said.join('\n')}`)
  }

  /** Resolves once it is gone; one that does not end by itself is killed. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#hasEnded) return
    const ended = once(this.#process, 'exit')
    this.#process.kill(signal)
    const force = setTimeout(() => this.#process.kill('SIGKILL'), END_MS)
    await ended
    clearTimeout(force)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

/** Where a server of Prometheus or Alertmanager keeps its data, what it reads, and where it listens. */
export interface ServerGiven {
  readonly folder: string
  readonly configFile: string
  readonly url: string
}

const READY = '/-/ready'

/** Resolves once it is ready. */
export function startPrometheus({ folder, configFile, url }: ServerGiven): Promise<Program> {
  const data = `--storage.tsdb.path=${join(folder, 'prometheus')}`
  return new Program(
    findCommand('prometheus') ?? 'prometheus',
    [`--config.file=${configFile}`, data, '--web.enable-lifecycle', ...listening(url)],
    url,
  ).untilAnswers(READY)
}

/** What Prometheus answers, as far as it is asked here. */
interface Found {
  readonly result?: readonly unknown[]
  readonly activeAlertmanagers?: readonly unknown[]
}

/** Resolves once a server of Prometheus has asked the target of `job`, whatever came of it. Throws where that takes too long. */
export async function untilScraped(server: Program, job: string): Promise<void> {
  const path = `/api/v1/query?query=${encodeURIComponent(`up{job="${job}"}`)}`
  await untilFound(server, path, ({ result }) => result)
}

/** Resolves once it has read its files anew, and knows again whom to send alerts: one that it cannot send it keeps for a minute. */
export async function reload(server: Program): Promise<void> {
  const answer = await fetch(`${server.url}/-/reload`, {
    method: 'POST',
    signal: AbortSignal.timeout(READY_MS),
  })
  if (!answer.ok) throw new Error(`${server.url} does not read its files anew: ${await answer.text()}`)
  await untilFound(server, '/api/v1/alertmanagers', ({ activeAlertmanagers }) => activeAlertmanagers)
}

async function untilFound(
  { url }: Program,
  path: string,
  wanted: (found: Found) => readonly unknown[] | undefined,
): Promise<void> {
  const untilMs = performance.now() + READY_MS
  for await (const _ of every(LOOK_MS)) {
    const text = await answerOf(`${url}${path}`)
    const { data = {} }: { readonly data?: Found } = text === undefined ? {} : JSON.parse(text)
    if ((wanted(data)?.length ?? 0) > 0) return
    if (performance.now() > untilMs) throw new Error(`${url}${path}: not within ${READY_MS / 1_000} s`)
  }
}

/** Resolves once it is ready. */
export function startAlertmanager({ folder, configFile, url }: ServerGiven): Promise<Program> {
  const data = `--storage.path=${join(folder, 'alertmanager')}`
  // Without an empty address it opens a port for other Alertmanagers to everybody.
  const cluster = '--cluster.listen-address='
  return new Program(
    findCommand('prometheus-alertmanager') ?? 'prometheus-alertmanager',
    [`--config.file=${configFile}`, data, cluster, ...listening(url)],
    url,
  ).untilAnswers(READY)
}

/** `marketprism alert-bridge`; `url` has to be the one of its configuration. Resolves once it is ready. */
export function startBridge(configFile: string, url: string): Promise<Program> {
  const args = [PROGRAM, 'alert-bridge', '--config', configFile]
  return new Program(process.execPath, args, url).untilAnswers('/ready')
}

const listening = (url: string): readonly string[] => [
  `--web.listen-address=${new URL(url).host}`,
  `--web.external-url=${url}`,
]

const isOk = async (url: string): Promise<boolean> => (await answerOf(url)) !== undefined

/** What is said with 2xx; `undefined` where nobody listens yet, or whoever does says nothing, or no. */
async function answerOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
    return answer.ok ? await answer.text() : undefined
  } catch (failure) {
    if (failure instanceof TypeError || (failure instanceof DOMException && failure.name === 'TimeoutError'))
      return undefined
    throw failure
  }
}

/** Where nobody listens on loopback. */
export async function freeUrls(count: number): Promise<readonly string[]> {
  return (await freePorts(count)).map((port) => `http://127.0.0.1:${port}`)
}

/** Below the ports that systems give to outgoing connections (Linux from 32768): none of those takes one before its program listens. */
const PORTS = { from: 10_000, to: 32_000 }
/** Ports that are looked at for one that is free. */
const TRIES = 100

/** Ports of loopback on which nobody listens, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > count * TRIES) throw new Error(`no ${count} ports of loopback are free`)
    const port = randomInt(PORTS.from, PORTS.to)
    // oxlint-disable-next-line no-await-in-loop -- until there are enough
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'EADDRINUSE') return false
    throw failure
  }
  await once(server.close(), 'close')
  return true
}
