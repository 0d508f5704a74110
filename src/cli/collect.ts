import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism collect` */
export const COLLECT: Command = {
  name: 'collect',
  summary: 'Only the collector: `start` runs it and watches over it.',
  doc: 'Connects to the venues of the configuration and writes the journal, and nothing else: no delivery, no HTTP, and nobody who starts it again. For a host where something else does that.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'flag',
      name: 'emulated',
      doc: 'The venues are those of `marketprism emulate`: every book is held against the true one.',
    },
  ],
  examples: [{ line: 'marketprism collect --config prod.yaml', doc: 'Until SIGINT or SIGTERM.' }],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'busy', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { collect } = await import('../app/collect.ts')
    return collect({ config: required.config, isEmulated: args.flag('emulated') }, io)
  },
}
