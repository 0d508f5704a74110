import { EXIT } from '../app/exit.ts'
import { SINK_NAMES } from '../config/selection.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'
import type { Command } from './command.ts'
import { SECONDS } from './seconds-option.ts'

/** `marketprism deliver` */
export const DELIVER: Command = {
  name: 'deliver',
  summary: 'Bring records from the journal to the sinks.',
  doc: 'Reads the journal that a collector writes, or has written, and gives every record to each sink that is enabled, each at its own pace. How far a sink has come is kept beside the journal, so that it goes on there. A sink that is down, slow or full disturbs no other, and not the collector.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'sink',
      placeholder: 'SINK',
      doc: `Only this one, enabled or not: ${SINK_NAMES.join(', ')}.`,
    },
    {
      kind: 'flag',
      name: 'until-end',
      doc: 'End once everything that the journal has is delivered.',
    },
    SECONDS,
    {
      kind: 'integer',
      name: 'report-seconds',
      placeholder: 'N',
      doc: 'How often a line about each sink is written to standard error.',
      min: 1,
      max: 86_400,
      fallback: 10,
    },
  ],
  examples: [
    { line: 'marketprism deliver', doc: 'To every sink of the configuration, until SIGINT or SIGTERM.' },
    {
      line: 'marketprism deliver --sink stdout | jq -c "select(.type == \\"trade\\")"',
      doc: 'Trades as they come.',
    },
  ],
  exits: ['ok', 'usage', 'input', 'io', 'busy', 'config'],
  async run(args, io) {
    const word = args.text('sink')
    const only = SINK_NAMES.find((name) => name === word)
    if (word !== undefined && only === undefined) {
      io.stderr.write(`marketprism deliver: no sink '${word}'; there are ${SINK_NAMES.join(', ')}\n`)
      return EXIT.usage
    }
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { deliver } = await import('../app/deliver-main.ts')
    return deliver(
      {
        config: required.config,
        only,
        seconds: args.integer('seconds'),
        untilEnd: args.flag('until-end'),
        reportMs: (args.integer('report-seconds') ?? 10) * 1_000,
      },
      io,
    )
  },
}
