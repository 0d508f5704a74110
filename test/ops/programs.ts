import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
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
