import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const START_MS = 30_000
const LOOK_MS = 20

/** A folder with a configuration of the bridge and its secrets; removed with it. */
export class BridgeFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'marketprism-bridge-'))

  /** Writes the configuration; answers its path. `alerts` are the keys of the section, besides host, port and folder. */
  config(alerts: object): string {
    const whole = { host: '127.0.0.1', port: 0, folder: join(this.path, 'queue'), ...alerts }
    return this.file('alerts.yaml', JSON.stringify({ alerts: whole }))
  }

  file(name: string, text: string): string {
    const path = join(this.path, name)
    writeFileSync(path, text)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** `marketprism alert-bridge` as a process of its own. */
export class BridgeProcess implements AsyncDisposable {
  readonly process: ChildProcess
  /** What it has written, to both outputs. */
  output = ''

  private constructor(config: string, env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, [PROGRAM, 'alert-bridge', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
  }

  /** Resolves once it listens, or has ended. */
  static async start(config: string, env: Readonly<Record<string, string>> = {}): Promise<BridgeProcess> {
    const bridge = new BridgeProcess(config, env)
    await until(() => bridge.#port !== undefined || bridge.hasEnded, START_MS)
    return bridge
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port ?? '?'}`
  }

  get #port(): string | undefined {
    return /listens at http:\/\/127\.0\.0\.1:(\d+)/.exec(this.output)?.[1]
  }

  async webhook(body: Uint8Array, route = 'collector'): Promise<number> {
    const response = await fetch(`${this.url}/dingtalk/${route}/send`, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'content-type': 'application/json' },
    })
    await response.text()
    return response.status
  }

  async get(path: string): Promise<string> {
    return (await fetch(`${this.url}${path}`)).text()
  }

  /** Answers the exit code, or the signal. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (!this.hasEnded) {
      const ended = once(this.process, 'exit')
      this.process.kill(signal)
      await ended
    }
    return this.process.exitCode ?? this.process.signalCode ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
  }
}

/** Waits until it is so; throws when that takes longer. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not so within ${limitMs} ms: ${isSo.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
