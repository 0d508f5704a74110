// Takes what senders play, in a process of its own: `node bench/socket/receiver.ts bare|collector VENUE KEYS`. KEYS are those of the
// venue's section of the configuration, as JSON. `bare` receives frames with `ws` and drops them: the limit of the transport. Each line
// at its input begins a play, `STREAM_URL REST_URL FOLDER`, or is `end`, which ends it: then it prints what it took, as a line of JSON.
// What runs for months is measured warm: the first plays of a receiver are not.
import { createHash } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { Collector } from '../../src/app/collector.ts'
import { fullDepthDigest } from '../../src/book/digest.ts'
import { readConfig } from '../../src/config/loader.ts'
import { isVenueId, VENUE_IDS } from '../../src/core/ids.ts'
import type { InstrumentStreams } from '../../src/pipeline/streams.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { venueOf } from '../../src/venues/venues.ts'

/** Keys of a venue's section. */
export interface VenueKeys {
  readonly instruments: readonly string[]
  readonly book_stream?: string
  readonly trade_stream?: string
  readonly snapshot_depth?: number
}

/** What a receiver took. */
export interface Taken {
  readonly frames: number
  /** Processor time from the first frame that counts to the last, of all threads. */
  readonly cpuSeconds: number
  readonly seconds: number
  readonly loopDelayP99Ms: number
  readonly gaps: number
  readonly refused: number
  readonly records: number
  /** By symbol: digest of the whole book; `null` where it is not live. */
  readonly books: Readonly<Record<string, string | null>>
}

const LOOK_MS = 20
const DELAY_MS = 10

const [mode = '', id = '', keysText = ''] = process.argv.slice(2)
if (!isVenueId(id)) throw new Error(`${id}: no such venue`)
const venue = venueOf(id)
const keys: VenueKeys = JSON.parse(keysText)
let end: (() => Promise<Taken>) | undefined
for await (const line of createInterface({ input: process.stdin })) {
  const [streamUrl = '', restUrl = '', folder = ''] = line.split(' ')
  if (streamUrl === 'end') console.log(JSON.stringify(await end?.()))
  else end = begin(mode === 'bare' ? bare(streamUrl) : collecting({ streamUrl, restUrl, folder }))
}
process.exit()

/** Watches a taker from its first frame to its last; answers how to end it. */
function begin(taker: Taker): () => Promise<Taken> {
  const delay = monitorEventLoopDelay({ resolution: DELAY_MS })
  let first: Moment | undefined
  let last: Moment = { cpu: process.cpuUsage(), ms: performance.now(), frames: 0 }
  const look = (): void => {
    const frames = taker.frames()
    if (frames === last.frames || (first === undefined && !taker.isReady())) return
    last = { cpu: process.cpuUsage(), ms: performance.now(), frames }
    if (first === undefined) delay.enable()
    first ??= last
  }
  const timer = setInterval(look, LOOK_MS)
  return async () => {
    clearInterval(timer)
    look()
    delay.disable()
    const from = first ?? last
    return {
      frames: last.frames - from.frames,
      cpuSeconds: (last.cpu.user + last.cpu.system - from.cpu.user - from.cpu.system) / 1e6,
      seconds: (last.ms - from.ms) / 1_000,
      // It tells how far its timer was apart.
      loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - DELAY_MS),
      ...(await taker.end()),
    }
  }
}

interface Moment {
  readonly cpu: NodeJS.CpuUsage
  readonly ms: number
  readonly frames: number
}

interface Taker {
  readonly frames: () => number
  /** From when on it is measured: books are live, and nothing is held for a snapshot. */
  readonly isReady: () => boolean
  readonly end: () => Promise<Pick<Taken, 'gaps' | 'refused' | 'records' | 'books'>>
}

function bare(streamUrl: string): Taker {
  const choice = {
    book: keys.book_stream ?? venue.options.book[0] ?? '',
    trade: keys.trade_stream ?? venue.options.trade[0] ?? '',
  }
  const sockets: WebSocket[] = []
  let count = 0
  let number = 0
  const wanted = keys.instruments.flatMap((symbol) => [
    { symbol, channel: 'book' as const },
    { symbol, channel: 'trade' as const },
  ])
  for (const socket of venue.plan(wanted, choice)) {
    const raw = new WebSocket(streamUrl + socket.path, { perMessageDeflate: false })
    sockets.push(raw)
    raw.on('message', () => count++)
    raw.on('open', () => {
      const streams = socket.subscriptions.map(({ key }) => key)
      for (const { text } of venue.subscribe(streams, () => ++number)) raw.send(text)
    })
  }
  return {
    frames: () => count,
    isReady: () => true,
    end() {
      for (const socket of sockets) socket.terminate()
      return Promise.resolve({ gaps: 0, refused: 0, records: 0, books: {} })
    },
  }
}

function collecting(from: {
  readonly streamUrl: string
  readonly restUrl: string
  readonly folder: string
}): Taker {
  const section = { stream_url: from.streamUrl, rest_url: from.restUrl, ...keys }
  const venues = Object.fromEntries(
    VENUE_IDS.map((one) => [one, one === venue.id ? section : { enabled: false }]),
  )
  const outcome = readConfig(
    new TextEncoder().encode(
      JSON.stringify({ venues, journal: { folder: from.folder }, publish: { books: { enabled: false } } }),
    ),
  )
  if (!('config' in outcome)) throw new Error(JSON.stringify(outcome))
  const collector = new Collector(outcome.config, systemRuntime(), () => undefined)
  collector.start()
  // A recording has one snapshot a book: asked for another, which would be of no use, it would wait for it the whole play.
  collector.shedding.govern({ level: 1, actions: ['pause_renewals'] })
  const counts = (): { frames: number; gaps: number; refused: number; records: number } | undefined =>
    collector.collections[0]?.counts
  const streams = (): readonly InstrumentStreams[] => collector.collections[0]?.streams() ?? []
  return {
    frames: () => counts()?.frames ?? 0,
    isReady: () => streams().length > 0 && streams().every(({ book }) => book.sync.isLive),
    async end() {
      const books = Object.fromEntries(
        streams().map(({ instrument, book }) => [
          instrument.symbol,
          book.sync.isLive ? fullDepthDigest(book.sync.book, createHash('sha256')).digest('hex') : null,
        ]),
      )
      const { gaps = NaN, refused = NaN, records = NaN } = counts() ?? {}
      await collector.stop()
      return { gaps, refused, records, books }
    },
  }
}
