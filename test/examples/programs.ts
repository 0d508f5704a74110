import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findCommand } from '../../scripts/tools.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
/** A reader that has not come to its end by then waits for something. */
const LIMIT_MS = 60_000

const run = promisify(execFile)
const python = findCommand('python3')

/** A program of `examples/`. */
export interface Example {
  readonly name: string
  /** Why it cannot be run here; `false`: it can. */
  readonly skip: string | false
  /** Runs it to its end, and answers the lines that it prints. Rejects when it fails. */
  run(...args: readonly string[]): Promise<readonly string[]>
}

export function typescript(file: string): Example {
  return { name: file, skip: false, run: (...args) => linesOf(process.execPath, `typescript/${file}`, args) }
}

/** A program in Python that imports `module`. */
export function pythonic(file: string, module: string): Example {
  return {
    name: file,
    skip: missing(module),
    run: (...args) => linesOf(python ?? 'python3', `python/${file}`, args),
  }
}

async function linesOf(command: string, file: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(command, [join(EXAMPLES, file), ...args], {
    timeout: LIMIT_MS,
    // Nothing is left behind beside the sources.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  return stdout.trimEnd().split('\n')
}

function missing(module: string): string | false {
  if (python === undefined) return 'there is no python3 on this machine'
  const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' })
  return status === 0 ? false : `python3 has no module ${module} on this machine`
}

/** Why no program in Python can be looked at here; `false`: they can. */
export const PYTHON_SKIPPED: string | false =
  python === undefined ? 'there is no python3 on this machine' : false

/** Compiles a file in memory; answers what is wrong with it, `''` for nothing. */
export function faultIn(file: string): string {
  const code =
    'import pathlib, sys; compile(pathlib.Path(sys.argv[1]).read_text("utf-8"), sys.argv[1], "exec")'
  const args = ['-W', 'error', '-c', code, join(EXAMPLES, 'python', file)]
  return spawnSync(python ?? 'python3', args, { encoding: 'utf8' }).stderr
}
