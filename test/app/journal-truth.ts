import { createHash } from 'node:crypto'
import { SequenceCheck } from '../../src/app/sequence-check.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'
import type { Json } from '../journal/journal-records.ts'
import { BookReader } from './book-reader.ts'
import type { DistantVenue } from './emulated-venues.ts'

/** Digests of the true book by sequence, for each instrument: `okx-spot/BTC-USDT`. */
export type Truths = ReadonlyMap<string, ReadonlyMap<string, string>>

/** What a journal says of some books, and whether anything is missing in it. */
export interface JournalFindings {
  readonly records: number
  /** Holes in the numbers of streams, in words. */
  readonly holes: readonly string[]
  /** Records of gaps, with the instrument of each. */
  readonly gaps: readonly { readonly instrument: string; readonly gap: Json }[]
  /** Books that were held against the true one, by instrument. */
  readonly compared: ReadonlyMap<string, number>
  /** The first few that are not equal, in words. */
  readonly differences: readonly string[]
}

/** Asks the emulator for what the books of these symbols go through within `ms`. */
export async function auditOf(venue: DistantVenue, symbols: readonly string[], ms: number): Promise<Truths> {
  const audits = symbols.map(async (symbol) => {
    const url = `${venue.hosts.rest}/emulator/audit?symbol=${encodeURIComponent(symbol)}&ms=${ms}`
    const told: unknown = await (await fetch(url)).json()
    const digests = Object.entries(Object(told)).map(
      ([sequence, digest]) => [sequence, String(digest)] as const,
    )
    return [`${venue.id}/${symbol}`, new Map(digests)] as const
  })
  return new Map(await Promise.all(audits))
}

/** Reads a whole journal, record by record: it may be larger than memory. */
export function readJournal(folder: string, truths: Truths): JournalFindings {
  const sequences = new SequenceCheck()
  const audit = new BookAudit(truths)
  const holes: string[] = []
  const reader = new JournalReader(folder, new SystemFiles())
  for (let reading = reader.next(); reading.kind !== 'end'; reading = reader.next()) {
    if (reading.kind === 'damaged') holes.push(`${reading.bytes} damaged bytes`)
    if (reading.kind !== 'batch') continue
    holes.push(...sequences.take([reading.records]))
    for (const line of new TextDecoder().decode(reading.records).trimEnd().split('\n')) audit.take(line)
  }
  reader.close()
  const { gaps, compared, differences } = audit
  return { records: sequences.records, holes, gaps, compared, differences }
}

const NAMES = /"exchange":"([^"]+)","market_type":"([^"]+)","symbol":"[^"]*","instrument":"([^"]+)"/
const GAP = '{"type":"gap"'
const DIFFERENCES_LIMIT = 5

class BookAudit {
  readonly gaps: { readonly instrument: string; readonly gap: Json }[] = []
  readonly compared = new Map<string, number>()
  readonly differences: string[] = []
  readonly #truths: Truths
  readonly #books = new Map<string, BookReader>()

  constructor(truths: Truths) {
    this.#truths = truths
  }

  take(line: string): void {
    if (line.startsWith(GAP)) this.gaps.push({ instrument: instrumentOf(line), gap: JSON.parse(line) })
    const name = instrumentOf(line)
    const truth = this.#truths.get(name)
    if (truth === undefined) return
    const book = this.#books.get(name) ?? new BookReader()
    this.#books.set(name, book)
    if (!book.take(JSON.parse(line))) return
    const digest = truth.get(String(book.sequence))
    if (digest === undefined) return
    this.compared.set(name, (this.compared.get(name) ?? 0) + 1)
    if (digest !== digestOf(book) && this.differences.length < DIFFERENCES_LIMIT)
      this.differences.push(`${name} differs from the true book at ${book.sequence}`)
  }
}

/** The instrument of a record as `Truths` names it. */
function instrumentOf(line: string): string {
  const [, exchange = '', marketType = '', symbol = ''] = NAMES.exec(line) ?? []
  const market = marketType === 'spot' ? 'spot' : 'derivatives'
  return exchange === 'deribit' ? `${exchange}/${symbol}` : `${exchange}-${market}/${symbol}`
}

function digestOf(book: BookReader): string {
  const lines = (['bids', 'asks'] as const).flatMap((side) =>
    book.rows(side).map(([price, size]) => `${side.charAt(0)} ${price} ${size}\n`),
  )
  return createHash('sha256').update(lines.join('')).digest('hex')
}
