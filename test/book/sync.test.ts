// Properties of BookSync against a truthful venue behind an untruthful line: never wrong, and never needlessly unhappy.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { BookSync, type DeltaOutcome, type LinkRule, type SnapshotOutcome } from '../../src/book/sync.ts'
import { KIND } from '../../src/core/columns.ts'
import { epochMicros } from '../../src/core/units.ts'
import { type EventShape, eventOf, type Level, show } from './events.ts'
import { CHAIN, FUTURES, SPOT } from './links.ts'

interface Family {
  readonly name: string
  readonly rule: LinkRule
  /** Numbers that the venue leaves out before each delta. */
  readonly skips: boolean
}

const FAMILIES: readonly Family[] = [
  { name: 'spot', rule: SPOT, skips: false },
  { name: 'futures', rule: FUTURES, skips: true },
  { name: 'chained', rule: CHAIN, skips: true },
]
const REQUESTED = FAMILIES.filter(({ rule }) => rule.snapshot === 'request')

/** One delta of the venue: the changes it bundles, one number each, and the numbers left out before it. */
const BUNDLE = fc.record({
  skip: fc.nat(3),
  changes: fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 12 }), fc.nat(3)), {
    minLength: 1,
    maxLength: 4,
  }),
})
type Bundle = typeof BUNDLE extends fc.Arbitrary<infer Value> ? Value : never

const START = 100

/** What the venue truly has after every number, and the deltas that it sends. */
class Venue {
  readonly deltas: EventShape[] = []
  /** The sides after each number from `START`, as exact levels. */
  readonly #truth: { bids: Level[]; asks: Level[] }[] = []
  readonly #skipped = new Set<number>()
  readonly #book = new Book()

  constructor({ skips }: Family, bundles: readonly Bundle[]) {
    this.#book.apply(eventOf({ bids: [['10', '1']], asks: [['30', '1']] }), 0)
    this.#truth.push(show(this.#book))
    for (const { skip, changes } of bundles) this.#send(skips ? skip : 0, changes)
  }

  get last(): number {
    return START + this.#truth.length - 1
  }

  /** The true book at a number; beyond the last one nothing has happened yet. */
  truth(sequence: number): { bids: Level[]; asks: Level[] } {
    const found = this.#truth[Math.min(sequence, this.last) - START]
    assert.ok(found, `the venue was never at ${sequence}`)
    return found
  }

  /** The book at a number, or at the last one before it that was not left out. */
  snapshot(sequence: number): EventShape {
    let last = Math.max(START, Math.min(this.last, sequence))
    while (this.#skipped.has(last)) last--
    return { kind: KIND.snapshot, last, ...this.truth(last) }
  }

  #send(skip: number, changes: Bundle['changes']): void {
    const previous = this.last
    const still = this.truth(previous)
    for (let number = 0; number < skip; number++) {
      this.#truth.push(still)
      this.#skipped.add(this.last)
    }
    const first = this.last + 1
    const touched: Record<'bids' | 'asks', Map<string, string>> = { bids: new Map(), asks: new Map() }
    for (const [isBid, price, size] of changes) {
      const side = isBid ? 'bids' : 'asks'
      const level: Level = [String(isBid ? price : price + 20), String(size)]
      touched[side].set(...level)
      this.#book.apply(eventOf({ [side]: [level] }), 0)
      this.#truth.push(show(this.#book))
    }
    this.deltas.push({ first, last: this.last, previous, bids: [...touched.bids], asks: [...touched.asks] })
  }
}

/** A collector's book behind the line: what it says of itself is held against the venue at every step. */
class Client {
  readonly sync: BookSync
  readonly #venue: Venue
  #timeUs = 0

  constructor({ rule }: Family, venue: Venue) {
    this.sync = new BookSync(rule, new Book())
    this.#venue = venue
  }

  delta(shape: EventShape): DeltaOutcome {
    this.#timeUs += 100_000
    const outcome = this.sync.delta(eventOf(shape), 0, epochMicros(this.#timeUs))
    this.#isTrue()
    return outcome
  }

  snapshot(shape: EventShape): SnapshotOutcome {
    const outcome = this.sync.snapshot(eventOf(shape), 0, Infinity, {
      joined: () => this.#isTrue(),
      applied: () => this.#isTrue(),
    })
    this.#isTrue()
    return outcome
  }

  #isTrue(): void {
    const { book, isLive } = this.sync
    if (isLive) assert.deepEqual(show(book), this.#venue.truth(book.sequence))
  }
}

const FAULT = fc.oneof(
  { weight: 10, arbitrary: fc.constant({ name: 'pass' as const }) },
  { weight: 1, arbitrary: fc.constant({ name: 'lost' as const }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('again' as const), back: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constant('late' as const), by: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ name: 'disconnected' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ name: fc.constant('snapshot' as const), age: fc.integer({ min: -8, max: 40 }) }),
  },
)
const DISTURBED = fc.array(fc.tuple(BUNDLE, FAULT), { maxLength: 60, size: 'max' })
const CLEAN = fc.array(BUNDLE, { minLength: 1, maxLength: 30, size: 'max' })

/** Sends the first `faults.length` deltas of the venue, as the faults will have it; all that is late comes in the end. */
function disturb(
  client: Client,
  venue: Venue,
  faults: readonly (typeof FAULT extends fc.Arbitrary<infer Value> ? Value : never)[],
): void {
  const late: { readonly due: number; readonly delta: EventShape }[] = []
  for (const [index, fault] of faults.entries()) {
    const delta = venue.deltas[index]
    assert.ok(delta)
    if (fault.name === 'late') late.push({ due: index + fault.by, delta })
    else if (fault.name !== 'lost') client.delta(delta)
    if (fault.name === 'again') client.delta(venue.deltas[Math.max(0, index - fault.back)] ?? delta)
    if (fault.name === 'disconnected') client.sync.lose()
    if (fault.name === 'snapshot') client.snapshot(venue.snapshot((delta.last ?? 0) - fault.age))
    for (const one of late) if (one.due === index) client.delta(one.delta)
  }
  for (const { due, delta } of late) if (due >= faults.length) client.delta(delta)
}

const RUNS = { numRuns: 500 }

for (const family of FAMILIES) {
  test(`a ${family.name} book that calls itself live is the venue's book, whatever the line does`, () => {
    let livelySteps = 0
    fc.assert(
      fc.property(DISTURBED, (steps) => {
        const venue = new Venue(
          family,
          steps.map(([bundle]) => bundle),
        )
        const client = new Client(family, venue)
        client.snapshot(venue.snapshot(START))
        disturb(
          client,
          venue,
          steps.map(([, fault]) => fault),
        )
        if (client.sync.isLive) livelySteps++
      }),
      RUNS,
    )
    assert.ok(livelySteps > 50, 'the property saw live books')
  })

  test(`after the faults one fresh snapshot makes a ${family.name} book live, and it stays so`, () => {
    fc.assert(
      fc.property(DISTURBED, CLEAN, fc.double({ min: 0, max: 1, noNaN: true }), (steps, clean, share) => {
        const venue = new Venue(family, [...steps.map(([bundle]) => bundle), ...clean])
        const client = new Client(family, venue)
        disturb(
          client,
          venue,
          steps.map(([, fault]) => fault),
        )
        if (client.sync.isLive) client.sync.lose()
        const tail = venue.deltas.slice(steps.length)
        const before = family.rule.snapshot === 'stream' ? 0 : Math.floor(share * tail.length)
        for (const delta of tail.slice(0, before)) assert.equal(client.delta(delta), 'held')
        const quietFrom = tail[0]?.previous ?? START
        const age =
          family.rule.snapshot === 'stream'
            ? quietFrom
            : Math.ceil(quietFrom + share * (venue.last - quietFrom))
        assert.equal(client.snapshot(venue.snapshot(age)), 'joined')
        for (const delta of tail.slice(before)) assert.ok(['applied', 'old'].includes(client.delta(delta)))
        assert.ok(client.sync.isLive)
        assert.equal(client.sync.book.sequence, venue.last)
      }),
      RUNS,
    )
  })

  test(`repeats never lose a ${family.name} book`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(BUNDLE, fc.nat(3), fc.nat(10)), { maxLength: 40, size: 'max' }),
        (steps) => {
          const venue = new Venue(
            family,
            steps.map(([bundle]) => bundle),
          )
          const client = new Client(family, venue)
          client.snapshot(venue.snapshot(START))
          for (const [index, [, times, back]] of steps.entries()) {
            const delta = venue.deltas[index]
            assert.ok(delta)
            assert.equal(client.delta(delta), 'applied')
            const again = venue.deltas[Math.max(0, index - back)]
            assert.ok(again)
            for (let time = 0; time < times; time++) assert.equal(client.delta(again), 'old')
          }
          assert.equal(client.sync.book.sequence, venue.last)
        },
      ),
      RUNS,
    )
  })
}

for (const family of REQUESTED) {
  test(`without a fault a ${family.name} book has no gap, wherever its snapshot falls among the deltas`, () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(CLEAN, share, share, (bundles, received, age) => {
        const venue = new Venue(family, bundles)
        const client = new Client(family, venue)
        const before = Math.floor(received * bundles.length)
        for (const delta of venue.deltas.slice(0, before)) assert.equal(client.delta(delta), 'held')
        assert.equal(
          client.snapshot(venue.snapshot(START + Math.floor(age * (venue.last - START)))),
          'joined',
        )
        for (const delta of venue.deltas.slice(before)) {
          assert.ok(['applied', 'old'].includes(client.delta(delta)))
        }
        assert.equal(client.sync.book.sequence, venue.last)
      }),
      RUNS,
    )
  })

  test(`repeats among the deltas that wait do no harm to a ${family.name} book, and are applied once`, () => {
    fc.assert(
      fc.property(CLEAN, fc.array(fc.nat(3)), fc.nat(60), (bundles, repeats, age) => {
        const venue = new Venue(family, bundles)
        const client = new Client(family, venue)
        for (const [index, delta] of venue.deltas.entries()) {
          for (let time = 0; time <= (repeats[index] ?? 0); time++) client.delta(delta)
        }
        const applied: number[] = []
        const outcome = client.sync.snapshot(eventOf(venue.snapshot(venue.last - age)), 0, Infinity, {
          joined: () => applied.push(client.sync.book.sequence),
          applied: (columns) => applied.push(columns.last[0] ?? Number.NaN),
        })
        assert.equal(outcome, 'joined')
        // On futures the delta that ends at the snapshot's number spans it, and repeats what the snapshot has.
        const once = applied.slice(applied[0] === applied[1] && family.rule === FUTURES ? 1 : 0)
        assert.deepEqual(once, [...new Set(applied)])
        assert.deepEqual(show(client.sync.book), venue.truth(venue.last))
      }),
      RUNS,
    )
  })
}
