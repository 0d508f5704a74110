// What is played: recordings of a venue, and mixes. As files of capture lines, which senders read.
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { readCapture } from '../../src/app/capture-reader.ts'
import type { CaptureLine } from '../../src/core/capture.ts'
import type { VenueId } from '../../src/core/ids.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { folderOf, type Recording } from '../recordings.ts'
import { mix, type MixShape, type MixVenue } from '../speed/mix.ts'
import type { VenueKeys } from './receiver.ts'

const MADE_FRAMES = 240_000

/** What is played. */
export interface Play {
  readonly name: string
  readonly venue: VenueId
  readonly file: string
  readonly keys: VenueKeys
  /** By symbol: what the whole book should be at the end. */
  readonly books: ReadonlyMap<string, string>
}

interface ExpectedCapture {
  readonly venue: string
  readonly capture: string
  readonly symbols: readonly { readonly symbol: string; readonly full_depth_sha256?: string }[]
  readonly trades: readonly { readonly stream: string }[]
}

/** A recording as a play, whose file is in `folder`; `undefined` where it is not there. */
export async function recorded(folder: string, recording: Recording): Promise<Play | undefined> {
  const place = folderOf(recording)
  if (place === undefined) return undefined
  const { name, venue, captures } = recording
  const lines: CaptureLine[] = []
  for (const capture of captures)
    for await (const { line } of readCapture(join(place, venue, capture))) lines.push(line)
  lines.sort((one, other) => (one.t ?? 0) - (other.t ?? 0))
  const expected = readdirSync(join(place, 'expected'))
    .filter((file) => file.endsWith('.json'))
    .map((file): ExpectedCapture => JSON.parse(readFileSync(join(place, 'expected', file), 'utf8')))
    .filter((one) => one.venue === venue && captures.includes(one.capture))
  const symbols = expected.flatMap((one) => one.symbols)
  const stream = /@(depth@\d+ms|depth)"/.exec(lines.find(({ raw }) => raw.includes('@depth'))?.raw ?? '')?.[1]
  const trades = expected[0]?.trades[0]?.stream
  return {
    name,
    venue,
    file: await save(folder, name, lines),
    keys: {
      instruments: symbols.map(({ symbol }) => symbol),
      ...(stream === undefined ? {} : { book_stream: stream }),
      ...(trades === undefined ? {} : { trade_stream: trades }),
      snapshot_depth: venue === 'binance-spot' ? 5_000 : 1_000,
    },
    books: new Map(symbols.map(({ symbol, full_depth_sha256: digest = '' }) => [symbol, digest])),
  }
}

/** A depth-heavy mix, of 10,000 frames a second. */
export async function made(
  folder: string,
  name: string,
  venue: MixVenue,
  shape: MixShape = {},
): Promise<Play> {
  const items = mix(venue, MADE_FRAMES, shape)
  const lines = items.map(({ symbol, bytes }, at): CaptureLine => {
    const rest = symbol === undefined ? undefined : venueOf(venue).snapshot?.request(symbol, 1_000).path
    const from =
      rest === undefined ? ({ src: 'ws', conn: 'made' } as const) : ({ src: 'rest', conn: rest } as const)
    return { t: at / 10, ...from, dir: 'in', raw: bytes.toString() }
  })
  const symbols = new Set(
    items.flatMap(
      ({ symbol, bytes }) =>
        symbol ?? /"(?:instId|instrument_name)":"([^"]+)"/.exec(bytes.toString())?.[1] ?? [],
    ),
  )
  return {
    name,
    venue,
    file: await save(folder, name, lines),
    keys: { instruments: [...symbols], ...(venue.startsWith('binance') ? { snapshot_depth: 1_000 } : {}) },
    books: new Map(),
  }
}

async function save(folder: string, name: string, lines: readonly CaptureLine[]): Promise<string> {
  const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.ndjson`)
  const stream = createWriteStream(file)
  for (const line of lines) if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'finish')
  return file
}
