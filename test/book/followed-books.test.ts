import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { canonicalDump } from '../../src/book/digest.ts'
import { FollowedBooks } from '../../src/book/followed-books.ts'
import { BookSync, type DeltaOutcome, type HeldDelta, type LinkRule, OLD_LIMIT } from '../../src/book/sync.ts'
import { type BookView, boundAsks, boundBids, sequenceOf, venueTimeOf } from '../../src/book/view.ts'
import { type Columns, KIND } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { epochMicros } from '../../src/core/units.ts'
import { copyOf, scanned, type ScannedLevel, type ScannedLevels } from './events.ts'
import { CHAIN, FUTURES } from './links.ts'

const SLOTS = 2
const WINDOW = 4
const TRIMMED = 2
const CHECKSUM = 7
const NOTHING = { joined: () => undefined, applied: () => undefined }

/** Where an update stands to the book: right behind it, told already, or with a hole before it. */
type Place = 'next' | 'old' | 'gap'

type Step =
  | {
      readonly name: 'delta'
      readonly place: Place
      readonly levels: ScannedLevels
      readonly checksum: number
    }
  | {
      readonly name: 'snapshot'
      readonly levels: ScannedLevels
      /** So many of the updates that wait for it follow it. */
      readonly behind: number
      /** Behind which of them the book is trimmed. */
      readonly trimmed: number
    }
  | { readonly name: 'renew' | 'lose' }
  | { readonly name: 'settle'; readonly isSuspected: boolean }
  | { readonly name: 'trim'; readonly count: number }

const decimals = fc.oneof({ weight: 99, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(18) })
const level: fc.Arbitrary<ScannedLevel> = fc.tuple(
  fc.nat(40),
  decimals,
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 7, arbitrary: fc.nat(9) },
    { weight: 1, arbitrary: fc.constant(999_999_999_999_999) },
  ),
  decimals,
)
const side = fc.array(level, { maxLength: 5 })
const levels = fc.record({ bids: side, asks: side })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      name: fc.constant('delta' as const),
      place: fc.oneof(
        { weight: 40, arbitrary: fc.constant<Place>('next') },
        { weight: 1, arbitrary: fc.constantFrom<Place>('old', 'gap') },
      ),
      levels,
      checksum: fc.oneof(
        { weight: 40, arbitrary: fc.constantFrom(Number.NaN, 0) },
        { weight: 2, arbitrary: fc.constant(CHECKSUM) },
        { weight: 1, arbitrary: fc.constant(CHECKSUM + 1) },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('snapshot' as const),
      levels,
      behind: fc.nat(3),
      trimmed: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ name: fc.constantFrom('renew' as const, 'lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('settle' as const), isSuspected: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('trim' as const), count: fc.nat(6) }) },
)

/** An event of the book at `slot`, as a scan leaves it. */
function event(kind: number, slot: number, both: ScannedLevels, number: number): Columns {
  const columns = scanned(kind, both)
  columns.slot[0] = slot
  columns.first[0] = number
  columns.last[0] = number
  columns.previous[0] = number - 1
  columns.venueTimeUs[0] = number * 1_000
  return columns
}

/** The sync of a book, and the number of the update that would be next. */
class Kept {
  readonly sync: BookSync
  next = 1

  constructor(sync: BookSync) {
    this.sync = sync
  }

  take(slot: number, taken: Step, delta: (columns: Columns) => DeltaOutcome): string {
    const { sync } = this
    switch (taken.name) {
      case 'delta': {
        const number = this.next + { next: 0, old: -1, gap: 5 }[taken.place]
        const columns = event(KIND.delta, slot, taken.levels, number)
        columns.checksum[0] = taken.checksum
        this.next = Math.max(this.next, number + 1)
        return told(() => delta(columns))
      }
      case 'snapshot': {
        const number = this.next - 1 - (sync.state === 'buffering' ? taken.behind : 0)
        const snapshot = copyOf(event(KIND.snapshot, slot, taken.levels, number), 0)
        snapshot.checksum[0] = Number.NaN
        const applied = (_: Columns, { last }: HeldDelta): void => {
          if (last === number + taken.trimmed) sync.trim(TRIMMED)
        }
        return told(() => sync.snapshot(snapshot, 0, WINDOW, { ...NOTHING, applied }))
      }
      case 'renew':
        return String(sync.renew())
      case 'settle':
        return sync.settle(taken)
      case 'trim':
        sync.trim(taken.count)
        return 'trimmed'
      case 'lose':
        sync.lose()
        return 'lost'
    }
  }
}

/** What came of it, or why it was refused. */
function told(take: () => string): string {
  try {
    return take()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return error.code
  }
}

/** All that a view of a book has. */
const factsOf = (book: BookView): readonly number[] => [
  book.bidPlace,
  book.askPlace,
  book.priceDecimals,
  book.sizeDecimals,
  book.rolling,
  book.bidCut,
  book.askCut,
]

/** What two books that were told the same have in common. */
const pictureOf = ({ sync }: Kept): readonly unknown[] => [
  sync.state,
  sequenceOf(sync.book),
  venueTimeOf(sync.book),
  boundBids(sync.book),
  boundAsks(sync.book),
  ...factsOf(sync.book).slice(2),
  canonicalDump(sync.book),
]

for (const [name, rule] of [
  ['asked for beside the stream', FUTURES],
  ['sent in the stream, with checksums', { ...CHAIN, checksum: () => CHECKSUM }],
] as const satisfies readonly (readonly [string, LinkRule])[]) {
  test(`books that are followed are those of their syncs alone: snapshots ${name}`, () => {
    let followedDeltas = 0
    let otherDeltas = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(SLOTS - 1), step), { minLength: 10, maxLength: 90, size: 'max' }),
        (steps) => {
          const followed = new FollowedBooks(rule)
          const alone = Array.from({ length: SLOTS }, () => new Kept(new BookSync(rule, new Book())))
          const ours = Array.from(
            { length: SLOTS },
            (_, slot) => new Kept(new BookSync(rule, new Book(), followed.hearing(slot))),
          )
          for (const [slot, taken] of steps) {
            const expected = alone[slot]
            const actual = ours[slot]
            assert.ok(expected !== undefined && actual !== undefined)
            const outcome = actual.take(slot, taken, (columns) => {
              if (followed.apply(columns, 0)) {
                followedDeltas++
                return 'applied'
              }
              otherDeltas++
              return actual.sync.delta(columns, 0, epochMicros(1))
            })
            assert.equal(
              outcome,
              expected.take(slot, taken, (columns) => expected.sync.delta(columns, 0, epochMicros(1))),
            )
            assert.deepEqual(pictureOf(actual), pictureOf(expected))
            const view = followed.at(slot)
            if (view !== undefined) assert.deepEqual(factsOf(view), factsOf(actual.sync.book))
            assert.equal(view !== undefined, followed.has(slot))
          }
          for (const { sync } of [...alone, ...ours]) sync.book.clear()
        },
      ),
      { numRuns: 400 },
    )
    assert.ok(followedDeltas > 2_000 && otherDeltas > 2_000, `${followedDeltas} followed, ${otherDeltas} not`)
  })
}

test('a book is followed from its first delta on, until it is lost or another is built beside it', () => {
  const followed = new FollowedBooks(FUTURES)
  const slot = 1_000
  const sync = new BookSync(FUTURES, new Book(2, 1), followed.hearing(slot))
  const book: ScannedLevels = { bids: [[9, 0, 1, 0]], asks: [[11, 0, 1, 0]] }
  const snapshot = copyOf(event(KIND.snapshot, slot, book, 1), 0)
  const delta = (number: number): Columns =>
    event(KIND.delta, slot, { bids: [[8, 0, 2, 0]], asks: [] }, number)
  assert.equal(sync.snapshot(snapshot, 0, 1, NOTHING), 'joined')
  assert.equal(sync.delta(delta(0), 0, epochMicros(1)), 'old')
  assert.equal(followed.has(slot), false, 'nothing has linked yet')
  assert.equal(followed.apply(delta(2), 0), false)
  assert.equal(sync.delta(delta(2), 0, epochMicros(1)), 'applied')
  assert.equal(followed.apply(copyOf(delta(3), 0), 0), false, 'columns of others are for the sync')
  assert.equal(followed.apply(delta(3), 0), true)
  const view = followed.at(slot)
  assert.ok(view !== undefined && view.bidCut === 900 && view.priceDecimals === 2)
  assert.deepEqual(factsOf(view), factsOf(sync.book))
  assert.equal(followed.apply(delta(5), 0), false, 'a hole')
  assert.equal(sync.book.sequence, 3)
  assert.ok(sync.renew())
  assert.equal(followed.has(slot), false)
  sync.lose()
  assert.equal(followed.at(slot), undefined)
})

test('a book that is trimmed and then counts finer while it joins is followed as it is', () => {
  const followed = new FollowedBooks(FUTURES)
  const sync = new BookSync(FUTURES, new Book(), followed.hearing(0))
  const book: ScannedLevels = {
    bids: [
      [9, 0, 1, 0],
      [8, 0, 1, 0],
    ],
    asks: [[11, 0, 1, 0]],
  }
  const snapshot = copyOf(event(KIND.snapshot, 0, book, 1), 0)
  for (const [number, bid] of [
    [2, [9, 0, 2, 0]],
    [3, [91, 1, 25, 1]],
  ] as const)
    assert.equal(
      sync.delta(event(KIND.delta, 0, { bids: [bid], asks: [] }, number), 0, epochMicros(1)),
      'held',
    )
  const applied = (_: Columns, { last }: HeldDelta): void => {
    if (last === 2) sync.trim(1)
  }
  assert.equal(sync.snapshot(snapshot, 0, 100, { ...NOTHING, applied }), 'joined')
  const view = followed.at(0)
  assert.ok(view !== undefined)
  assert.deepEqual(factsOf(view), factsOf(sync.book))
  assert.ok(followed.apply(event(KIND.delta, 0, { bids: [[9, 0, 7, 0]], asks: [] }, 4), 0))
  assert.deepEqual(
    [sync.book.priceText(sync.book.bids, 1), sync.book.sizeText(sync.book.bids, 1)],
    ['9', '7'],
  )
})

test('updates that look old are counted in a row, whoever applies what comes between them', () => {
  const followed = new FollowedBooks(FUTURES)
  const sync = new BookSync(FUTURES, new Book(), followed.hearing(0))
  const book: ScannedLevels = { bids: [[9, 0, 1, 0]], asks: [[11, 0, 1, 0]] }
  let timeUs = 1e15
  const update = (number: number): DeltaOutcome => {
    const columns = event(KIND.delta, 0, book, number)
    columns.venueTimeUs[0] = timeUs++
    return followed.apply(columns, 0) ? 'applied' : sync.delta(columns, 0, epochMicros(1))
  }
  sync.snapshot(copyOf(event(KIND.snapshot, 0, book, 1_000), 0), 0, 100, NOTHING)
  assert.equal(update(1_001), 'applied')
  for (let number = 1_002; number < 1_010; number++) {
    for (let time = 1; time < OLD_LIMIT; time++) assert.equal(update(1), 'old')
    assert.equal(update(number), 'applied')
  }
})
