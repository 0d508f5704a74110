import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { PATHS } from '../../src/http/routes.ts'
import { ROOT, simpleCommandsOf } from './documents.ts'

/** The ports that are ours where nothing else is configured. */
const INSTANCE_PORTS: ReadonlySet<string> = new Set(['8087', '9092'])

/** Why a line of a document cannot be typed as it stands, as far as it is about this program. */
export const commandFaults = (line: string): readonly string[] => simpleCommandsOf(line).flatMap(simpleFaults)

/** As `commandFaults`, for a command that a text only names: what it needs may be left out, what it does not know may not be there. */
export const namedFaults = (text: string): readonly string[] =>
  commandFaults(text).filter((fault) => !/: (needs |--\S+ needs a value)/.test(fault))

function simpleFaults([program = '', ...args]: readonly string[]): readonly string[] {
  switch (program) {
    case 'npx':
      return args[0] === 'marketprism'
        ? programFaults(args.slice(1))
        : [`npx ${args[0]}: not of this repository`]
    case 'marketprism':
      return programFaults(args)
    case 'npm':
      return npmFaults(args)
    case 'node':
      return existsSync(join(ROOT, args[0] ?? '')) ? [] : [`${args[0]} does not exist`]
    case 'curl':
      return curlFaults(args)
    default:
      return []
  }
}

function programFaults([name = '', ...args]: readonly string[]): readonly string[] {
  if (name === '--help' || name === '--version') return []
  if (name === '') return ['marketprism: needs a command']
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) return [`marketprism has no command ${name}`]
  const outcome = readArguments(command, args)
  return outcome.name === 'refused' ? outcome.faults.map((fault) => `marketprism ${name}: ${fault}`) : []
}

function npmFaults([action = '', ...args]: readonly string[]): readonly string[] {
  if (action === 'ci') return []
  const [script = '', ...rest] = action === 'run' ? args : [action, ...args]
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const text: unknown = scripts[script]
  if (typeof text !== 'string') return [`npm run ${script}: there is no such script`]
  const ours = /^node bin\/marketprism\.mjs (\S+)$/.exec(text)?.[1]
  return ours !== undefined && rest[0] === '--' ? programFaults([ours, ...rest.slice(1)]) : []
}

/** Paths of an instance are a closed list; those below /admin/ are tried for real. */
function curlFaults(args: readonly string[]): readonly string[] {
  const target = args.find((arg) => /^(https?:\/\/)?localhost:/.test(arg))
  const [, port = '', path = ''] = /localhost:(\d+)(\/[^?]*)?/.exec(target ?? '') ?? []
  if (!INSTANCE_PORTS.has(port) || path.startsWith('/admin/')) return []
  return PATHS.some((known) => known === path) ? [] : [`${path} is no path of an instance`]
}
