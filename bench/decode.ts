// Frames of the captures per second of processor time, three ways: `JSON.parse` alone, the strict reader, and the scanner with the strict
// reader behind it: `node bench/decode.ts [ROUNDS=5]`. All three in each round, so that the ratios are of the same moment.
import { join } from 'node:path'
import { readCapture } from '../src/app/capture-reader.ts'
import { Columns } from '../src/core/columns.ts'
import type { VenueId } from '../src/core/ids.ts'
import { Symbols } from '../src/venues/symbols.ts'
import { venueOf } from '../src/venues/venues.ts'
import { capturesFolder } from '../test/captures.ts'

const CAPTURES: readonly (readonly [venue: VenueId, file: string])[] = [
  ['binance-spot', '2024-08-08-btcusdt.ndjson.gz'],
  ['binance-derivatives', '2024-08-08-btcusdt.ndjson.gz'],
  ['okx-spot', '2022-02-27-3sym-tbt.ndjson'],
  ['deribit', 'reconstructed-2019-04-01-btc-perpetual.ndjson.gz'],
]
/** Small captures are read again and again, to this many frames. */
const LEAST_FRAMES = 50_000

type Way = (frame: Buffer) => void

const [rounds = '5'] = process.argv.slice(2)
const folder = capturesFolder()
if (folder === undefined) throw new Error('no captures: set MARKETPRISM_CAPTURES')

async function framesOf(path: string): Promise<readonly Buffer[]> {
  const frames: Buffer[] = []
  for await (const { line } of readCapture(path))
    if (line.src === 'ws' && line.dir === 'in') frames.push(Buffer.from(line.raw))
  return frames
}

function waysOf(id: VenueId): Readonly<Record<string, Way>> {
  const venue = venueOf(id)
  const symbols = new Symbols([], { open: true })
  const out = new Columns()
  return {
    parse: (frame) => JSON.parse(frame.toString()),
    strict: (frame) => venue.decode(frame, symbols, out),
    scan: (frame) => {
      if (venue.scan?.(frame, symbols) === undefined) venue.decode(frame, symbols, out)
    },
  }
}

/** Frames per second of processor time. */
function rateOf(way: Way, frames: readonly Buffer[]): number {
  const passes = Math.ceil(LEAST_FRAMES / frames.length)
  const before = process.cpuUsage()
  for (let pass = 0; pass < passes; pass++) for (const frame of frames) way(frame)
  const { user, system } = process.cpuUsage(before)
  return (passes * frames.length * 1e6) / (user + system)
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN

for (const [id, file] of CAPTURES) {
  const frames = await framesOf(join(folder, id, file))
  const ways = Object.entries(waysOf(id))
  const rates = new Map<string, number[]>(ways.map(([name]) => [name, []]))
  // The first round compiles, and does not count.
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [name, way] of ways) {
      const rate = rateOf(way, frames)
      if (round > 0) rates.get(name)?.push(rate)
    }
  }
  const ratio = (name: string, to: string): string => {
    const pairs = rates.get(name)?.map((rate, at) => rate / (rates.get(to)?.[at] ?? NaN)) ?? []
    return `${median(pairs).toFixed(1)} (${Math.min(...pairs).toFixed(1)} to ${Math.max(...pairs).toFixed(1)})`
  }
  const texts = [...rates].map(([name, of]) => `${name} ${Math.round(median(of) / 1_000)} k/s`)
  console.log(
    `${id.padEnd(20)} ${texts.join(', ')}; scan to strict ${ratio('scan', 'strict')}, to parse ${ratio('scan', 'parse')}`,
  )
}
