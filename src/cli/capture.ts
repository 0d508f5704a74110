import type { Command } from './command.ts'
import { SECONDS } from './seconds-option.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism capture` */
export const CAPTURE: Command = {
  name: 'capture',
  summary: 'Record the exact frames of the venues.',
  doc: 'Collects as `start` does, and beside the journal writes the frames of both directions and the REST answers, exactly as they are on the wire, with their receive times. `replay` and `verify` read the files.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'out',
      placeholder: 'DIR',
      doc: 'Folder of the captures, one folder a venue, and of their records (DIR/journal), in place of those of the configuration.',
    },
    SECONDS,
  ],
  examples: [
    {
      line: 'marketprism capture --seconds 60 --out ./capture',
      doc: 'One minute of BTC and ETH of all five venues.',
    },
    { line: 'marketprism capture --config prod.yaml', doc: 'Until SIGINT or SIGTERM.' },
  ],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'busy', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { config } = required
    const folder = args.text('out') ?? config.capture.folder
    const { captureVenues } = await import('../app/capture.ts')
    return captureVenues(
      {
        ...config,
        capture: { ...config.capture, enabled: true, folder },
        journal:
          args.text('out') === undefined
            ? config.journal
            : { ...config.journal, folder: `${folder}/journal` },
      },
      { seconds: args.integer('seconds') },
      io,
    )
  },
}
