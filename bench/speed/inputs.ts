// What the candidates are fed: frames as `ws` hands them over, and answers to snapshot requests, in the order of their receipt.
import { createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { readCapture } from '../../src/app/capture-reader.ts'
import type { VenueId } from '../../src/core/ids.ts'
import { epochMicros } from '../../src/core/units.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import { Timeline } from '../../src/runtime/sim-timeline.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { capturesFolder } from '../../test/captures.ts'

/** One message: a frame, or the answer to a snapshot request of `symbol`. */
export interface Item {
  readonly symbol: string | undefined
  readonly bytes: Buffer
}

export interface Input {
  readonly name: string
  readonly venue: VenueId
  /** `captured`: from the captures; `generated`: from the emulator. */
  readonly kind: 'captured' | 'generated'
  readonly write: (path: string) => Promise<void>
}

const EPOCH_US = epochMicros(1_764_000_000_000_000)
const DEPTH = 1_000

/** Inputs of the full bench: the recorded minutes of 2024, and depth-heavy days of the emulator. */
export function inputs(): readonly Input[] {
  return [
    captured('spot BTC 2024', 'binance-spot', ['2024-08-08-btcusdt.ndjson.gz']),
    captured('USD-M BTC+ETH 2024', 'binance-derivatives', [
      '2024-08-08-btcusdt.ndjson.gz',
      '2024-08-08-ethusdt.ndjson.gz',
    ]),
    generated('Binance depth', 'binance-derivatives', { books: 8, levels: 1_000, frames: 60_000 }),
    generated('OKX depth', 'okx-spot', { books: 8, levels: 400, frames: 60_000 }),
    generated('Deribit depth', 'deribit', { books: 8, levels: 1_000, frames: 60_000 }),
  ]
}

export function captured(name: string, venue: VenueId, files: readonly string[]): Input {
  return {
    name,
    venue,
    kind: 'captured',
    async write(path) {
      const folder = capturesFolder()
      if (folder === undefined) throw new Error('no captures: set MARKETPRISM_CAPTURES')
      const lines: { readonly t: number; readonly item: Item }[] = []
      for (const file of files) {
        for await (const { line } of readCapture(join(folder, venue, file))) {
          if (line.dir === 'out') continue
          const symbol = line.src === 'rest' ? venueOf(venue).snapshot?.symbolOf(line.conn) : undefined
          if (line.src === 'ws' || symbol !== undefined)
            lines.push({ t: line.t ?? 0, item: { symbol, bytes: Buffer.from(line.raw) } })
        }
      }
      if (files.length > 1) lines.sort((one, other) => one.t - other.t)
      await save(
        path,
        lines.map(({ item }) => item),
      )
    },
  }
}

/** Books of an emulated venue, each with so many levels a side, all changing at the pace of the model. */
export function generated(
  name: string,
  venue: VenueId,
  size: { readonly books: number; readonly levels: number; readonly frames: number },
): Input {
  return {
    name,
    venue,
    kind: 'generated',
    write: (path) => save(path, generate(venue, size)),
  }
}

function generate(
  id: VenueId,
  { books, levels, frames }: { readonly books: number; readonly levels: number; readonly frames: number },
): readonly Item[] {
  const venue = venueOf(id)
  const timeline = new Timeline(EPOCH_US)
  const runtime = { clock: timeline, timers: timeline, random: new SeededRandom(7) }
  const patient = {
    binance: { connectsPerWindow: Infinity, messagesPerSecond: Infinity },
    okx: { connectsPerSecond: Infinity },
    deribit: { subscribePool: Infinity, callPool: Infinity },
  }
  const model = venueModel(id, runtime, { seed: 11, instruments: books, depth: levels, ...patient })
  const items: Item[] = []
  const choice = { book: venue.options.book[0] ?? '', trade: venue.options.trade[0] ?? '' }
  const subscriptions = model.symbols.flatMap((symbol) => [
    { symbol, channel: 'book' as const },
    { symbol, channel: 'trade' as const },
  ])
  let number = 0
  for (const plan of venue.plan(subscriptions, choice)) {
    const connection = model.connect(plan.path, {
      send: (text) => items.push({ symbol: undefined, bytes: Buffer.from(text) }),
      ping: () => undefined,
      close: () => undefined,
      cut: () => undefined,
    })
    if ('refused' in connection) throw new Error(`refused: ${connection.refused}`)
    const keys = plan.subscriptions.map(({ key }) => key)
    for (const { text } of venue.subscribe(keys, () => ++number)) connection.receive(text)
  }
  const run = (untilUs: number): void => {
    while (timeline.next(untilUs));
  }
  run(1_000_000)
  if (venue.link.snapshot === 'request') {
    for (const symbol of model.symbols) {
      const request = venue.snapshot?.request(symbol, DEPTH)
      if (request !== undefined)
        model.request(request.path, ({ body }) => items.push({ symbol, bytes: Buffer.from(body) }))
    }
  }
  for (let atUs = 2_000_000; items.length < frames; atUs += 1_000_000) run(atUs)
  model.stop()
  return items.slice(0, frames)
}

/** An item: length of the symbol and of the bytes, then both. */
async function save(path: string, items: readonly Item[]): Promise<void> {
  const stream = createWriteStream(path)
  for (const { symbol = '', bytes } of items) {
    const name = Buffer.from(symbol)
    const head = Buffer.alloc(8)
    head.writeUInt32LE(name.length, 0)
    head.writeUInt32LE(bytes.length, 4)
    stream.write(head)
    stream.write(name)
    if (!stream.write(bytes)) await once(stream, 'drain')
  }
  stream.end()
  await once(stream, 'finish')
}

/** Reads what `Input.write` wrote; every item has a buffer of its own, as frames have. */
export function load(path: string): readonly Item[] {
  const file = readFileSync(path)
  const items: Item[] = []
  for (let at = 0; at < file.length;) {
    const nameLength = file.readUInt32LE(at)
    const length = file.readUInt32LE(at + 4)
    const name = file.toString('utf8', at + 8, at + 8 + nameLength)
    const start = at + 8 + nameLength
    items.push({
      symbol: name === '' ? undefined : name,
      bytes: Buffer.from(file.subarray(start, start + length)),
    })
    at = start + length
  }
  return items
}
