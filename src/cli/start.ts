import { withDataFolder } from '../config/selection.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism start` */
export const START: Command = {
  name: 'start',
  summary: 'Collect until told to stop.',
  doc: 'Connects to the venues of the configuration, keeps their order books verified, and writes every record to the journal; a second process brings the records from there to the sinks. The first SIGINT or SIGTERM stops it cleanly, a second one at once.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'data',
      placeholder: 'DIR',
      doc: 'Folder of journal, captures and Parquet store (DIR/journal, DIR/capture, DIR/parquet), in place of those of the configuration.',
    },
    {
      kind: 'flag',
      name: 'no-delivery',
      doc: 'Only the collector: `marketprism deliver` runs elsewhere, or later.',
    },
  ],
  examples: [
    { line: 'marketprism start', doc: 'BTC and ETH of all five venues, into ./data.' },
    { line: 'marketprism start --config prod.yaml --data /var/lib/marketprism', doc: 'As a service.' },
  ],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'busy', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const folder = args.text('data')
    const config = folder === undefined ? required.config : withDataFolder(required.config, folder)
    const { startCollector } = await import('../app/start.ts')
    return startCollector(config, { seconds: undefined, delivers: !args.flag('no-delivery') }, io)
  },
}
