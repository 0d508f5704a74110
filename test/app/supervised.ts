import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Status } from '../../src/app/status.ts'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { type EmulatedVenues, type Market, startEmulatedVenues } from './emulated-venues.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const FAULT_DOOR = join(import.meta.dirname, 'fault-door.mjs')
const NO_VENUES = Object.fromEntries(VENUE_IDS.map((id) => [id, { enabled: false }]))
const LIMIT_MS = 60_000
const LOOK_MS = 100
const END_MS = 15_000
/** As long as a scraper waits. */
export const SCRAPE_LIMIT_MS = 2_000
/** Who only wants to know waits longer: a busy machine holds up both sides. */
const ANSWER_LIMIT_MS = 30_000

export type Json = Readonly<Record<string, unknown>>

/** An answer, and how long it took. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly ms: number
}

export interface InstanceOptions {
  /** Keys of the configuration besides venues, folders and ports. */
  readonly config?: Json
  readonly arguments?: readonly string[]
  /** Venues that are left out of the configuration. */
  readonly without?: readonly string[]
  /** Files that a process may have open. */
  readonly descriptors?: number
  /** What the venues list, and how fast it moves. */
  readonly market?: Market
  /** Instruments that are collected of each venue; 2 where it is left out. */
  readonly instruments?: number
  /** In place of those that it would start. They are ended with it. */
  readonly venues?: EmulatedVenues
  /** Variables of its environment, besides those of the test. */
  readonly env?: Readonly<Record<string, string>>
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** `marketprism start` on emulated venues, in a folder of its own, on free ports. */
export class SupervisedInstance implements AsyncDisposable {
  readonly folder: string
  readonly venues: EmulatedVenues
  readonly process: ChildProcess
  /** What it has written to its output. */
  readonly lines: string[] = []
  readonly #headers: Readonly<Record<string, string>>
  #url = ''

  private constructor(
    folder: string,
    venues: EmulatedVenues,
    child: ChildProcess,
    headers: Readonly<Record<string, string>>,
  ) {
    this.folder = folder
    this.venues = venues
    this.process = child
    this.#headers = headers
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.lines.push(...text.split('\n')))
    }
  }

  static async start(options: InstanceOptions = {}): Promise<SupervisedInstance> {
    const folder = mkdtempSync(join(tmpdir(), 'marketprism-supervised-'))
    const venues = options.venues ?? (await startEmulatedVenues(options.market))
    const sections = venues.venues.map(({ id, hosts, symbols }) => [
      id,
      options.without?.includes(id) === true
        ? { enabled: false }
        : {
            stream_url: hosts.stream,
            rest_url: hosts.rest,
            instruments: symbols.slice(0, options.instruments ?? 2),
          },
    ])
    const configFile = join(folder, 'marketprism.yaml')
    const config = {
      venues: { ...(options.venues === undefined ? {} : NO_VENUES), ...Object.fromEntries(sections) },
      http: { health_port: 0, metrics_port: 0 },
      journal: { folder: join(folder, 'journal') },
      sinks: { parquet: { folder: join(folder, 'parquet') } },
    }
    writeFileSync(configFile, JSON.stringify(merged(config, options.config ?? {})))
    const limits = options.descriptors === undefined ? '' : `ulimit -n ${options.descriptors}; `
    const child = spawn(
      'sh',
      [
        '-c',
        `${limits}exec "$0" "$@"`,
        process.execPath,
        PROGRAM,
        'start',
        '--config',
        configFile,
        ...(options.arguments ?? []),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NODE_OPTIONS: `--import=${FAULT_DOOR}`,
          FAULT_DOOR: join(folder, 'fault'),
          ...options.env,
        },
      },
    )
    const instance = new SupervisedInstance(folder, venues, child, options.headers ?? {})
    try {
      await instance.#untilListening()
    } catch (failure) {
      await instance[Symbol.asyncDispose]()
      throw failure
    }
    return instance
  }

  /** Where it answers. */
  get url(): string {
    return this.#url
  }

  async get(path: string, limitMs = ANSWER_LIMIT_MS): Promise<Answer> {
    return request(`${this.#url}${path}`, this.#headers, limitMs)
  }

  async status(): Promise<Status> {
    const answer = await this.get('/status')
    assert.equal(answer.status, 200)
    return JSON.parse(answer.text)
  }

  /** Resolves with the status once `isSo`, and how long that took. */
  async until(
    what: string,
    isSo: (status: Status) => boolean,
    limitMs = LIMIT_MS,
  ): Promise<{ status: Status; ms: number }> {
    const startMs = performance.now()
    let last: Status | undefined
    for (;;) {
      // One look that is not answered is no answer to the question.
      last = (await this.status().catch(() => undefined)) ?? last
      const ms = performance.now() - startMs
      if (last !== undefined && isSo(last)) return { status: last, ms }
      if (ms > limitMs)
        assert.fail(
          `${what} within ${limitMs} ms: ${JSON.stringify({ ...last, venues: last?.venues.length })}\n${this.lines.slice(-20).join('\n')}`,
        )
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** Every book of every venue is live. */
  untilVerified(limitMs?: number): Promise<{ status: Status; ms: number }> {
    return this.until('all books are live', areVerified, limitMs)
  }

  /** Resolves once the value of a series of /metrics, named with its labels, `isSo`. */
  async untilMetric(series: string, isSo: (value: number) => boolean | Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + LIMIT_MS
    for (;;) {
      const text = await this.get('/metrics').then(
        (answer) => answer.text,
        () => '',
      )
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
      if (line !== undefined && (await isSo(Number(line.slice(series.length))))) return
      assert.ok(performance.now() < untilMs, `${series} is still: ${line}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** Lets the collector meet with a fault: see fault-door.mjs. */
  fault(name: string, amount = 0): void {
    const door = join(this.folder, 'fault')
    // Renamed into its place: the collector looks at any moment, also between the making of a file and its words.
    writeFileSync(`${door}.tmp`, `${name} ${amount}`)
    renameSync(`${door}.tmp`, door)
  }

  /** Asks it to end; answers its exit code and how long it took. */
  async stop(): Promise<{ readonly code: number | null; readonly ms: number }> {
    const startMs = performance.now()
    const ended = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    const force = setTimeout(() => this.process.kill('SIGKILL'), END_MS)
    const [code] = await ended
    clearTimeout(force)
    return { code, ms: performance.now() - startMs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.stop()
    await this.venues.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #untilListening(): Promise<void> {
    const untilMs = performance.now() + LIMIT_MS
    while (this.#url === '') {
      const told = this.lines.find((line) => line.startsWith('health and metrics at '))
      this.#url = told?.split(' ').at(-1) ?? ''
      const isOver = this.process.exitCode !== null || performance.now() > untilMs
      if (this.#url === '' && isOver) assert.fail(`it does not listen:\n${this.lines.join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** `base` with the keys of `over`, section by section. */
function merged(base: Json, over: Json): Json {
  const isSection = (value: unknown): value is Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = Object.entries(over).map(([key, value]) => {
    const below = base[key]
    return [key, isSection(below) && isSection(value) ? merged(below, value) : value]
  })
  return { ...base, ...Object.fromEntries(entries) }
}

/** All venues run, and every book of them is live. */
export const areVerified = ({ venues, processes }: Status): boolean =>
  processes.every(({ state }) => state === 'running') &&
  venues.length > 0 &&
  venues.every(({ books }) => books.expected > 0 && books.live === books.expected)

export const processNamed = (status: Status, name: string): Status['processes'][number] => {
  const found = status.processes.find((candidate) => candidate.name === name)
  assert.ok(found !== undefined, name)
  return found
}

/** Asks for pages all the time, each on a connection of its own as a scraper does, until it is stopped. */
export class Scraper implements AsyncDisposable {
  readonly #answers: Answer[] = []
  readonly #failures: string[] = []
  readonly #running: Promise<unknown>
  #isOver = false

  constructor(url: string, paths: readonly string[], everyMs: number) {
    this.#running = Promise.all(paths.map((path) => this.#scrape(`${url}${path}`, everyMs)))
  }

  async stop(): Promise<{
    readonly answers: readonly Answer[]
    readonly failures: readonly string[]
    readonly p99Ms: number
  }> {
    this.#isOver = true
    await this.#running
    const sorted = this.#answers.map(({ ms }) => ms).toSorted((one, other) => one - other)
    return {
      answers: this.#answers,
      failures: this.#failures,
      p99Ms: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Infinity,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #scrape(url: string, everyMs: number): Promise<void> {
    while (!this.#isOver) {
      const startMs = performance.now()
      try {
        this.#answers.push(await request(url, {}, SCRAPE_LIMIT_MS))
      } catch (failure) {
        this.#failures.push(`${url}: ${String(failure)} after ${(performance.now() - startMs).toFixed(0)} ms`)
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}

/** A request on a connection of its own; rejects where it is not answered in time. */
function request(url: string, headers: Readonly<Record<string, string>>, limitMs: number): Promise<Answer> {
  const startMs = performance.now()
  return new Promise((resolve, reject) => {
    const sent = get(url, { headers, agent: new Agent(), timeout: limitMs }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, ms: performance.now() - startMs }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${limitMs} ms`)))
    sent.on('error', reject)
  })
}
