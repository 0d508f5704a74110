import { withDataFolder } from '../config/selection.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism start` */
export const START: Command = {
  name: 'start',
  summary: 'Collect until told to stop.',
  doc: 'Starts a collector, which keeps the order books of the configured venues verified and writes every record to the journal, and a delivery, which brings the records from there to the sinks; watches both, starts again what ends or hangs, and tells by HTTP how everything is. The first SIGINT or SIGTERM stops it cleanly within ten seconds, a second one at once.',
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
      doc: 'No delivery: `marketprism deliver` runs elsewhere, or later.',
    },
    {
      kind: 'flag',
      name: 'single-process',
      doc: 'The collector in this process, for embedding: no delivery, and nobody who would notice that it hangs.',
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
    const { start } = await import('../app/start.ts')
    const run = { delivers: !args.flag('no-delivery'), isSingle: args.flag('single-process') }
    return start(config, { ...run, seconds: undefined }, io)
  },
}
