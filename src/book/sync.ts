import { Columns, KIND, packedBytes, type PackedEvent } from '../core/columns.ts'
import type { EpochMicros } from '../core/units.ts'
import { audit } from './audit.ts'
import type { Book } from './book.ts'

/**
 * What a delta means to a book that stands at `sequence`. `old`: already in the book. `reset`: the venue's numbers went back.
 */
export type Verdict = 'next' | 'old' | 'gap' | 'reset'

/** How the book stream of one venue hangs together. Pure. */
export interface LinkRule {
  /** Judges delta `at` of `columns`; `anchored` is false for the first delta after a snapshot. */
  judge(sequence: number, columns: Columns, at: number, anchored: boolean): Verdict
  /**
   * Where snapshots come from. `request`: asked for beside the stream, so deltas are kept until it arrives, and one that arrives
   * while the book is live is not needed. `stream`: sent by the venue in the stream, replacing the book whenever it comes.
   * `either`: in the stream, and to be asked for should it not come.
   */
  readonly snapshot: 'request' | 'stream' | 'either'
  /** The venue's checksum over a book as it stands now, for venues that send one (OKX until 2026: signed CRC32). */
  checksum?(book: Book): number
}

/**
 * Whether the venue sends a checksum with event `at`. One of 0 is how OKX says that it sends none, unless it is all that guards an update:
 * then the book must be empty.
 */
export function hasChecksum(rule: LinkRule, columns: Columns, at: number): boolean {
  const told = columns.checksum[at] ?? Number.NaN
  if (rule.checksum === undefined || Number.isNaN(told)) return false
  return told !== 0 || (columns.kind[at] === KIND.delta && Number.isNaN(columns.previous[at]))
}

/**
 * Hears, with each change of it that a sync makes, of a book that has only to be followed: live, anchored, nothing is built beside it, and
 * the last delta did not look old. `undefined`: it is not to be followed until it is heard of again.
 */
export type FollowHearing = (book: Book | undefined) => void

/** Deltas kept while a snapshot is on its way; at 10 a second over two minutes. The oldest goes first: it is the least useful. */
export const HELD_LIMIT = 1_500
/** Bytes kept for one book while it waits: `HELD_LIMIT` deltas of a few levels, or the 40 largest ever seen. */
export const HELD_BYTES_LIMIT = 8 * 1024 * 1024
/** A snapshot request is given up after 10 s, and no answer is older than its request: what is older joins nothing. */
export const HELD_AGE_LIMIT_US = 15_000_000
/** So many deltas in a row that look old mean that the venue began to count anew. Repeats of the last one do not count. */
export const OLD_LIMIT = 50
/** The same before any delta has linked: a stream may lag behind its snapshot, by ten seconds at 100 deltas a second. */
export const UNANCHORED_OLD_LIMIT = 1_000

/** A delta that waits for a snapshot. */
export interface HeldDelta {
  readonly event: PackedEvent
  /** The number that it takes the book to. */
  readonly last: number
  readonly receiveTimeUs: EpochMicros
  /** Whatever the caller wants to recognise it by: a line of a capture. */
  readonly tag: number
}

/** The held delta in hand. One for the process: a book is joined in one synchronous call. */
const unpacked = new Columns(1)

/** Where a book stands on its way to being verified. */
export type SyncState =
  /** Nothing to hold on to: no socket, or the venue sends the snapshot in the stream. */
  | { readonly name: 'waiting' }
  /** Deltas are kept until a snapshot joins them. */
  | { readonly name: 'buffering'; readonly held: HeldDelta[]; bytes: number }
  /** Verified. `anchored` once a delta has linked to the snapshot. */
  | { readonly name: 'live'; readonly anchored: boolean }

/** One for all books: to look at it waits for no memory. */
const LINKED: SyncState = { name: 'live', anchored: true }
const JOINED: SyncState = { name: 'live', anchored: false }

/**
 * What became of a delta. `held`: kept for the snapshot; `unsynced`: there is no book, and the venue's next snapshot will need no
 * deltas from before it. `gap`, `reset`, `checksum`: the book is lost.
 */
export type DeltaOutcome = 'applied' | 'old' | 'held' | 'unsynced' | 'gap' | 'reset' | 'checksum'

/**
 * What became of a snapshot. `stale`: older than the deltas that wait for it, or they have a hole: another one is needed.
 * `checksum`: it, or a delta held for it, disagrees: the book is lost, even if `joined` was heard. `beside`: it is in the book that
 * is built beside the live one.
 */
export type SnapshotOutcome = 'joined' | 'stale' | 'ignored' | 'checksum' | 'beside'

/** What became of a renewal: `waiting` for its snapshot or for the live book to come as far, `equal`, or another book. */
export type RenewalOutcome = 'none' | 'waiting' | 'equal' | 'different'

/**
 * Keeps one book true: holds deltas until there is a snapshot, joins them, checks every link but those of a book that has only to be
 * followed (`FollowedBooks`). It decides and applies; it asks for nothing. Whoever calls it publishes what it applied, and gets a new snapshot when the outcome is one of
 * the bad ones.
 */
export class BookSync {
  readonly #rule: LinkRule
  readonly #hear: FollowHearing | undefined
  #book: Book
  #state: SyncState = { name: 'waiting' }
  #oldInARow = 0
  #renewal: BookSync | undefined

  constructor(rule: LinkRule, book: Book, hear?: FollowHearing) {
    this.#rule = rule
    this.#book = book
    this.#hear = hear
  }

  /** The book as it stands. A renewal puts another in its place. */
  get book(): Book {
    return this.#book
  }

  get state(): SyncState['name'] {
    return this.#state.name
  }

  get isLive(): boolean {
    return this.#state.name === 'live'
  }

  /** Deltas and bytes that wait for a snapshot. */
  get held(): { readonly count: number; readonly bytes: number } {
    return this.#state.name === 'buffering'
      ? { count: this.#state.held.length, bytes: this.#state.bytes }
      : { count: 0, bytes: 0 }
  }

  /**
   * Takes delta `at` of `columns`. After `gap` and `reset` the book is lost, and the delta is held for the next snapshot. Throws
   * `DecodeError` for a number that the book cannot hold; the book is then lost as well.
   */
  delta(columns: Columns, at: number, receiveTimeUs: EpochMicros, tag = 0): DeltaOutcome {
    const state = this.#state
    if (state.name !== 'live') return this.#hold(columns, at, { receiveTimeUs, tag })
    const verdict = this.#rule.judge(this.#book.sequence, columns, at, state.anchored)
    if (verdict === 'next') {
      this.#oldInARow = 0
      if (!state.anchored) this.#state = LINKED
      if (!this.#apply(columns, at)) return 'checksum'
      this.#renewal?.delta(columns, at, receiveTimeUs)
      return 'applied'
    }
    if (verdict === 'old' && !this.#isReset(columns, at, state.anchored)) {
      this.#tell()
      return 'old'
    }
    this.lose()
    this.#hold(columns, at, { receiveTimeUs, tag })
    return verdict === 'gap' ? 'gap' : 'reset'
  }

  /**
   * Takes a snapshot event with at most `window` levels a side and, when it joins, applies the deltas held for it: `joined` is
   * called once the snapshot is in the book, `applied` after each delta. A listener may `lose` the book; nothing more is applied
   * then. Throws `DecodeError` as `delta` does.
   */
  snapshot(columns: Columns, at: number, window: number, hear: SnapshotHearing): SnapshotOutcome {
    const state = this.#state
    const { snapshot } = this.#rule
    if (state.name === 'live' && snapshot === 'request') return this.#joinRenewal(columns, at, window)
    // What was held came before a snapshot that comes in the stream, and is in it.
    const held = state.name === 'buffering' && snapshot === 'request' ? state.held : []
    return this.#take(held, { columns, at, window }, hear)
  }

  /** Takes the answer to a request. Where snapshots come in the stream as well, only a book that waits for one needs it. */
  answer(columns: Columns, at: number, window: number, hear: SnapshotHearing): SnapshotOutcome {
    const state = this.#state
    if (this.#rule.snapshot !== 'either') return this.snapshot(columns, at, window, hear)
    if (state.name === 'live') return 'ignored'
    return this.#take(state.name === 'buffering' ? state.held : [], { columns, at, window }, hear)
  }

  /**
   * Begins a second book beside the live one: it takes the same deltas and waits for a snapshot of its own, which reaches further
   * down than what is left of the first. Answers false when there is one already, or nothing to renew.
   */
  renew(): boolean {
    if (!this.isLive || this.#rule.snapshot !== 'request' || this.#renewal !== undefined) return false
    this.#renewal = new BookSync(this.#rule, this.#book.sibling())
    this.#tell()
    return true
  }

  /**
   * Compares the second book with the first once both stand at the same number, and puts it in its place when they are equal. When
   * they are not, the second one is let go, unless `isSuspected`: one snapshot may be at fault itself, two in a row are not.
   */
  settle({ isSuspected }: { readonly isSuspected: boolean }): RenewalOutcome {
    const renewal = this.#renewal
    if (renewal === undefined) return 'none'
    if (!renewal.isLive || renewal.book.sequence !== this.#book.sequence) return 'waiting'
    this.#renewal = undefined
    const isEqual = audit(this.#book, renewal.book).name === 'equal'
    const isTaken = isEqual || isSuspected
    const left = isTaken ? this.#book : renewal.book
    if (isTaken) this.#book = renewal.book
    left.clear()
    return isEqual ? 'equal' : 'different'
  }

  /** Forgets levels of the live book beyond the best `count` of a side. */
  trim(count: number): void {
    this.#book.trim(count)
    this.#tell()
  }

  /** The book is not to be trusted any more. */
  lose(): void {
    this.#state = { name: 'waiting' }
    this.#renewal?.book.clear()
    this.#renewal = undefined
    this.#oldInARow = 0
    this.#tell()
  }

  #tell(): void {
    const isFollowed = this.#state === LINKED && this.#renewal === undefined && this.#oldInARow === 0
    this.#hear?.(isFollowed ? this.#book : undefined)
  }

  #take(
    held: readonly HeldDelta[],
    from: { readonly columns: Columns; readonly at: number; readonly window: number },
    hear: SnapshotHearing,
  ): SnapshotOutcome {
    const { columns, at, window } = from
    const split = this.#split(columns.last[at] ?? Number.NaN, held)
    if (split === undefined) return 'stale'
    this.lose()
    if (this.#rule.snapshot === 'request') this.#book.replace(columns, at, window)
    else this.#book.replaceRolling(columns, at, window)
    return this.#agrees(columns, at) ? this.#join(split, hear) : 'checksum'
  }

  #joinRenewal(columns: Columns, at: number, window: number): SnapshotOutcome {
    if (this.#renewal === undefined) return 'ignored'
    const outcome = this.#renewal.snapshot(columns, at, window, {
      joined: () => undefined,
      applied: () => undefined,
    })
    return outcome === 'joined' ? 'beside' : outcome
  }

  #join(split: Split, hear: SnapshotHearing): SnapshotOutcome {
    this.#state = split.useful.length > 0 ? LINKED : JOINED
    for (const delta of split.dropped) hear.dropped?.(delta)
    hear.joined()
    for (const delta of split.useful) {
      if (!this.isLive) break
      unpacked.unpack(delta.event)
      if (!this.#apply(unpacked, 0)) return 'checksum'
      hear.applied(unpacked, delta)
    }
    return 'joined'
  }

  /** Applies a delta that follows. False when the checksum disagrees; the book is then lost, as it is when a number throws. */
  #apply(columns: Columns, at: number): boolean {
    let isTrue = false
    try {
      this.#book.apply(columns, at)
      isTrue = this.#agrees(columns, at)
    } finally {
      if (isTrue) this.#tell()
      else this.lose()
    }
    return isTrue
  }

  #agrees(columns: Columns, at: number): boolean {
    return !hasChecksum(this.#rule, columns, at) || this.#rule.checksum?.(this.#book) === columns.checksum[at]
  }

  /** True when a delta that looks old is one too many. */
  #isReset(columns: Columns, at: number, anchored: boolean): boolean {
    if (columns.last[at] === this.#book.sequence) return false
    // A repeat, or a delta that was overtaken, is no later than what the book has.
    if ((columns.venueTimeUs[at] ?? 0) <= this.#book.venueTimeUs) return false
    this.#oldInARow++
    return this.#oldInARow >= (anchored ? OLD_LIMIT : UNANCHORED_OLD_LIMIT)
  }

  #hold(columns: Columns, at: number, arrival: Pick<HeldDelta, 'receiveTimeUs' | 'tag'>): DeltaOutcome {
    if (this.#rule.snapshot === 'stream') return 'unsynced'
    if (this.#state.name !== 'buffering') this.#state = { name: 'buffering', held: [], bytes: 0 }
    const state = this.#state
    const event = columns.pack(at)
    state.held.push({ event, last: columns.last[at] ?? Number.NaN, ...arrival })
    state.bytes += packedBytes(event)
    const oldestUs = arrival.receiveTimeUs - HELD_AGE_LIMIT_US
    let first = state.held[0]
    while (
      first !== undefined &&
      (state.held.length > HELD_LIMIT || state.bytes > HELD_BYTES_LIMIT || first.receiveTimeUs < oldestUs)
    ) {
      state.bytes -= packedBytes(first.event)
      state.held.shift()
      first = state.held[0]
    }
    return 'held'
  }

  /**
   * Splits the held deltas for a snapshot at `sequence`; `undefined` when they do not follow it without a hole. Those before a
   * hole are let go then: no snapshot can join across it.
   */
  #split(sequence: number, held: readonly HeldDelta[]): Split | undefined {
    const split: Split = { useful: [], dropped: [] }
    let stands = sequence
    for (const [index, delta] of held.entries()) {
      unpacked.unpack(delta.event)
      const verdict = this.#rule.judge(stands, unpacked, 0, split.useful.length > 0)
      if (verdict === 'old') split.dropped.push(delta)
      else if (verdict === 'next') {
        split.useful.push(delta)
        stands = delta.last
      } else {
        if (split.useful.length === 0) return this.#splitAfterReset(sequence, held, index)
        this.#keepFrom(held, index)
        return undefined
      }
    }
    return split
  }

  /** The held deltas begin after the snapshot at `index`: unless the venue began to count anew behind it, which needs them not. */
  #splitAfterReset(sequence: number, held: readonly HeldDelta[], index: number): Split | undefined {
    const start = lastStart(held)
    return start > index ? this.#split(sequence, held.slice(start)) : undefined
  }

  #keepFrom(held: readonly HeldDelta[], start: number): void {
    const kept = held.slice(start)
    this.#state = {
      name: 'buffering',
      held: kept,
      bytes: kept.reduce((bytes, { event }) => bytes + packedBytes(event), 0),
    }
  }
}

/** Where the numbers of the held deltas went back for the last time: there the venue began to count anew. */
function lastStart(held: readonly HeldDelta[]): number {
  for (let at = held.length - 1; at > 0; at--) {
    if ((held[at]?.last ?? Number.NaN) < (held[at - 1]?.last ?? Number.NaN)) return at
  }
  return 0
}

interface Split {
  readonly useful: HeldDelta[]
  readonly dropped: HeldDelta[]
}

/** Hears how a snapshot joins, in this order: each delta too old for it, the snapshot, each delta applied after it. */
export interface SnapshotHearing {
  joined(): void
  /** `columns` has the delta as event 0, for as long as this call takes. */
  applied(columns: Columns, delta: HeldDelta): void
  dropped?(delta: HeldDelta): void
}
