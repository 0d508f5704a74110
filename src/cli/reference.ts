import { EXIT, EXIT_MEANINGS, EXIT_NAMES, type ExitName } from '../app/exit.ts'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { optionRow, usageOf } from './help.ts'

const HEAD = `# Command line

Made from src/cli by \`npm run docs\`.

\`marketprism COMMAND [OPTION]...\`. \`--help\` works everywhere, \`--version\` prints the version. Records and results go to standard output, everything else to standard error.

## Exit codes

| code | meaning |
| --- | --- |
${EXIT_NAMES.map((name) => `| ${EXIT[name]} | ${EXIT_MEANINGS[name]} |`).join('\n')}

A supervisor may restart after 69, 70, 74 and 75. After 64, 66 and 78 a person is needed. \`128 + n\`: signal n ended it.
`

/** docs/CLI.md. */
export function cliReference(): string {
  return [HEAD, ...COMMANDS.map(commandPage)].join('\n')
}

function commandPage(command: Command): string {
  const { name, summary, doc, operands, options, examples, exits } = command
  const operandRows = operands === undefined ? [] : [[operands.placeholder, operands.doc] as const]
  const rows = [...operandRows, ...options.map(optionRow)]
  return [
    `## ${name}`,
    '',
    summary,
    '',
    doc,
    '',
    '```',
    usageOf(command),
    '```',
    '',
    '| option | meaning |',
    '| --- | --- |',
    ...rows.map(([term, meaning]) => `| \`${term}\` | ${escapeCell(meaning)} |`),
    '',
    'Examples:',
    '',
    ...examples.flatMap((example) => ['```', `$ ${example.line}`, '```', '', example.doc, '']),
    `Exit codes: ${exits.map((exit: ExitName) => EXIT[exit]).join(', ')}, and 70.`,
    '',
  ].join('\n')
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')
