import { parseArgs } from 'node:util'
import { nearest } from '../config/nearest.ts'
import type { Arguments, Command, OptionDefinition } from './command.ts'

/** Arguments as they were read. */
class ReadArguments implements Arguments {
  readonly operands: readonly string[]
  readonly #options: readonly OptionDefinition[]
  readonly #given: ReadonlyMap<string, readonly string[]>

  constructor(
    options: readonly OptionDefinition[],
    given: ReadonlyMap<string, readonly string[]>,
    operands: readonly string[],
  ) {
    this.#options = options
    this.#given = given
    this.operands = operands
  }

  flag(name: string): boolean {
    this.#define(name, 'flag')
    return this.#given.has(name)
  }

  text(name: string): string | undefined {
    return this.#given.get(name)?.at(-1) ?? this.#define(name, 'text').fallback
  }

  texts(name: string): readonly string[] {
    this.#define(name, 'text')
    return this.#given.get(name) ?? []
  }

  integer(name: string): number | undefined {
    const { fallback } = this.#define(name, 'integer')
    const text = this.#given.get(name)?.at(-1)
    return text === undefined ? fallback : Number(text)
  }

  #define<Kind extends OptionDefinition['kind']>(
    name: string,
    kind: Kind,
  ): Extract<OptionDefinition, { readonly kind: Kind }> {
    const isThis = (option: OptionDefinition): option is Extract<OptionDefinition, { readonly kind: Kind }> =>
      option.name === name && option.kind === kind
    const option = this.#options.find(isThis)
    if (option === undefined) throw new RangeError(`no ${kind} option --${name}`)
    return option
  }
}

export type ArgumentsOutcome =
  | { readonly name: 'ready'; readonly args: Arguments }
  | { readonly name: 'help' }
  | { readonly name: 'refused'; readonly faults: readonly string[] }

/** Reads the arguments that follow a command's name; all faults at once. Pure. */
export function readArguments(command: Command, argv: readonly string[]): ArgumentsOutcome {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(command.options.map(({ kind, name }) => [name, { type: typeOf(kind) }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const faults: string[] = []
  const given = new Map<string, readonly string[]>()
  const operands = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (token.name === 'help') return { name: 'help' }
    const before = given.get(token.name)
    // An option after an option is not its value: `--out --json`. With an equals sign it may be.
    const value = token.inlineValue === false && token.value.startsWith('--') ? undefined : token.value
    faults.push(...optionFaults(command, { name: token.name, rawName: token.rawName, value }, before))
    given.set(token.name, [...(before ?? []), value ?? ''])
  }
  faults.push(...operandsFaults(command, operands))
  if (faults.length > 0) return { name: 'refused', faults }
  return { name: 'ready', args: new ReadArguments(command.options, given, operands) }
}

/** An option as it was typed. */
interface GivenOption {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function optionFaults(
  command: Command,
  { name, rawName, value }: GivenOption,
  before: readonly string[] | undefined,
): readonly string[] {
  const option = command.options.find((candidate) => candidate.name === name)
  const fault = option === undefined ? unknownOption(command, rawName) : faultOf(option, value, before)
  return fault === undefined ? [] : [fault]
}

const typeOf = (kind: OptionDefinition['kind']): 'boolean' | 'string' =>
  kind === 'flag' ? 'boolean' : 'string'

function unknownOption(command: Command, rawName: string): string {
  const names = command.options.map(({ name }) => name)
  const near = nearest(rawName.replace(/^-+/, ''), [...names, 'help'])
  const hint = near === undefined ? '' : `; did you mean --${near}?`
  return `unknown option ${rawName}${hint}`
}

function faultOf(
  option: OptionDefinition,
  value: string | undefined,
  before: readonly string[] | undefined,
): string | undefined {
  const { name } = option
  if (option.kind === 'flag')
    return value === undefined ? undefined : `--${name} takes no value, not '${value}'`
  const isRepeated = option.kind === 'text' && option.isRepeated === true
  if (before !== undefined && !isRepeated) return `--${name} stands twice`
  if (value === undefined || value === '') return `--${name} needs a value: --${name} ${option.placeholder}`
  return option.kind === 'integer' ? integerFault(option, value) : urlFault(option, value)
}

function integerFault(
  option: Extract<OptionDefinition, { kind: 'integer' }>,
  value: string,
): string | undefined {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (number >= option.min && number <= option.max) return undefined
  return `--${option.name} takes a whole number from ${option.min} to ${option.max}, not '${value}'`
}

/** `localhost:8087` is a URL as well, with the scheme `localhost`. */
function urlFault(
  { name, urlLike }: Extract<OptionDefinition, { kind: 'text' }>,
  value: string,
): string | undefined {
  if (urlLike === undefined || /^https?:$/.test(URL.parse(value)?.protocol ?? '')) return undefined
  return `--${name} takes a URL such as ${urlLike}, not '${value}'`
}

function operandsFaults({ operands }: Command, given: readonly string[]): readonly string[] {
  if (operands === undefined) return given.length > 0 ? [`takes no argument '${given[0]}'`] : []
  return given.length < operands.min ? [`needs ${operands.placeholder}: ${operands.doc}`] : []
}
