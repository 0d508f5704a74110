import { EXIT, exitCodeOf } from '../app/exit.ts'
import type { Io } from '../app/io.ts'
import { nearest } from '../config/nearest.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { commandHelp, programHelp } from './help.ts'

/** What the program consists of. */
export interface Program {
  readonly version: string
  readonly commands: readonly Command[]
}

/** Runs the command that `argv` names; answers the exit code. Whatever a command throws becomes a message and a code. */
export async function dispatch(program: Program, argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv
  if (first === '--version') return say(io, `marketprism ${program.version}\n`)
  const isHelp = first === '--help' || first === '-h' || first === 'help'
  const name = isHelp ? rest[0] : first
  if (name === undefined) {
    const help = programHelp(program.commands, io.columns)
    return isHelp ? say(io, help) : refuse(io, help)
  }
  const command = program.commands.find((candidate) => candidate.name === name)
  if (command === undefined) return refuse(io, unknownCommand(program, name))
  return isHelp ? say(io, commandHelp(command, io.columns)) : runCommand(command, rest, io)
}

async function runCommand(command: Command, argv: readonly string[], io: Io): Promise<number> {
  const outcome = readArguments(command, argv)
  switch (outcome.name) {
    case 'help':
      return say(io, commandHelp(command, io.columns))
    case 'refused': {
      const lines = outcome.faults.map((fault) => `marketprism ${command.name}: ${fault}\n`)
      return refuse(io, `${lines.join('')}'marketprism ${command.name} --help' tells what it takes.\n`)
    }
    case 'ready':
      try {
        return await command.run(outcome.args, io)
      } catch (error) {
        return tellFailure(command, error, io)
      }
  }
}

/** Failures outside are told in one line; the trace of a bug is for whoever mends it. */
function tellFailure(command: Command, error: unknown, io: Io): number {
  const code = exitCodeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const trace = code === EXIT.bug && error instanceof Error ? `${error.stack ?? ''}\n` : ''
  io.stderr.write(`marketprism ${command.name}: ${message}\n${trace}`)
  return code
}

function unknownCommand({ commands }: Program, name: string): string {
  if (name.startsWith('-'))
    return `marketprism: unknown option ${name}; 'marketprism --help' lists the commands.\n`
  const near = nearest(
    name,
    commands.map((command) => command.name),
  )
  const hint = near === undefined ? "'marketprism --help' lists them." : `Did you mean '${near}'?`
  return `marketprism: unknown command '${name}'. ${hint}\n`
}

function say(io: Io, text: string): number {
  io.stdout.write(text)
  return EXIT.ok
}

function refuse(io: Io, text: string): number {
  io.stderr.write(text)
  return EXIT.usage
}
