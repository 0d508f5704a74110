// What the candidates are fed: frames as `ws` hands them over, and answers to snapshot requests, in the order of their receipt.
import { createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { readCapture } from '../../src/app/capture-reader.ts'
import type { VenueId } from '../../src/core/ids.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { folderOf, type Recording, SPOT_2024, USD_M_2024 } from '../recordings.ts'
import { mix, type MixVenue } from './mix.ts'

/** One message: a frame, or the answer to a snapshot request of `symbol`. */
export interface Item {
  readonly symbol: string | undefined
  readonly bytes: Buffer
}

export interface Input {
  readonly name: string
  readonly venue: VenueId
  /** `captured`: from the captures; `generated`: drawn as recorded frames are. */
  readonly kind: 'captured' | 'generated'
  readonly write: (path: string) => Promise<void>
}

const MIX_FRAMES = 60_000

/** Inputs of the full bench: recordings, where they are there, and depth-heavy mixes. */
export function inputs(): readonly Input[] {
  return [
    ...[SPOT_2024, USD_M_2024].flatMap(captured),
    mixed('Binance depth', 'binance-derivatives'),
    mixed('OKX depth', 'okx-spot'),
    mixed('Deribit depth', 'deribit'),
  ]
}

/** None where the recording is not there. */
function captured(recording: Recording): readonly Input[] {
  const folder = folderOf(recording)
  if (folder === undefined) return []
  const { name, venue, captures } = recording
  const write = async (path: string): Promise<void> => {
    const lines: { readonly t: number; readonly item: Item }[] = []
    for (const capture of captures) {
      for await (const { line } of readCapture(join(folder, venue, capture))) {
        if (line.dir === 'out') continue
        const symbol = line.src === 'rest' ? venueOf(venue).snapshot?.symbolOf(line.conn) : undefined
        if (line.src === 'ws' || symbol !== undefined)
          lines.push({ t: line.t ?? 0, item: { symbol, bytes: Buffer.from(line.raw) } })
      }
    }
    if (captures.length > 1) lines.sort((one, other) => one.t - other.t)
    await save(
      path,
      lines.map(({ item }) => item),
    )
  }
  return [{ name, venue, kind: 'captured', write }]
}

/** A depth-heavy mix of a venue. */
function mixed(name: string, venue: MixVenue): Input {
  return { name, venue, kind: 'generated', write: (path) => save(path, mix(venue, MIX_FRAMES)) }
}

/** An item: length of the symbol and of the bytes, then both. */
export async function save(path: string, items: readonly Item[]): Promise<void> {
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
