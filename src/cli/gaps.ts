import { EXIT } from '../app/exit.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism gaps` */
export const GAPS: Command = {
  name: 'gaps',
  summary: 'Print everything that was missed.',
  doc: 'Prints the gap ledger of what was recorded, one line a gap in the order in which they began, and the totals. A gap is written when it ends; one that was open when the collector ended is shown as OPEN, and one that is open in a collector that runs is not shown yet.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'since',
      placeholder: 'TIME',
      doc: 'Only gaps that ended after this time, or not at all: 30m, 2h, 7d, or 2026-11-25T19:15Z.',
    },
    {
      kind: 'text',
      name: 'venue',
      placeholder: 'VENUE',
      doc: 'Only of this venue, as the configuration names it: okx-spot.',
    },
    {
      kind: 'text',
      name: 'exchange',
      placeholder: 'NAME',
      doc: 'Only of this exchange: binance, okx, deribit.',
    },
    {
      kind: 'text',
      name: 'symbol',
      placeholder: 'SYMBOL',
      doc: 'Only of this instrument: BTC-USDT, or as the venue spells it.',
    },
    { kind: 'flag', name: 'json', doc: 'One JSON object a gap, and no totals.' },
  ],
  examples: [
    { line: 'marketprism gaps --since 24h', doc: 'What was missed in the last day.' },
    { line: 'marketprism gaps --venue okx-spot --json | jq .cause', doc: 'For a program to read.' },
  ],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'config'],
  async run(args, io) {
    const { readGapChoice, runGaps } = await import('../app/gaps.ts')
    const [since, venue] = [args.text('since'), args.text('venue')]
    const choice = readGapChoice({ since, venue }, Date.now())
    if ('fault' in choice) {
      io.stderr.write(`marketprism gaps: ${choice.fault}\n`)
      return EXIT.usage
    }
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    return runGaps(
      {
        config: required.config,
        exchange: args.text('exchange'),
        symbol: args.text('symbol'),
        json: args.flag('json'),
        ...choice,
      },
      io,
    )
  },
}
