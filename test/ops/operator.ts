import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Json } from '../app/supervised.ts'
import { type DocumentCommand, ROOT } from './documents.ts'

const PROGRAM = join(ROOT, 'bin/marketprism.mjs')
/** The longest starts a whole installation; a machine that is busy takes its time. */
const COMMAND_MS = 120_000
/** Of profiles and captures, in place of what a document says. */
const SECONDS = 3
/** Goes on until it is told to end; says so when it is at work. */
const ENDLESS = { line: /^(npx )?marketprism start( |$)/, isAtWork: /books [1-9]\d*\/\d+ live/ }
/** For an instance that does not run: the one that an endless command has left. */
const AFTER_STOP = /^(npx )?marketprism deliver --config FILE /
/** Typed in the folder of the repository. */
const AT_ROOT = /^npm /
/** Capitals that are no placeholder. */
const WORDS: ReadonlySet<string> = new Set(['POST'])

export interface Typed {
  /** Exit code; `undefined` where it had to be ended. */
  readonly code: number | undefined
  readonly text: string
}

/** An operator at a terminal of a host on which an instance runs: what the words in capitals of a document stand for, and a shell. */
export class Operator implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'marketprism-operator-'))
  readonly #words: ReadonlyMap<string, string>
  readonly #ports: ReadonlyMap<number, number>
  readonly #startFile: string

  /** `ports`: where those of a document really are. The configuration is one of JSON. */
  constructor(
    instance: { readonly folder: string; readonly configFile: string; readonly tokenFile: string },
    ports: ReadonlyMap<number, number>,
  ) {
    this.#ports = ports
    const { configFile, tokenFile } = instance
    const config: Json = JSON.parse(readFileSync(configFile, 'utf8'))
    const file = (name: string, keys: Json): string => {
      const path = join(this.folder, name)
      writeFileSync(path, JSON.stringify({ ...config, ...keys }))
      return path
    }
    const folders = (name: string): Json => ({
      journal: { folder: join(this.folder, name, 'journal') },
      sinks: { parquet: { folder: join(this.folder, name, 'parquet') } },
    })
    this.#startFile = file('start.yaml', { ...folders('start'), http: { health_port: 0, metrics_port: 0 } })
    const robotUrl = join(this.folder, 'robot-url')
    writeFileSync(robotUrl, 'http://127.0.0.1:9/nobody')
    const robot = { name: 'ops', kind: 'webhook', webhook_url_file: robotUrl }
    const alerts = { port: 0, folder: join(this.folder, 'alerts'), robots: [robot] }
    this.#words = new Map([
      ['ALERTS_FILE', file('alerts.yaml', { alerts })],
      ['FILE', configFile],
      ['TOKEN_FILE', tokenFile],
      ['DATA', instance.folder],
      ['BACKUP', join(this.folder, 'backup')],
      ['RESTORED_FILE', file('restored.yaml', folders('backup'))],
      ['CAPTURE', join(this.folder, 'capture')],
      [
        'CAPTURE_FILE',
        file('capture.yaml', { http: { enabled: false }, sinks: { parquet: { enabled: false } } }),
      ],
    ])
    this.#makePrograms()
  }

  /** Types a line as a document has it; `others` are words of this moment, such as a process id. */
  async type({ text, assignments }: DocumentCommand, others: ReadonlyMap<string, string>): Promise<Typed> {
    const isEndless = ENDLESS.line.test(text)
    const isOther = isEndless || AFTER_STOP.test(text)
    const words = new Map([
      ...this.#words,
      ...others,
      ...(isOther ? [['FILE', this.#startFile] as const] : []),
    ])
    const lines = [...assignments, isEndless ? `exec ${text}` : text].map((line) => this.#real(line, words))
    const before = AT_ROOT.test(text) ? ['set -o pipefail', `cd '${ROOT}'`] : ['set -o pipefail']
    return this.#run([...before, ...lines].join('\n'), isEndless ? ENDLESS.isAtWork : undefined)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #real(line: string, words: ReadonlyMap<string, string>): string {
    let real = line
      .replaceAll(/\blocalhost:(\d+)/g, (place, port) => {
        const other = this.#ports.get(Number(port))
        return other === undefined ? place : `localhost:${other}`
      })
      // What is not answered with 2xx shall be seen.
      .replaceAll(/\bcurl -s /g, 'curl -sf ')
      .replaceAll(/(seconds[= ])\d+/g, `$1${SECONDS}`)
    for (const [word, value] of words) real = real.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value)
    // Paths of this machine may have capitals of their own.
    const rest = [...words.values()].reduce((left, value) => left.replaceAll(value, ''), real)
    const unknown = [...rest.matchAll(/\b[A-Z][A-Z_]{2,}\b/g)].map(([word]) => word)
    const left = unknown.filter((word) => !WORDS.has(word))
    if (left.length > 0) throw new Error(`${line}: what is ${left.join(', ')}?`)
    return real
  }

  async #run(script: string, isAtWork: RegExp | undefined): Promise<Typed> {
    const env = { ...process.env, PATH: [join(this.folder, 'bin'), process.env['PATH']].join(delimiter) }
    const child = spawn('bash', ['-c', script], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    let isAsked = false
    const hear = (part: string): void => {
      text += part
      if (isAsked || isAtWork?.test(text) !== true) return
      // A second one would end it at once.
      isAsked = true
      child.kill('SIGTERM')
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear)
    const force = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS)
    const [code] = await once(child, 'close')
    clearTimeout(force)
    return { code: typeof code === 'number' ? code : undefined, text }
  }

  /** `marketprism` and `npx marketprism` of this repository, wherever the shell is. */
  #makePrograms(): void {
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    const make = (name: string, line: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    make('marketprism', `exec '${process.execPath}' '${PROGRAM}' "$@"`)
    make('npx', 'exec "$@"')
  }
}
