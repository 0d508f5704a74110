import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism plan` */
export const PLAN: Command = {
  name: 'plan',
  summary: 'Show which sockets and requests a configuration leads to.',
  doc: 'Prints, for every venue of the configuration, the sockets that `start` would open, what each would carry, and what the start costs of the limits of the venue. Connects to nothing.',
  options: [
    CONFIG_OPTION,
    { kind: 'flag', name: 'json', doc: 'Print one JSON object a venue, a line each.' },
  ],
  examples: [
    { line: 'marketprism plan', doc: 'The plan of marketprism.yaml of this folder.' },
    { line: 'marketprism plan --config prod.yaml --json | jq .sockets', doc: 'For a program to read.' },
  ],
  exits: ['ok', 'usage', 'input', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { showPlan } = await import('../app/plan.ts')
    return showPlan(required.config, { json: args.flag('json') }, io)
  },
}
