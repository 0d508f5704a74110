import type { Config } from '../config/schema.ts'
import { exchangeOf, isVenueId, VENUE_IDS, type VenueId } from '../core/ids.ts'
import { quoted } from '../sinks/parquet/sql.ts'
import type { Value } from '../sinks/parquet/duckdb.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { plainText, rowJson } from './query-output.ts'
import { withRecords } from './query.ts'
import { counted, duration } from './screen.ts'

export interface GapsRun {
  readonly config: Config
  /** Only gaps that were still open then, or began later: µs since 1970. */
  readonly sinceUs: number | undefined
  readonly venue: VenueId | undefined
  readonly exchange: string | undefined
  /** A common name, or the spelling of the venue. */
  readonly symbol: string | undefined
  readonly json: boolean
}

/** The ledger is small: a statement over it needs little. */
const MEMORY_MB = 512
const COLUMNS = [
  'from_time',
  'to_time',
  'exchange',
  'market_type',
  'symbol',
  'instrument',
  'channel',
  'cause',
  'from_sequence',
  'to_sequence',
  'missed',
  'repaired_by',
  'session',
] as const

/** How one gap is shown: column, width. */
const WIDTHS = { from: 27, to: 27, duration: 12, stream: 48, cause: 13, missed: 9 } as const
const US_PER_MS = 1_000
const MS_PER_MINUTE = 60_000

/** Prints the gap ledger: one line a gap in the order in which they began, and totals. */
export async function runGaps(run: GapsRun, io: Io): Promise<number> {
  const totals = new GapTotals()
  let hasOutput = false
  const write = (text: string): void => {
    hasOutput = true
    io.stdout.write(text)
  }
  await withRecords({ config: run.config, memoryMb: MEMORY_MB }, io, {
    answer: async (database) => {
      const { columns, batches } = await database.stream(statementOf(run))
      for await (const batch of batches) {
        if (!run.json && !hasOutput) write(`${head()}\n`)
        for (const row of batch) {
          const gap = gapOf(row)
          totals.add(gap)
          write(run.json ? rowJson(columns, row.slice(0, COLUMNS.length)) : `${lineOf(gap)}\n`)
        }
      }
    },
    mayRepeat: () => !hasOutput,
  })
  if (!run.json) write(`${totals.text()}\n`)
  return EXIT.ok
}

function statementOf({ sinceUs, venue, exchange, symbol }: GapsRun): string {
  const conditions = [
    ...(sinceUs === undefined ? [] : [`coalesce(epoch_us(to_time), ${sinceUs}) >= ${sinceUs}`]),
    ...(venue === undefined ? [] : venueConditions(venue)),
    ...(exchange === undefined ? [] : [`exchange = ${quoted(exchange)}`]),
    ...(symbol === undefined ? [] : [`(symbol = ${quoted(symbol)} OR instrument = ${quoted(symbol)})`]),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return (
    `SELECT ${COLUMNS.join(', ')}, epoch_us(from_time), epoch_us(to_time) FROM gaps${where} ` +
    `ORDER BY from_time, exchange, market_type, symbol, channel`
  )
}

/** Records name the exchange and the market; a venue is one exchange and some of its markets. */
function venueConditions(venue: VenueId): readonly string[] {
  const exchange = `exchange = ${quoted(exchangeOf(venue))}`
  if (venue === 'deribit') return [exchange]
  return [exchange, venue.endsWith('-spot') ? `market_type = 'spot'` : `market_type <> 'spot'`]
}

interface Gap {
  readonly from: string
  /** `undefined`: it was open when the collector ended. */
  readonly to: string | undefined
  readonly lengthMs: number | undefined
  readonly stream: string
  readonly cause: string
  readonly missed: number | undefined
  readonly repairedBy: string
}

function gapOf(row: readonly Value[]): Gap {
  const cells = new Map<string, Value>(COLUMNS.map((name, at) => [name, row[at] ?? null]))
  const textOf = (name: string): string => {
    const cell = cells.get(name) ?? null
    return cell === null ? '-' : plainText(cell)
  }
  const [fromUs, toUs] = row.slice(COLUMNS.length)
  const missed = cells.get('missed') ?? null
  return {
    from: textOf('from_time'),
    to: cells.get('to_time') === null ? undefined : textOf('to_time'),
    lengthMs: fromUs === null || toUs === null ? undefined : (Number(toUs) - Number(fromUs)) / US_PER_MS,
    stream: ['exchange', 'market_type', 'instrument', 'channel'].map(textOf).join(' '),
    cause: textOf('cause'),
    missed: missed === null ? undefined : Number(missed),
    repairedBy: textOf('repaired_by'),
  }
}

const head = (): string => padded(['from', 'to', 'duration', 'stream', 'cause', 'missed', 'repaired by'])

const lineOf = ({ from, to, lengthMs, stream, cause, missed, repairedBy }: Gap): string =>
  padded([
    from,
    to ?? 'OPEN',
    lengthMs === undefined ? '-' : lengthText(lengthMs),
    stream,
    cause,
    missed === undefined ? '-' : String(missed),
    repairedBy,
  ])

type Cells = readonly [
  from: string,
  to: string,
  duration: string,
  stream: string,
  cause: string,
  missed: string,
  repairedBy: string,
]

function padded([from, to, length, stream, cause, missed, repairedBy]: Cells): string {
  return [
    from.padEnd(WIDTHS.from),
    to.padEnd(WIDTHS.to),
    length.padStart(WIDTHS.duration),
    stream.padEnd(WIDTHS.stream),
    cause.padEnd(WIDTHS.cause),
    missed.padStart(WIDTHS.missed),
    repairedBy,
  ].join('  ')
}

/** `0.250 s`, from a minute on `00:01:05`. */
const lengthText = (ms: number): string =>
  ms < MS_PER_MINUTE ? `${(ms / 1_000).toFixed(3)} s` : duration(ms)

/** What all gaps come to. */
class GapTotals {
  readonly #causes = new Map<string, number>()
  #gaps = 0
  #open = 0
  #lengthMs = 0
  #missed = 0

  add({ cause, lengthMs, missed }: Gap): void {
    this.#gaps++
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1)
    if (lengthMs === undefined) this.#open++
    this.#lengthMs += lengthMs ?? 0
    this.#missed += missed ?? 0
  }

  /** `3 gaps (2 sequence, 1 disconnected), 1 open; 00:01:05 in all, 12 trades missed` */
  text(): string {
    if (this.#gaps === 0) return 'no gaps'
    const causes = [...this.#causes].toSorted(([, one], [, other]) => other - one)
    const list = causes.map(([cause, count]) => `${count} ${cause}`).join(', ')
    const open = this.#open > 0 ? `, ${this.#open} OPEN when the collector ended` : ''
    const missed = this.#missed > 0 ? `, ${counted(this.#missed, 'trade')} missed` : ''
    return `${counted(this.#gaps, 'gap')} (${list})${open}; ${lengthText(this.#lengthMs)} in all${missed}`
  }
}

const AGE = /^(\d{1,6})([smhd])$/
const AGE_UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MS_PER_MINUTE,
  h: 3_600_000,
  d: 86_400_000,
}
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?$/
const ZONE = /\d(Z|[+-]\d\d:\d\d)$/
const DATE_LENGTH = '2026-11-25'.length

/** Reads which gaps are wanted: `since` is an age (`2h`) or a time, without a zone in UTC. Answers what is wrong otherwise. */
export function readGapChoice(
  { since, venue }: { readonly since: string | undefined; readonly venue: string | undefined },
  nowMs: number,
): Pick<GapsRun, 'sinceUs' | 'venue'> | { readonly fault: string } {
  if (venue !== undefined && !isVenueId(venue)) {
    return { fault: `--venue takes ${VENUE_IDS.join(', ')}, not '${venue}'` }
  }
  if (since === undefined) return { sinceUs: undefined, venue }
  const sinceMs = ageStart(since, nowMs) ?? timeOf(since)
  if (sinceMs === undefined) {
    return { fault: `--since takes an age such as 2h or a time such as 2026-11-25T19:15Z, not '${since}'` }
  }
  return { sinceUs: Math.round(sinceMs * US_PER_MS), venue }
}

function ageStart(text: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = AGE.exec(text) ?? []
  const unitMs = AGE_UNITS_MS[unit]
  return unitMs === undefined ? undefined : nowMs - Number(count) * unitMs
}

function timeOf(text: string): number | undefined {
  if (!TIME.test(text)) return undefined
  const timeMs = Date.parse(
    text.length === DATE_LENGTH || ZONE.test(text.slice(DATE_LENGTH)) ? text : `${text}Z`,
  )
  return Number.isNaN(timeMs) ? undefined : timeMs
}
