import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HealthFacts, VenueFacts } from '../../src/health/facts.ts'
import { Health } from '../../src/health/health.ts'
import { CHANGE_LIMIT, CLEAN_MS, PIN_MS } from '../../src/health/settling.ts'
import type { HealthState, Verdict } from '../../src/health/verdict.ts'
import { healthFacts, processFacts, sinkFacts, venueFacts, WINDOWS } from './rig.ts'

/** What lasts for a while. Ages grow in it as they do outside. */
interface Stretch {
  readonly seconds: number
  readonly deadBooks: readonly boolean[]
  readonly deadTrades: readonly boolean[]
  readonly missing: number
  readonly isCollectorHung: boolean
  readonly isDeliveryGone: boolean
  readonly isHeld: boolean
  readonly isLosing: boolean
  readonly level: number
}

const VENUES = ['binance-spot', 'okx-spot', 'deribit'] as const
const rarely = fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0)
const dead = fc.array(rarely, { minLength: VENUES.length, maxLength: VENUES.length })
const allDead = fc.constant(VENUES.map(() => true))

const stretch: fc.Arbitrary<Stretch> = fc.record({
  seconds: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 300 })),
  deadBooks: fc.oneof({ weight: 5, arbitrary: dead }, { weight: 1, arbitrary: allDead }),
  deadTrades: fc.oneof({ weight: 5, arbitrary: dead }, { weight: 1, arbitrary: allDead }),
  missing: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 50 })),
  isCollectorHung: rarely,
  isDeliveryGone: rarely,
  isHeld: rarely,
  isLosing: rarely,
  level: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
})

const CALM: Stretch = {
  seconds: PIN_MS / 1_000 + 60,
  deadBooks: VENUES.map(() => false),
  deadTrades: VENUES.map(() => false),
  missing: 0,
  isCollectorHung: false,
  isDeliveryGone: false,
  isHeld: false,
  isLosing: false,
  level: 0,
}

/** The instance outside of the verdict: turns stretches into facts, second by second. */
class World {
  #second = 0
  readonly #bookS = VENUES.map(() => 0)
  readonly #tradeS = VENUES.map(() => 0)
  #hungS = 0
  #heldS = 0
  #level = { level: 0, sinceUs: 0 }

  next(now: Stretch): HealthFacts {
    const nowUs = ++this.#second * 1_000_000
    this.#hungS = now.isCollectorHung ? this.#hungS + 1 : 0
    this.#heldS = now.isHeld ? this.#heldS + 1 : 0
    if (this.#level.level !== now.level) this.#level = { level: now.level, sinceUs: nowUs }
    const venues = VENUES.map((venue, at): VenueFacts => {
      const age = (ages: number[], isDead: boolean | undefined): number =>
        (ages[at] = isDead === true || now.isCollectorHung ? (ages[at] ?? 0) + 1 : 0)
      const book = age(this.#bookS, now.deadBooks[at]) * 1_000
      const trade = age(this.#tradeS, now.deadTrades[at]) * 1_000
      return venueFacts(venue, {
        ageMs: { book, trade },
        books: { expected: 50, live: 50 - now.missing, stale: 0 },
      })
    })
    return healthFacts({
      nowUs,
      startUs: 0,
      venues,
      processes: [
        processFacts({ silentMs: this.#hungS * 1_000 }),
        processFacts({ name: 'delivery', isVital: false, isRunning: !now.isDeliveryGone }),
      ],
      journal: { heldMs: now.isHeld ? this.#heldS * 1_000 : undefined, lostLately: 0 },
      sinks: [sinkFacts({ lostLately: now.isLosing ? 1 : 0 })],
      governor: this.#level,
    })
  }
}

/** Written apart from the code that it judges. */
function isViolated({ venues, processes, journal, sinks, governor }: HealthFacts): boolean {
  return (
    venues.some(({ ageMs }) => (ageMs.book ?? 0) >= 60_000 || (ageMs.trade ?? 0) >= 60_000) ||
    venues.some(({ books }) => books.expected - books.live > 10) ||
    processes.some(({ isRunning, silentMs }) => !isRunning || (silentMs ?? 0) >= 5_000) ||
    journal?.heldMs !== undefined ||
    sinks.some(({ lostLately }) => lostLately > 0) ||
    governor.level > 0
  )
}

/** What must be answered with 503 when it lasts. */
function isGrave({ venues, processes, journal, sinks, governor, nowUs }: HealthFacts): boolean {
  return (
    venues.every(({ ageMs }) => Math.min(ageMs.book ?? 0, ageMs.trade ?? 0) >= 60_000) ||
    processes.some(({ isVital, silentMs }) => isVital && (silentMs ?? 0) >= 10_000) ||
    (journal?.heldMs ?? 0) > 60_000 ||
    sinks.some(({ lostLately }) => lostLately > 0) ||
    (governor.level === 4 && nowUs - governor.sinceUs >= 60_000_000)
  )
}

interface Second {
  readonly facts: HealthFacts
  readonly verdict: Verdict
}

function simulate(stretches: readonly Stretch[]): readonly Second[] {
  const world = new World()
  const health = new Health(WINDOWS)
  return stretches.flatMap((now) =>
    Array.from({ length: now.seconds }, () => {
      const facts = world.next(now)
      return { facts, verdict: health.judge(facts) }
    }),
  )
}

/** Nearly an hour of simulated seconds a run, on average. */
const stretches = fc.array(stretch, { minLength: 1, maxLength: 70, size: 'max' })
const holds = (check: (seconds: readonly Second[]) => void) =>
  fc.assert(
    fc.property(stretches, (all) => check(simulate(all))),
    { numRuns: 15 },
  )

const BAD: ReadonlySet<HealthState> = new Set(['degraded', 'unhealthy'])

test('it is never healthy while a window is violated for 2 s', () => {
  holds((seconds) => {
    let violated = 0
    for (const { facts, verdict } of seconds) {
      violated = isViolated(facts) ? violated + 1 : 0
      if (violated >= 2) assert.ok(verdict.state !== 'healthy', `healthy at ${facts.nowUs}`)
    }
  })
})

test('it is always unhealthy while something grave lasts for 2 s once a venue was synced', () => {
  holds((seconds) => {
    let grave = 0
    for (const { facts, verdict } of seconds) {
      grave = isGrave(facts) ? grave + 1 : 0
      if (grave >= 2 && verdict.transitions > 0) assert.equal(verdict.state, 'unhealthy')
    }
  })
})

test('it gets better no sooner than 30 s after it got worse, and 15 s from unhealthy to degraded', () => {
  holds((seconds) => {
    let before: Verdict | undefined
    for (const { facts, verdict } of seconds) {
      if (before !== undefined && BAD.has(before.state)) {
        const lastedMs = (facts.nowUs - before.sinceUs) / 1_000
        if (verdict.state === 'healthy') {
          assert.equal(before.state, 'degraded')
          assert.ok(lastedMs >= CLEAN_MS.degraded, `healthy after ${lastedMs} ms`)
        }
        if (before.state === 'unhealthy' && verdict.state === 'degraded')
          assert.ok(lastedMs >= CLEAN_MS.unhealthy, `degraded after ${lastedMs} ms`)
      }
      before = verdict
    }
  })
})

test('it does not change more often than the pin allows', () => {
  holds((seconds) => {
    const changes = seconds.filter(
      ({ verdict }, at) => verdict.transitions > (seconds[at - 1]?.verdict.transitions ?? 0),
    )
    // Pinned, it may get worse by the two steps that there are.
    for (const [at, { facts }] of changes.entries()) {
      const later = changes[at + CHANGE_LIMIT + 2]
      if (later !== undefined) assert.ok(later.facts.nowUs - facts.nowUs >= PIN_MS * 1_000)
    }
  })
})

test('it is healthy again at last, whatever was before', () => {
  fc.assert(
    fc.property(stretches, (all) => {
      const last = simulate([...all, CALM]).at(-1)
      assert.equal(last?.verdict.state, 'healthy')
      assert.deepEqual(last.verdict.reasons, [])
    }),
    { numRuns: 10 },
  )
})

test('it says why whenever it is degraded or unhealthy', () => {
  holds((seconds) => {
    for (const { verdict } of seconds)
      if (BAD.has(verdict.state)) assert.ok(verdict.reasons.length > 0, verdict.state)
  })
})

test('facts without anything wrong never make it anything but healthy', () => {
  const seconds = simulate([{ ...CALM, seconds: 7_200 }])
  assert.deepEqual(new Set(seconds.map(({ verdict }) => verdict.state)), new Set(['healthy']))
})
