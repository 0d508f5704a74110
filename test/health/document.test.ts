import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  DOCUMENT_LIMIT_BYTES,
  type DocumentOptions,
  healthDocument,
  httpStatusOf,
} from '../../src/health/document.ts'
import { Health } from '../../src/health/health.ts'
import { COMPONENT_STATES, HEALTH_STATES, REASONS, type Verdict } from '../../src/health/verdict.ts'
import { healthFacts, WINDOWS, withFirst } from './rig.ts'

const OPTIONS: DocumentOptions = {
  nowUs: 100_500_000,
  startUs: 500_000,
  timeOf: (steadyUs) => new Date(1_790_000_000_000 + steadyUs / 1_000).toISOString(),
}

function verdictOf(given: Parameters<typeof withFirst>[0]): Verdict {
  const health = new Health(WINDOWS)
  health.judge(healthFacts({ nowUs: 99_500_000, startUs: 500_000 }))
  const facts = { ...withFirst(given), startUs: 500_000 }
  health.judge({ ...facts, nowUs: 100_000_000 })
  return health.judge({ ...facts, nowUs: 100_500_000 })
}

const DEGRADED = verdictOf({ ageMs: { book: 90, trade: 61_250 } })
const parsed = (verdict: Verdict, options: Partial<DocumentOptions> = {}) =>
  JSON.parse(healthDocument(verdict, { ...OPTIONS, ...options })) as Record<string, unknown>

test('starting, healthy and degraded are answered with 200, the others with 503', () => {
  assert.deepEqual(
    HEALTH_STATES.map((state) => [state, httpStatusOf(state)]),
    [
      ['starting', 200],
      ['healthy', 200],
      ['degraded', 200],
      ['unhealthy', 503],
      ['stopping', 503],
    ],
  )
})

test('the word of the draft goes with the HTTP status', () => {
  const words = HEALTH_STATES.map((state) => [state, parsed({ ...DEGRADED, state })['status']])
  assert.deepEqual(words, [
    ['starting', 'warn'],
    ['healthy', 'pass'],
    ['degraded', 'warn'],
    ['unhealthy', 'fail'],
    ['stopping', 'fail'],
  ])
})

test('the document tells the state, why, since when, and how each component is', () => {
  const { components, ...rest } = parsed(DEGRADED)
  assert.deepEqual(rest, {
    status: 'warn',
    state: 'degraded',
    since: OPTIONS.timeOf(100_500_000),
    uptime_seconds: 100,
    live: true,
    ready: true,
    reasons: [
      {
        component: 'venue/binance-spot',
        reason: 'trade_stale',
        text: 'Stale: no trade for 61 s (allowed: 60 s)',
      },
    ],
    transitions: 2,
    flaps: 0,
  })
  const entries = components as Record<string, unknown>
  assert.deepEqual(entries['venue/binance-spot'], {
    status: 'warn',
    state: 'recoverable',
    since: OPTIONS.timeOf(100_000_000),
    reason: 'trade_stale',
    text: 'Stale: no trade for 61 s (allowed: 60 s)',
    age_seconds: 0.09,
  })
  assert.deepEqual(entries['governor'], {
    status: 'pass',
    state: 'ok',
    since: OPTIONS.timeOf(99_500_000),
  })
  assert.equal(Object.keys(entries).length, 15)
})

test('it can be asked for one component, or for all of a kind; the state stays that of the whole', () => {
  const names = (component: string) => Object.keys(parsed(DEGRADED, { component })['components'] as object)
  assert.deepEqual(names('journal'), ['journal'])
  assert.equal(names('venue').length, 5)
  assert.deepEqual(names('ven'), [])
  assert.equal(parsed(DEGRADED, { component: 'journal' })['state'], 'degraded')
  assert.deepEqual(parsed(DEGRADED, { component: 'journal' })['reasons'], [])
})

test('a text that is too long is cut, and stays on one line', () => {
  const verdict = verdictOf({
    trouble: `first\nsecond${'x'.repeat(1_000)}`,
  })
  const [reason] = verdict.reasons
  assert.ok((reason?.text.length ?? 0) > 1_000)
  const [told] = parsed(verdict)['reasons'] as readonly { readonly text: string }[]
  assert.match(told?.text ?? '', /^Not all of it comes: first secondx+…$/)
  assert.equal(told?.text.length, 200)
})

test('a document stays below its limit whatever it has to say, and counts what it leaves out', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400, size: 'max' })
  const name = fc.oneof(
    text,
    fc.constant('￿'.repeat(300)),
    fc.constant('"'.repeat(300)),
    fc.constant('\u0000\ud800'),
  )
  const component = fc.record({
    name,
    state: fc.constantFrom(...COMPONENT_STATES),
    sinceUs: fc.nat(),
    reason: fc.constantFrom(...REASONS),
    text: name,
    ageMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
  })
  const reason = fc.record({ component: name, reason: fc.constantFrom(...REASONS), text: name })
  const lists = fc.tuple(
    fc.array(component, { maxLength: 120, size: 'max' }),
    fc.array(reason, { maxLength: 120, size: 'max' }),
  )
  fc.assert(
    fc.property(lists, ([components, reasons]) => {
      const body = healthDocument({ ...DEGRADED, components, reasons }, OPTIONS)
      assert.ok(Buffer.byteLength(body) < DOCUMENT_LIMIT_BYTES, `${Buffer.byteLength(body)} bytes`)
      const document = JSON.parse(body) as Record<string, unknown>
      assert.equal(
        document['components_left_out'],
        components.length > 40 ? components.length - 40 : undefined,
      )
    }),
    { numRuns: 60 },
  )
})

for (const [words, letter] of [
  ['three bytes a letter', '\uffff'],
  ['halves of letters, which JSON would write in six bytes', '\ud800'],
  ['control characters', '\u0000a'],
] as const)
  test(`the fullest document is below the limit: ${words}`, () => {
    const wide = letter.repeat(300)
    const components = Array.from({ length: 100 }, (_, at) => ({
      name: `${at}${wide}`,
      state: 'recoverable' as const,
      sinceUs: 0,
      reason: 'books_unsynced' as const,
      text: wide,
      ageMs: 123_456_789_012.345,
    }))
    const reasons = components.map(({ name, reason, text }) => ({ component: name, reason, text }))
    const body = healthDocument({ ...DEGRADED, components, reasons }, OPTIONS)
    assert.ok(Buffer.byteLength(body) < DOCUMENT_LIMIT_BYTES, `${Buffer.byteLength(body)} bytes`)
  })

test('what is wrong is told before what is well', () => {
  const components = [
    ...Array.from({ length: 60 }, (_, at) => ({
      name: `sink/${at}`,
      state: 'ok' as const,
      sinceUs: 0,
      reason: undefined,
      text: undefined,
      ageMs: undefined,
    })),
    {
      name: 'journal',
      state: 'recoverable' as const,
      sinceUs: 0,
      reason: 'disk_full' as const,
      text: 'x',
      ageMs: 1,
    },
  ]
  const document = parsed({ ...DEGRADED, components })
  assert.equal(Object.keys(document['components'] as object)[0], 'journal')
  assert.equal(document['components_left_out'], 21)
})
