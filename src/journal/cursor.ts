import { FailureError } from '../core/errors.ts'
import type { Files } from '../runtime/runtime.ts'
import { BEGIN, type Place } from './reader.ts'
import type { SinkPlace } from './retention.ts'
import { Tally } from './tally.ts'

/**
 * What became of the records that a cursor has passed: `base + delivered + skipped + rejected + lost` is `read + withdrawn`, type by
 * type.
 */
export interface CursorCounts {
  /** Where the journal's own count stood when the cursor was made. */
  readonly base: Tally
  /** Where the journal's own count stands at the place of the cursor. */
  readonly read: Tally
  readonly delivered: Tally
  /** Types that do not go to this sink. */
  readonly skipped: Tally
  /** Refused by the far side for good; they are in the quarantine. */
  readonly rejected: Tally
  /** Gone from the journal before they were read. */
  readonly lost: Tally
  /** Read, and then lost by the journal itself: a power cut took what was not on the disk yet. */
  readonly withdrawn: Tally
}

const COUNTS = ['base', 'read', 'delivered', 'skipped', 'rejected', 'lost', 'withdrawn'] as const

const SUFFIX = '.cursor.json'

/** Cursors and quarantines of a journal: below it, so that they move with it. */
export const sinksFolder = (journal: string): string => `${journal}/sinks`

/** How far a sink has come: a file that is on the disk before `save` returns. */
export class Cursor implements CursorCounts {
  readonly path: string
  place: Place = BEGIN
  /** End of the batch that is being given to the sink, where that must be the same batch after a restart. */
  pending: Place | undefined
  readonly base = new Tally()
  readonly read = new Tally()
  readonly delivered = new Tally()
  readonly skipped = new Tally()
  readonly rejected = new Tally()
  readonly lost = new Tally()
  readonly withdrawn = new Tally()
  #isPlaced = false
  readonly #files: Files

  private constructor(path: string, files: Files) {
    this.path = path
    this.#files = files
  }

  /** Reads the cursor of `sink` of a journal, or makes one at its begin. Throws `FailureError`: `disk`, `corrupt`. */
  static open(journal: string, sink: string, files: Files): Cursor {
    const folder = sinksFolder(journal)
    files.makeFolder(folder)
    const cursor = new Cursor(`${folder}/${sink}${SUFFIX}`, files)
    if (files.sizeOf(cursor.path) !== undefined) cursor.#load()
    return cursor
  }

  /** Whether it has met a segment: until then it does not know where the count of the journal stands. */
  get isPlaced(): boolean {
    return this.#isPlaced
  }

  /** The first segment that it meets: the journal had taken `before` until there. */
  begin(before: Tally): void {
    this.base.set(before)
    this.#isPlaced = true
  }

  /** Whether everything that was read is accounted for. */
  get isBalanced(): boolean {
    const sum = this.base.copy()
    for (const part of [this.delivered, this.skipped, this.rejected, this.lost]) sum.add(part)
    const read = this.read.copy()
    read.add(this.withdrawn)
    return sum.equals(read)
  }

  save(): void {
    const { place, pending } = this
    const known = COUNTS.filter((name) => name !== 'base' || this.#isPlaced)
    const counts = Object.fromEntries(known.map((name) => [name, this[name]]))
    const text = JSON.stringify({ place, ...(pending === undefined ? {} : { pending }), ...counts }, null, 2)
    this.#files.replace(this.path, new TextEncoder().encode(`${text}\n`))
  }

  #load(): void {
    try {
      const json: unknown = JSON.parse(new TextDecoder().decode(this.#files.read(this.path)))
      const facts = new Map<string, unknown>(Object.entries(Object(json)))
      this.place = placeOf(facts.get('place'))
      const pending = facts.get('pending')
      this.pending = pending === undefined ? undefined : placeOf(pending)
      this.#isPlaced = facts.has('base')
      for (const name of COUNTS) if (facts.has(name)) this[name].set(Tally.from(facts.get(name)))
    } catch (cause) {
      if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
      const advice = 'remove it to begin again with what the journal still has'
      throw new FailureError('corrupt', `${this.path}: ${cause.message}; ${advice}`, {
        retryable: false,
        cause,
      })
    }
  }
}

/** Names of the sinks that have a cursor in a journal. */
export function sinksOf(journal: string, files: Files): readonly string[] {
  files.makeFolder(sinksFolder(journal))
  return files
    .list(sinksFolder(journal))
    .flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []))
}

/**
 * How far each sink has come, for the keeping of segments. One that is `expected` and has no cursor has read nothing. A cursor that
 * cannot be read counts as nothing read as well: nothing that a sink may need is removed for its sake.
 */
export function placesOf(journal: string, expected: readonly string[], files: Files): readonly SinkPlace[] {
  return [...new Set([...expected, ...sinksOf(journal, files)])].map((sink) => ({
    sink,
    segment: segmentOf(journal, sink, files),
  }))
}

function segmentOf(journal: string, sink: string, files: Files): number {
  try {
    return Cursor.open(journal, sink, files).place.segment
  } catch (failure) {
    if (!(failure instanceof FailureError)) throw failure
    return 0
  }
}

function placeOf(json: unknown): Place {
  const facts = new Map<string, unknown>(Object.entries(Object(json)))
  const segment = facts.get('segment')
  const offset = facts.get('offset')
  if (typeof segment !== 'number' || typeof offset !== 'number')
    throw new TypeError('a place without numbers')
  return { segment, offset }
}
