import type { Command } from './command.ts'
import { INSTRUMENTS, PORT_BASE, SEED } from './market-options.ts'

/** `marketprism emulate` */
export const EMULATE: Command = {
  name: 'emulate',
  summary: 'Serve the five venues on this machine.',
  doc: 'Starts local servers that speak the real protocols of the venues, fed by a seeded generator or by captures, with faults on demand. Point a collector at them with `stream_url` and `rest_url`.',
  options: [
    INSTRUMENTS,
    SEED,
    PORT_BASE,
    {
      kind: 'text',
      name: 'capture',
      placeholder: 'FILE',
      doc: 'Play this capture for its venue instead of the generator. May be repeated.',
      isRepeated: true,
    },
    {
      kind: 'integer',
      name: 'speed',
      placeholder: 'N',
      doc: 'So many times as fast as real time.',
      min: 1,
      max: 10_000,
      fallback: 1,
    },
    {
      kind: 'text',
      name: 'fault',
      placeholder: 'FAULT',
      doc: 'Switch a fault on: [VENUE:]NAME[,symbol=S][,channel=book|trade][,share=0.1][,times=N][,value=N]. May be repeated.',
      isRepeated: true,
    },
  ],
  examples: [
    {
      line: 'marketprism emulate --port-base 9100',
      doc: 'Five venues with two instruments each on ports 9100 to 9104.',
    },
    {
      line: 'marketprism emulate --instruments 200 --fault okx-spot:drop,share=0.001',
      doc: 'One OKX frame in a thousand is lost.',
    },
  ],
  exits: ['ok', 'usage', 'input', 'busy'],
  async run(args, io) {
    const { runEmulator } = await import('../app/emulate.ts')
    return runEmulator(
      {
        instruments: args.integer('instruments') ?? 2,
        seed: args.integer('seed') ?? 1,
        portBase: args.integer('port-base') ?? 0,
        captures: args.texts('capture'),
        speed: args.integer('speed') ?? 1,
        faults: args.texts('fault'),
      },
      io,
    )
  },
}
