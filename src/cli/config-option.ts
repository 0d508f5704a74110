import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EXIT } from '../app/exit.ts'
import type { Io } from '../app/io.ts'
import type { ConfigOutcome } from '../config/checking.ts'
import { variableFaultText, withEnvironment } from '../config/environment.ts'
import { faultsText } from '../config/fault.ts'
import { readConfig } from '../config/loader.ts'
import type { Config } from '../config/schema.ts'
import type { Arguments, OptionDefinition } from './command.ts'

/** Read where `--config` is not given and it exists. */
const DEFAULT_FILE = 'marketprism.yaml'
/** Names standard input in place of a file. */
const STDIN = '-'

/** The option of every command that works by a configuration. */
export const CONFIG_OPTION: OptionDefinition = {
  kind: 'text',
  name: 'config',
  placeholder: 'FILE',
  doc: `The configuration, see docs/CONFIG.md. \`-\`: from standard input. Without it ${DEFAULT_FILE} where there is one, else every default.`,
}

/** A file that was read, or the exit code after it was told why not. `file` is `undefined` where the defaults stand alone. */
export type FileOutcome =
  { readonly file: string | undefined; readonly outcome: ConfigOutcome } | { readonly exit: number }

/** Reads and checks the file that the arguments name. */
export function openConfig(args: Arguments, io: Io): FileOutcome {
  const named = args.text('config')
  const file = named ?? DEFAULT_FILE
  try {
    return { file, outcome: readConfig(readFileSync(file === STDIN ? 0 : resolve(io.cwd, file))) }
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    if (named === undefined && cause.code === 'ENOENT') {
      return { file: undefined, outcome: readConfig(new TextEncoder().encode('{}')) }
    }
    io.stderr.write(`${file}: cannot be read: ${cause.message}\n`)
    return { exit: EXIT.input }
  }
}

/** The configuration to work by, or the exit code after everything wrong with it was told. */
export function requireConfig(
  args: Arguments,
  io: Io,
): { readonly config: Config } | { readonly exit: number } {
  const opened = openConfig(args, io)
  if ('exit' in opened) return opened
  const { file, outcome } = opened
  if ('config' in outcome) {
    if (file === undefined) io.stderr.write(`no ${DEFAULT_FILE} here: every default is in effect\n`)
    const changed = withEnvironment(outcome.config, io.env)
    if ('config' in changed) return changed
    io.stderr.write(changed.faults.map((fault) => `${variableFaultText(fault)}\n`).join(''))
    return { exit: EXIT.config }
  }
  io.stderr.write(faultsText(file ?? DEFAULT_FILE, outcome.faults))
  return { exit: EXIT.config }
}
