import { constants } from 'node:os'
import { EXIT, exitCodeOf } from '../app/exit.ts'
import type { Io } from '../app/io.ts'
import { outputStream } from '../app/output-stream.ts'
import { LEAVE_SCREEN } from '../app/screen.ts'
import { readVersion } from '../app/version.ts'
import { COMMANDS } from './commands.ts'
import { dispatch } from './dispatch.ts'

/** After a command has answered, what it left open may delay the end of the process by so much. */
const LINGER_MS = 500
const COLUMNS = 80
/** A service manager signals every process of a group, and whoever started this one hands it on: that is one signal, not two. */
const SAME_SIGNAL_MS = 500
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

process.on('uncaughtException', endWithFault)
process.exitCode = await main(process.argv.slice(2))
setTimeout(() => process.exit(), LINGER_MS).unref()

/** What a timer or a socket threw: nobody else can end the process with the code that tells why. */
function endWithFault(error: unknown): void {
  const code = exitCodeOf(error)
  const isBug = code === EXIT.bug
  const text = error instanceof Error ? ((isBug ? error.stack : undefined) ?? error.message) : String(error)
  if (process.stdout.isTTY) process.stdout.write(LEAVE_SCREEN)
  process.stderr.write(`marketprism: ${text}\n`)
  process.exit(code)
}

async function main(argv: readonly string[]): Promise<number> {
  return dispatch({ version: readVersion(), commands: COMMANDS }, argv, processIo())
}

function processIo(): Io {
  return {
    stdout: outputStream(process.stdout),
    stderr: outputStream(process.stderr),
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.isTTY ? process.stdout.columns : COLUMNS,
    env: process.env,
    cwd: process.cwd(),
    onSignal,
  }
}

function onSignal(stop: (signal: string) => void, force?: () => void): () => void {
  let firstMs: number | undefined
  const hear = (signal: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = performance.now()
      stop(signal)
      // A process that was started by another of this program is ended by that one, by force if it must.
    } else if (!process.connected && performance.now() - firstMs > SAME_SIGNAL_MS) {
      force?.()
      process.exit(128 + (constants.signals[signal] ?? EXIT.bug))
    }
  }
  for (const signal of STOP_SIGNALS) process.on(signal, hear)
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, hear)
  }
}
