// BookSync one case at a time: bounds of what is held, holes, resets, checksums, numbers that do not fit, listeners.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Book } from '../../src/book/book.ts'
import {
  BookSync,
  type DeltaOutcome,
  HELD_AGE_LIMIT_US,
  HELD_BYTES_LIMIT,
  HELD_LIMIT,
  type LinkRule,
  OLD_LIMIT,
  type SnapshotHearing,
  type SnapshotOutcome,
  UNANCHORED_OLD_LIMIT,
} from '../../src/book/sync.ts'
import { KIND } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { epochMicros } from '../../src/core/units.ts'
import { type EventShape, eventOf, type Level, show } from './events.ts'
import { CHAIN, FUTURES, SPOT } from './links.ts'

const NOTHING: SnapshotHearing = { joined: () => undefined, applied: () => undefined }

const syncOf = (rule: LinkRule): BookSync => new BookSync(rule, new Book())

function give(sync: BookSync, shape: EventShape, timeUs = 0): DeltaOutcome {
  return sync.delta(eventOf(shape), 0, epochMicros(timeUs), shape.last)
}

/** A delta of one number. */
const one = (last: number): EventShape => ({
  first: last,
  last,
  previous: last - 1,
  bids: [[String(last), '1']],
})

function join(sync: BookSync, last: number, hear = NOTHING): SnapshotOutcome {
  return sync.snapshot(eventOf({ kind: KIND.snapshot, last, bids: [['1', '1']] }), 0, Infinity, hear)
}

/** The numbers that a snapshot dropped and applied, in the order in which they were heard. */
function listen(): { readonly heard: string[]; readonly hear: SnapshotHearing } {
  const heard: string[] = []
  return {
    heard,
    hear: {
      joined: () => heard.push('joined'),
      applied: (_, { tag }) => heard.push(`applied ${tag}`),
      dropped: ({ tag }) => heard.push(`dropped ${tag}`),
    },
  }
}

test('deltas wait for the snapshot, and those that it has already are not applied', () => {
  const sync = syncOf(SPOT)
  assert.equal(sync.state, 'waiting')
  for (const last of [5, 6, 7, 8]) assert.equal(give(sync, one(last)), 'held')
  assert.equal(sync.state, 'buffering')
  const { heard, hear } = listen()
  assert.equal(join(sync, 6, hear), 'joined')
  assert.deepEqual(heard, ['dropped 5', 'dropped 6', 'joined', 'applied 7', 'applied 8'])
  assert.equal(sync.isLive, true)
  assert.deepEqual(sync.held, { count: 0, bytes: 0 })
  assert.deepEqual(show(sync.book).bids, [
    ['8', '1'],
    ['7', '1'],
    ['1', '1'],
  ])
})

test('a gap is told once, keeps the delta that showed it, and one snapshot heals it', () => {
  const sync = syncOf(SPOT)
  join(sync, 10)
  assert.deepEqual(
    [11, 13, 14].map((last) => give(sync, one(last))),
    ['applied', 'gap', 'held'],
  )
  assert.equal(sync.held.count, 2)
  const { heard, hear } = listen()
  assert.equal(join(sync, 12, hear), 'joined')
  assert.deepEqual(heard, ['joined', 'applied 13', 'applied 14'])
  assert.equal(give(sync, one(15)), 'applied')
})

test('a snapshot older than what waits is stale, and costs none of it', () => {
  const sync = syncOf(FUTURES)
  for (const last of [5, 6]) give(sync, one(last))
  assert.equal(join(sync, 3), 'stale')
  assert.equal(sync.held.count, 2)
  assert.equal(join(sync, 4), 'joined')
  assert.equal(sync.book.sequence, 6)
})

test('a snapshot cannot join across a hole in what waits; the next one finds only what is behind it', () => {
  const sync = syncOf(SPOT)
  for (const last of [5, 6, 8, 9]) give(sync, one(last))
  const { heard, hear } = listen()
  assert.equal(join(sync, 4, hear), 'stale')
  assert.deepEqual(heard, [])
  assert.equal(sync.held.count, 2)
  assert.equal(join(sync, 6, hear), 'stale')
  assert.equal(join(sync, 7, hear), 'joined')
  assert.deepEqual(heard, ['joined', 'applied 8', 'applied 9'])
})

test('a snapshot behind the hole joins although a hole is before it', () => {
  const sync = syncOf(SPOT)
  for (const last of [5, 6, 8, 9]) give(sync, one(last))
  assert.equal(join(sync, 8), 'joined')
  assert.equal(sync.book.sequence, 9)
})

test('a snapshot that was asked for is not needed by a live book', () => {
  const sync = syncOf(SPOT)
  join(sync, 10)
  give(sync, one(11))
  const before = show(sync.book)
  for (const last of [5, 11, 50]) assert.equal(join(sync, last), 'ignored')
  assert.equal(sync.book.sequence, 11)
  assert.deepEqual(show(sync.book), before)
})

test('a second snapshot in the stream replaces the book, and the chain goes on from it', () => {
  const sync = syncOf(CHAIN)
  assert.equal(give(sync, { previous: 5, last: 6 }), 'unsynced')
  assert.deepEqual(sync.held, { count: 0, bytes: 0 })
  assert.equal(join(sync, 10), 'joined')
  assert.equal(give(sync, { previous: 10, last: 15, bids: [['3', '1']] }), 'applied')
  assert.equal(join(sync, 20), 'joined')
  assert.deepEqual(show(sync.book).bids, [['1', '1']])
  assert.equal(give(sync, { previous: 15, last: 20 }), 'old')
  assert.equal(give(sync, { previous: 20, last: 22 }), 'applied')
  assert.equal(give(sync, { previous: 23, last: 25 }), 'gap')
  assert.equal(give(sync, { previous: 22, last: 23 }), 'unsynced')
})

test('heartbeats and a maintenance reset are links of the chain (OKX sheet, section 5, rules 4 to 6)', () => {
  const sync = syncOf(CHAIN)
  join(sync, 10)
  const chain = [
    [10, 15],
    [15, 15],
    [15, 3],
    [3, 5],
  ] as const
  for (const [previous, last] of chain) {
    assert.equal(give(sync, { previous, last }), 'applied')
    assert.equal(sync.book.sequence, last)
  }
})

test('a venue that begins to count anew is found out, and its next snapshot joins', () => {
  const sync = syncOf(SPOT)
  join(sync, 1_000)
  give(sync, one(1_001))
  for (let last = 1; last < OLD_LIMIT; last++) assert.equal(give(sync, one(last)), 'old')
  assert.equal(give(sync, one(OLD_LIMIT)), 'reset')
  assert.equal(give(sync, one(OLD_LIMIT + 1)), 'held')
  assert.equal(join(sync, OLD_LIMIT), 'joined')
  assert.equal(sync.book.sequence, OLD_LIMIT + 1)
})

test('old deltas are counted in a row only', () => {
  const sync = syncOf(SPOT)
  join(sync, 1_000)
  for (let round = 1; round <= 10; round++) {
    assert.equal(give(sync, one(1_000 + round)), 'applied')
    for (let last = 1; last < OLD_LIMIT; last++) assert.equal(give(sync, one(last)), 'old')
  }
})

test('the last delta may be repeated for ever', () => {
  const sync = syncOf(SPOT)
  join(sync, 10)
  give(sync, one(11))
  for (let time = 0; time < 3 * OLD_LIMIT; time++) assert.equal(give(sync, one(11)), 'old')
})

test('a stream may lag behind its snapshot, but not without end', () => {
  const sync = syncOf(SPOT)
  join(sync, 10_000)
  for (let last = 1; last < UNANCHORED_OLD_LIMIT; last++) assert.equal(give(sync, one(last)), 'old')
  assert.equal(give(sync, one(UNANCHORED_OLD_LIMIT)), 'reset')
  const patient = syncOf(SPOT)
  join(patient, UNANCHORED_OLD_LIMIT - 1)
  for (let last = 1; last < UNANCHORED_OLD_LIMIT; last++) give(patient, one(last))
  assert.equal(give(patient, one(UNANCHORED_OLD_LIMIT)), 'applied')
})

test('a venue that begins to count anew while deltas wait is joined behind that place', () => {
  const sync = syncOf(SPOT)
  for (const last of [100, 101, 102, 1, 2, 3, 4]) give(sync, one(last))
  const { heard, hear } = listen()
  assert.equal(join(sync, 2, hear), 'joined')
  assert.deepEqual(heard, ['dropped 1', 'dropped 2', 'joined', 'applied 3', 'applied 4'])
})

test('no more deltas wait than the limit says, and the oldest go first', () => {
  const sync = syncOf(SPOT)
  for (let last = 1; last <= HELD_LIMIT + 10; last++) give(sync, one(last))
  assert.equal(sync.held.count, HELD_LIMIT)
  assert.equal(join(sync, 9), 'stale')
  assert.equal(join(sync, 10), 'joined')
  assert.equal(sync.book.sequence, HELD_LIMIT + 10)
})

test('no more bytes wait than the limit says', () => {
  const sync = syncOf(SPOT)
  const bids = Array.from({ length: 10_000 }, (_, price): Level => [String(price + 1), '1'])
  for (let last = 1; last <= 100; last++) {
    give(sync, { first: last, last, bids })
    assert.ok(sync.held.bytes <= HELD_BYTES_LIMIT)
  }
  const { count, bytes } = sync.held
  assert.ok(count > 1 && count < 100)
  assert.ok(bytes > HELD_BYTES_LIMIT * 0.9)
  assert.equal(join(sync, 100 - count - 1), 'stale')
  assert.equal(join(sync, 100 - count), 'joined')
})

test('the bytes that wait are those of the deltas that wait, also behind a hole', () => {
  const sync = syncOf(SPOT)
  for (const last of [5, 6, 8, 9]) give(sync, one(last))
  const { bytes } = sync.held
  join(sync, 4)
  assert.deepEqual(sync.held, { count: 2, bytes: bytes / 2 })
})

test('a delta waits no longer than the limit says', () => {
  const sync = syncOf(SPOT)
  give(sync, one(1), 0)
  give(sync, one(2), 1)
  give(sync, one(3), HELD_AGE_LIMIT_US)
  assert.equal(sync.held.count, 3)
  give(sync, one(4), HELD_AGE_LIMIT_US + 1)
  assert.equal(sync.held.count, 3)
  assert.equal(join(sync, 0), 'stale')
  assert.equal(join(sync, 1), 'joined')
})

test('a lost book keeps nothing that waited', () => {
  const sync = syncOf(SPOT)
  give(sync, one(1))
  sync.lose()
  assert.equal(sync.state, 'waiting')
  assert.deepEqual(sync.held, { count: 0, bytes: 0 })
})

/** Levels of both sides, as a checksum that a test can reckon. */
const counted = (rule: LinkRule): LinkRule => ({
  ...rule,
  checksum: (book) => book.bids.count + book.asks.count,
})

test('a checksum that disagrees loses the book, and 0 or none is no checksum', () => {
  const sync = syncOf(counted(CHAIN))
  const snapshot = { kind: KIND.snapshot, last: 10, bids: [['1', '1']] as const }
  const take = (checksum: number): SnapshotOutcome =>
    sync.snapshot(eventOf({ ...snapshot, checksum }), 0, Infinity, NOTHING)
  assert.equal(take(2), 'checksum')
  assert.equal(sync.isLive, false)
  assert.equal(take(1), 'joined')
  assert.equal(give(sync, { previous: 10, last: 11, bids: [['2', '1']], checksum: 2 }), 'applied')
  assert.equal(give(sync, { previous: 11, last: 12, checksum: 0 }), 'applied')
  assert.equal(give(sync, { previous: 12, last: 13 }), 'applied')
  assert.equal(give(sync, { previous: 13, last: 14, checksum: 9 }), 'checksum')
  assert.equal(sync.isLive, false)
  assert.equal(give(sync, { previous: 14, last: 15, checksum: 2 }), 'unsynced')
})

test('a delta that waited is held to its checksum as well', () => {
  const sync = syncOf(counted(SPOT))
  give(sync, { ...one(11), checksum: 2 })
  give(sync, { ...one(12), checksum: 7 })
  give(sync, { ...one(13), checksum: 4 })
  const { heard, hear } = listen()
  assert.equal(join(sync, 10, hear), 'checksum')
  assert.deepEqual(heard, ['joined', 'applied 11'])
  assert.equal(sync.isLive, false)
})

test('a number that the book cannot hold loses the book, wherever it comes', () => {
  const endless: readonly Level[] = [['9007199254740993', '1']]
  const isPrecision = (error: unknown): boolean => error instanceof DecodeError && error.code === 'precision'

  const live = syncOf(SPOT)
  join(live, 10)
  assert.throws(() => give(live, { first: 11, last: 11, bids: [['5', '1'], ...endless] }), isPrecision)
  assert.equal(live.isLive, false)

  const buffering = syncOf(SPOT)
  give(buffering, { first: 11, last: 11, bids: endless })
  assert.throws(() => join(buffering, 10), isPrecision)
  assert.equal(buffering.isLive, false)

  const replaced = syncOf(CHAIN)
  join(replaced, 10)
  const snapshot = eventOf({ kind: KIND.snapshot, last: 20, bids: endless })
  assert.throws(() => replaced.snapshot(snapshot, 0, Infinity, NOTHING), isPrecision)
  assert.equal(replaced.isLive, false)
  assert.equal(join(replaced, 30), 'joined')
})

test('a listener that loses the book while a snapshot joins stops it there', () => {
  const sync = syncOf(SPOT)
  for (const last of [11, 12, 13]) give(sync, one(last))
  const heard: number[] = []
  const outcome = join(sync, 10, {
    joined: () => undefined,
    applied: (_, { tag }) => {
      heard.push(tag)
      if (tag === 12) sync.lose()
    },
  })
  assert.equal(outcome, 'joined')
  assert.deepEqual(heard, [11, 12])
  assert.equal(sync.isLive, false)
})

test('a window that was asked for ends where the snapshot ended, one in the stream moves along', () => {
  const levels = (from: number): readonly Level[] => [
    [String(from), '1'],
    [String(from - 1), '1'],
  ]
  const known = (rule: LinkRule): number => {
    const sync = syncOf(rule)
    sync.snapshot(eventOf({ kind: KIND.snapshot, last: 10, bids: levels(20) }), 0, 2, NOTHING)
    assert.equal(sync.book.knownDepth('bid'), 2)
    const moved: readonly Level[] = [['20', '0'], ['19', '0'], ...levels(18)]
    assert.equal(give(sync, { first: 11, last: 11, previous: 10, bids: moved }), 'applied')
    return sync.book.knownDepth('bid')
  }
  assert.equal(known(SPOT), 0)
  assert.equal(known(CHAIN), 2)
})
