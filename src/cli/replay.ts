import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism replay` */
export const REPLAY: Command = {
  name: 'replay',
  summary: 'Run captures through the collector, offline.',
  doc: 'Runs recorded frames through the same decode, book and record code as `start`, on the times of the capture, and writes the records. The same capture gives the same bytes every time.',
  operands: {
    placeholder: 'FILE...',
    doc: 'Captures (.ndjson, .ndjson.gz, .ndjson.zst), in a folder named after their venue.',
    min: 1,
  },
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'out',
      placeholder: 'DIR',
      doc: 'Folder of the records, one folder a venue in it.',
      fallback: './replay',
    },
    {
      kind: 'text',
      name: 'venue',
      placeholder: 'VENUE',
      doc: 'The venue, where the path of a file does not tell it.',
    },
  ],
  examples: [
    { line: 'marketprism replay ./capture/deribit/*.ndjson.zst', doc: 'Writes the records to ./replay.' },
    {
      line: 'marketprism replay --venue okx-spot --out /tmp/records trades.ndjson',
      doc: 'A file from elsewhere.',
    },
  ],
  exits: ['ok', 'usage', 'input', 'io', 'busy', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { runReplay } = await import('../app/replay.ts')
    const { operands: files } = args
    return runReplay(
      { config: required.config, files, out: args.text('out') ?? './replay', venue: args.text('venue') },
      io,
    )
  },
}
