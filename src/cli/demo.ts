import type { Command } from './command.ts'
import { SECONDS } from './seconds-option.ts'
import { INSTRUMENTS, PORT_BASE, SEED } from './market-options.ts'

/** `marketprism demo` */
export const DEMO: Command = {
  name: 'demo',
  summary: 'Collect from emulated venues: no account, no network.',
  doc: 'Starts the five venues on this machine and a collector on them, shows what it collects, and holds its books against the true ones of the emulator. The records are real files in DIR.',
  options: [
    INSTRUMENTS,
    SECONDS,
    SEED,
    {
      kind: 'flag',
      name: 'plain',
      doc: 'Print lines instead of drawing a screen; always so where standard output is no terminal.',
    },
    {
      kind: 'text',
      name: 'data',
      placeholder: 'DIR',
      doc: 'Folder of the journal, the Parquet store, and the configuration that other commands can read them with.',
      fallback: './data/demo',
    },
    PORT_BASE,
  ],
  examples: [
    { line: 'marketprism demo', doc: 'Ten live books on a screen.' },
    {
      line: 'marketprism demo --instruments 50 --seconds 30 --plain',
      doc: '250 books for half a minute, as lines.',
    },
  ],
  exits: ['ok', 'difference', 'usage', 'unavailable', 'io', 'busy'],
  async run(args, io) {
    const { runDemo } = await import('../app/demo.ts')
    return runDemo(
      {
        instruments: args.integer('instruments') ?? 2,
        seconds: args.integer('seconds'),
        seed: args.integer('seed') ?? 1,
        plain: args.flag('plain') || !io.isTerminal,
        dataFolder: args.text('data') ?? './data/demo',
        portBase: args.integer('port-base') ?? 0,
      },
      io,
    )
  },
}
