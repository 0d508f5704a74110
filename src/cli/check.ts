import { EXIT } from '../app/exit.ts'
import { faultsText } from '../config/fault.ts'
import { configYaml, plainConfig } from '../config/rendering.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, openConfig } from './config-option.ts'

/** `marketprism check` */
export const CHECK: Command = {
  name: 'check',
  summary: 'Check a configuration and print it with its defaults.',
  doc: 'Reads the configuration as `start` would and prints it complete with defaults, or everything that is wrong with it. Opens nothing else.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'flag',
      name: 'json',
      doc: 'Print one JSON object: {"file", "config"} with the keys of the file, or {"file", "faults"}.',
    },
  ],
  examples: [
    { line: 'marketprism check', doc: 'Checks marketprism.yaml of this folder.' },
    { line: 'marketprism check --config prod.yaml --json | jq .faults', doc: 'For a program to read.' },
  ],
  exits: ['ok', 'usage', 'input', 'config'],
  async run(args, io) {
    const opened = openConfig(args, io)
    if ('exit' in opened) return opened.exit
    const { file, outcome } = opened
    const code = 'config' in outcome ? EXIT.ok : EXIT.config
    if (args.flag('json')) {
      const content = 'config' in outcome ? { config: plainConfig(outcome.config) } : outcome
      io.stdout.write(`${JSON.stringify({ file: file ?? null, ...content })}\n`)
    } else if ('config' in outcome) {
      io.stdout.write(`# ${file ?? 'no file'}: in effect\n${configYaml(outcome.config)}`)
    } else io.stderr.write(faultsText(file ?? 'defaults', outcome.faults))
    return code
  },
}
