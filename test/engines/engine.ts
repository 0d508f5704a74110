import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../scripts/programs.ts'
import { FailureError } from '../../src/core/errors.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
/** npm writes it last. */
const INSTALLED = join(FOLDER, 'node_modules/.package-lock.json')
/** Test files run beside one another, and only one may install. */
const LOCK = join(tmpdir(), 'marketprism-engines.lock')
const INSTALL_MS = 300_000

/** Installs what package.json of this folder names, once. Answers why tests that need it are to be skipped; `false`: they are not. */
export async function missingEngine(): Promise<string | false> {
  for (;;) {
    if (existsSync(INSTALLED) && !existsSync(LOCK)) return false
    try {
      const release = new SystemFiles().lock(LOCK)
      try {
        return existsSync(INSTALLED) ? false : install()
      } finally {
        release()
      }
    } catch (cause) {
      if (!(cause instanceof FailureError && cause.code === 'locked')) throw cause
      await wait(500)
    }
  }
}

/**
 * No `npm ci`: chdb names packages for other platforms as optional, of which the registry does not have all, and `ci` refuses a lock
 * file without them. What is in the lock file is taken as it says there.
 */
const INSTALL = ['install', '--no-save', '--ignore-scripts', '--fetch-retries=1', '--prefix', FOLDER]

function install(): string | false {
  const { status, stderr } = spawnSync('npm', INSTALL, { timeout: INSTALL_MS, encoding: 'utf8' })
  if (status === 0 && existsSync(INSTALLED)) return false
  const [reason = 'npm did not end'] = stderr?.split('\n') ?? []
  return `no ClickHouse engine here, and it could not be installed into test/engines: ${reason}`
}

/** What happens to the next inserts: see clickhouse.mjs. */
export type Fault = { readonly times: number } & (
  | { readonly kind: 'lose_answer' | 'lose_request' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'error'; readonly status: number; readonly code: number }
)

export const USER = 'collector'
export const PASSWORD = 'a password'

/** A ClickHouse in a child process, with a data folder of its own that outlives it. */
export class Engine {
  #folder: string | undefined
  #child: ChildProcess | undefined
  #port: number | undefined

  /** Starts it, on the port that it had before if it ran before. */
  async start(): Promise<void> {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'marketprism-clickhouse-'))
    if (this.#port === undefined) [this.#port] = await freePorts(1)
    const child = fork(join(FOLDER, 'clickhouse.mjs'), [this.#folder, String(this.#port), USER, PASSWORD])
    this.#child = child
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the engine has ended with ${code}`)
    })
    await Promise.race([once(child, 'message'), ended])
    ended.catch(() => undefined)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port ?? 0}`
  }

  async arm(fault: Fault): Promise<void> {
    const { child } = this
    const armed = once(child, 'message')
    child.send({ fault })
    await armed
  }

  /** Sends `signal` to the process. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Ends the process at once; its folder stays. */
  async kill(): Promise<void> {
    const { child } = this
    this.#child = undefined
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Ends the process and removes its folder. */
  async remove(): Promise<void> {
    if (this.#child !== undefined) await this.kill()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }

  get child(): ChildProcess {
    if (this.#child === undefined) throw new Error('the engine does not run')
    return this.#child
  }
}
