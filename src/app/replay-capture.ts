import type { CaptureLine } from '../core/capture.ts'
import { Columns, KIND } from '../core/columns.ts'
import { DecodeError } from '../core/errors.ts'
import type { MarketType } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import { type EpochMicros, epochMicros } from '../core/units.ts'
import { Journal, type JournalOptions } from '../journal/journal.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import type { PublishChoice } from '../pipeline/streams.ts'
import { SeededRandom } from '../runtime/sim-random.ts'
import { Timeline } from '../runtime/sim-timeline.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Counts } from '../telemetry/counts.ts'
import { Symbols } from '../venues/symbols.ts'
import type { Venue } from '../venues/venue.ts'
import { CaptureError, readCaptures } from './capture-reader.ts'

export interface CaptureReplay {
  readonly venue: Venue
  /** Captures of one venue, in the order of their times. */
  readonly files: readonly string[]
  readonly publish: (instrument: Instrument) => PublishChoice
  readonly levelLimit: number
  readonly journal: JournalOptions
}

/** What is in the captures, as far as a replay must know it beforehand. */
interface Survey {
  readonly firstTimeUs: EpochMicros
  readonly instruments: readonly Instrument[]
  /** Number of the line, over all files, at which each connection was heard last. */
  readonly lastHeard: ReadonlyMap<string, number>
}

/**
 * Runs captures through the very code that collects, on the time of the captures: the same captures give the same bytes each
 * time. Throws `CaptureError` for what is no capture, or has no receive times.
 */
export async function replayCapture(options: CaptureReplay, outside: Runtime): Promise<Counts> {
  const survey = await surveyCaptures(options)
  const timeline = new Timeline(survey.firstTimeUs)
  const runtime = { ...outside, clock: timeline, timers: timeline, random: new SeededRandom(1) }
  const counts = new Counts()
  const journal = new Journal(options.journal, runtime, { emit: () => undefined })
  const symbols = new Symbols(survey.instruments.map(({ symbol }) => symbol))
  const pipeline = new Pipeline(
    {
      venue: options.venue,
      symbols,
      instruments: survey.instruments,
      session: Math.floor(survey.firstTimeUs / 1_000).toString(36),
      publish: options.publish,
      levelLimit: options.levelLimit,
    },
    {
      timers: timeline,
      append: (line, receiveTimeUs) => journal.append(line, receiveTimeUs),
      // A capture holds what the collector asked for then; nothing more can be asked.
      recovery: { recover: () => undefined, recovered: () => undefined, renew: () => undefined },
      emit: () => undefined,
      counts,
    },
  )
  const player = new Player({ venue: options.venue, symbols, pipeline, timeline }, survey)
  for await (const { line, place } of readCaptures(options.files)) player.play(line, place)
  pipeline.stop(timeline.now())
  await journal.close()
  return counts
}

interface Session {
  readonly conn: string
  readonly number: number
  readonly streams: StreamRef[]
}

/** What a player plays into. */
interface Stage {
  readonly venue: Venue
  readonly symbols: Symbols
  readonly pipeline: Pipeline
  readonly timeline: Timeline
}

/** Plays lines into a pipeline: each connection of the capture is a session. */
class Player {
  readonly #stage: Stage
  readonly #survey: Survey
  readonly #sessions = new Map<string, Session>()
  readonly #carriers = new Map<string, Session>()
  readonly #probe = new Columns()
  #played = 0

  constructor(stage: Stage, survey: Survey) {
    this.#stage = stage
    this.#survey = survey
  }

  play(line: CaptureLine, place: string): void {
    const timeUs = timeOf(line, place)
    this.#played++
    while (this.#stage.timeline.next(timeUs - this.#survey.firstTimeUs));
    if (line.dir === 'out') return
    if (line.src === 'rest') this.#rest(line, timeUs)
    else this.#frame(line, timeUs)
  }

  #rest(line: CaptureLine, receiveTimeUs: EpochMicros): void {
    const requests = this.#stage.venue.snapshot
    const symbol = requests?.symbolOf(line.conn)
    if (requests === undefined || symbol === undefined) return
    const depth = Number(new URL(line.conn).searchParams.get('limit') ?? 100)
    const body = new TextEncoder().encode(line.raw)
    const answer = { body, window: requests.window(depth), receiveTimeUs }
    this.#stage.pipeline.snapshot(this.#stage.symbols.add(symbol), answer)
  }

  #frame(line: CaptureLine, receiveTimeUs: EpochMicros): void {
    const bytes = new TextEncoder().encode(line.raw)
    const session = this.#sessions.get(line.conn) ?? {
      conn: line.conn,
      number: this.#sessions.size + 1,
      streams: [],
    }
    this.#sessions.set(line.conn, session)
    for (const stream of eventsOf(this.#stage.venue, bytes, this.#stage.symbols, this.#probe)) {
      this.#claim(session, stream)
    }
    this.#stage.pipeline.frame(session.number, bytes, receiveTimeUs)
  }

  /**
   * A capture tells what a connection carries only by its frames, and its end only by silence: one that is not heard again, and
   * whose stream comes by another, has ended.
   */
  #claim(session: Session, stream: StreamRef): void {
    const key = `${stream.channel}:${stream.slot}`
    const carrier = this.#carriers.get(key)
    if (carrier === session) return
    if (session.streams.some(({ slot, channel }) => slot === stream.slot && channel === stream.channel))
      return
    session.streams.push(stream)
    this.#carriers.set(key, session)
    if (carrier !== undefined && (this.#survey.lastHeard.get(carrier.conn) ?? 0) < this.#played) {
      this.#stage.pipeline.ended(carrier.number, carrier.streams, 'disconnected')
    }
    this.#stage.pipeline.carries(session.number, [stream])
  }
}

interface StreamRef {
  readonly slot: number
  readonly channel: 'book' | 'trade'
}

async function surveyCaptures(options: CaptureReplay): Promise<Survey> {
  const { venue } = options
  const symbols = new Symbols([], { open: true })
  const listed = new Map<string, Instrument>()
  const lastHeard = new Map<string, number>()
  const columns = new Columns()
  let firstTimeUs: EpochMicros | undefined
  let lines = 0
  for await (const { line, place } of readCaptures(options.files)) {
    firstTimeUs ??= timeOf(line, place)
    lines++
    if (line.src === 'rest') readRest(venue, line, listed, symbols)
    else {
      lastHeard.set(line.conn, lines)
      eventsOf(venue, new TextEncoder().encode(line.raw), symbols, columns)
    }
  }
  const instruments = Array.from({ length: symbols.size }, (_, slot) => {
    const symbol = symbols.nameOf(slot)
    return listed.get(symbol) ?? unlisted(venue, symbol)
  })
  if (firstTimeUs === undefined) throw new CaptureError('there is nothing to replay')
  return { firstTimeUs, instruments, lastHeard }
}

/** Recorded instrument lists say what the symbols are; snapshots name symbols that may have no frame. */
function readRest(venue: Venue, line: CaptureLine, listed: Map<string, Instrument>, symbols: Symbols): void {
  const symbol = venue.snapshot?.symbolOf(line.conn)
  if (symbol !== undefined) symbols.add(symbol)
  const isList = venue.catalogue.requests().some(({ path }) => line.conn.includes(path.split('?')[0] ?? path))
  if (!isList) return
  try {
    for (const instrument of venue.catalogue.read(new TextEncoder().encode(line.raw))) {
      listed.set(instrument.symbol, instrument)
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}

/** The data events of a frame; none for one that is refused. */
function eventsOf(venue: Venue, bytes: Uint8Array, symbols: Symbols, columns: Columns): StreamRef[] {
  try {
    venue.decode(bytes, symbols, columns)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return []
  }
  return Array.from({ length: columns.count }, (_, at) => ({
    slot: columns.slot[at] ?? -1,
    channel: columns.kind[at] === KIND.trade ? 'trade' : 'book',
  }))
}

/** An instrument of which no list is in the capture: only its symbol is known. */
function unlisted(venue: Venue, symbol: string): Instrument {
  const isSpot = venue.id.endsWith('-spot')
  return {
    venue: venue.id,
    symbol,
    name: symbol,
    marketType: isSpot ? 'spot' : contractType(symbol),
    base: symbol,
    quote: '',
    tickSize: '1',
    lotSize: '1',
    sizeUnit: venue.id === 'okx-derivatives' ? 'contracts' : 'base',
    contractSize: undefined,
    contractCurrency: undefined,
    state: 'trading',
  }
}

/** The venues' spellings of what is not spot: options end in `-C` or `-P`, dated futures in their date. */
function contractType(symbol: string): MarketType {
  if (/-[CP]$/.test(symbol)) return 'option'
  return /[-_](\d{6}|\d{1,2}[A-Z]{3}\d{2})$/.test(symbol) ? 'future' : 'perpetual'
}

function timeOf(line: CaptureLine, place: string): EpochMicros {
  if (line.t === null)
    throw new CaptureError(`${place}: has no receive time, so it cannot be replayed (verify can read it)`)
  return epochMicros(Math.round(line.t * 1_000))
}
