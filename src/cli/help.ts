import { EXIT, EXIT_MEANINGS } from '../app/exit.ts'
import type { Command, OptionDefinition } from './command.ts'

const WIDTH_MIN = 40
const WIDTH_MAX = 100

/** Help of the whole program: its commands. `columns` is the width of the terminal. */
export function programHelp(commands: readonly Command[], columns: number): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const)
  return [
    'marketprism: verified order books and every trade of Binance, OKX and Deribit',
    '',
    'Usage: marketprism COMMAND [OPTION]...',
    '',
    'Commands:',
    ...list(rows, columns),
    '',
    "'marketprism COMMAND --help' tells the options of a command, 'marketprism --version' the version.",
    "Without an account or a network: 'marketprism demo'.",
    '',
  ].join('\n')
}

/** Help of one command, complete with examples and exit codes. */
export function commandHelp(command: Command, columns: number): string {
  const { doc, options, operands, examples, exits } = command
  const operandRows = operands === undefined ? [] : [[operands.placeholder, operands.doc] as const]
  const exitRows = exits.map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]] as const)
  return [
    `Usage: ${usageOf(command)}`,
    '',
    ...wrap(doc, widthOf(columns)),
    '',
    'Options:',
    ...list([...operandRows, ...options.map(optionRow), ['-h, --help', 'This text.']], columns),
    '',
    'Examples:',
    ...examples.flatMap((example) => [`  ${example.line}`, `      ${example.doc}`]),
    '',
    'Exit codes:',
    ...list(exitRows, columns),
    '',
  ].join('\n')
}

/** `marketprism replay [OPTION]... FILE...` */
export function usageOf({ name, operands }: Command): string {
  const operand = operands === undefined ? '' : ` ${operands.placeholder}`
  return `marketprism ${name} [OPTION]...${operand}`
}

/** An option as it is typed, and what it means. */
export function optionRow(option: OptionDefinition): readonly [string, string] {
  if (option.kind === 'flag') return [`--${option.name}`, option.doc]
  const fallback = option.fallback === undefined ? '' : ` Default: ${option.fallback}.`
  return [`--${option.name} ${option.placeholder}`, `${option.doc}${fallback}`]
}

const widthOf = (columns: number): number => Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, columns))

/** Two columns, the second wrapped. */
function list(rows: readonly (readonly [string, string])[], columns: number): readonly string[] {
  const left = Math.max(...rows.map(([term]) => term.length)) + 4
  return rows.flatMap(([term, doc]) =>
    wrap(doc, widthOf(columns) - left).map((line, index) =>
      index === 0 ? `  ${term}`.padEnd(left) + line : ' '.repeat(left) + line,
    ),
  )
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
