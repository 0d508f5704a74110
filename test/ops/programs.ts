import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findCommand } from '../../scripts/tools.ts'

/** With a busy machine's patience. */
const PROGRAM_TIMEOUT_MS = 120_000
const UNTIL_LIMIT_MS = 60_000

/** A program of Debian that tests run: where it is, and why tests without it are skipped. */
export function program(command: string): { readonly path: string; readonly skip: string | false } {
  const path = findCommand(command)
  return {
    path: path ?? command,
    skip: path === undefined ? `${command} is not on this machine: node scripts/tools.ts` : false,
  }
}

/** Runs a program to its end. */
export function ran(
  path: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(path, args, { encoding: 'utf8', timeout: PROGRAM_TIMEOUT_MS })
  return { status, output: `${stdout}${stderr}` }
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** What `look` answers as soon as it is something. Throws with what it last failed with. */
export async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  const limit = Date.now() + UNTIL_LIMIT_MS
  let last: unknown
  while (Date.now() < limit) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (cause) {
      last = cause
    }
    await delay(50)
  }
  throw new Error(`Never came: ${what}`, { cause: last })
}

/** A folder of a test's own. */
export class Folder implements Disposable {
  readonly path: string

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'marketprism-ops-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A server that answers `/-/ready` with 200. */
export class Server implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #output: string[] = []
  readonly url: string

  private constructor(path: string, args: readonly string[], url: string) {
    this.url = url
    this.#process = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#output.push(text))
    }
  }

  /** Starts it and waits until it is ready. */
  static async started(path: string, args: readonly string[], url: string): Promise<Server> {
    const server = new Server(path, args, url)
    await until(`${path} is ready`, async () => {
      if (server.#process.exitCode !== null) throw new Error(server.#output.join(''))
      return (await fetch(`${url}/-/ready`)).ok ? true : undefined
    })
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}
