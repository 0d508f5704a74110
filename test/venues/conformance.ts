import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCapture } from '../../src/app/capture-reader.ts'
import type { Verdict } from '../../src/book/sync.ts'
import { Columns, type Control, KIND } from '../../src/core/columns.ts'
import type { FailureCode } from '../../src/core/errors.ts'
import type { Channel, Subscription } from '../../src/core/ids.ts'
import type { Instrument } from '../../src/core/instrument.ts'
import type { EpochMicros } from '../../src/core/units.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Request, StreamChoice, Venue } from '../../src/venues/venue.ts'
import { capturesFolder } from '../captures.ts'
import { type Bench, checkSound, describe, type DescribedEvent, outcomeOf } from './described.ts'
import { bytesOf, fixturesOf, isRefused } from './fixture-lines.ts'
import { type Entry, parseText, reorder, writeText } from './json-text.ts'
import { malformedSuite } from './malformed.ts'

/** What a venue's test file brings along: examples from its fact sheet. Frames are in `fixtures/<venue>.ndjson`. */
export interface Examples {
  /** Symbols that the fixtures speak of and that are subscribed; data of others is unknown. */
  readonly symbols: readonly string[]
  /** How a symbol for the number `index` looks: for plans of thousands. */
  symbolAt(index: number): string
  /** Bytes that a venue takes in one request; default: no limit named. */
  readonly requestLimitBytes?: number
  /** The frames with which the venue accepts a request. */
  acknowledge(request: Request): readonly string[]
  /** A frame that refuses the request, and what it must be read as. */
  refuse(request: Request): { readonly frame: string; readonly expect: Partial<Control> }
  readonly links: readonly LinkExample[]
  readonly catalogue: { readonly body: string; readonly instruments: readonly Instrument[] }
  readonly snapshot?: SnapshotExamples
  readonly refusals: readonly RefusalExample[]
  /** Capture files whose frames were shortened by whoever published them. */
  readonly shortenedCaptures?: readonly string[]
}

/** A delta against a book that stands at `sequence`. */
export interface LinkExample {
  readonly name: string
  readonly sequence: number
  readonly first?: number
  readonly last: number
  readonly previous?: number
  readonly anchored: boolean
  readonly verdict: Verdict
}

interface SnapshotExamples {
  readonly bodies: readonly { readonly body: string; readonly event: Omit<DescribedEvent, 'symbol'> }[]
  /** Depth asked for, path to be asked, levels a side it gives, weight. */
  readonly requests: readonly (readonly [depth: number, path: string, window: number, weight: number])[]
  readonly urls: readonly (readonly [url: string, symbol: string | undefined])[]
}

export interface RefusalExample {
  readonly name: string
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  readonly receiveTimeUs?: EpochMicros
  /** Absent: the answer is a success. */
  readonly expect?: {
    readonly code: FailureCode
    readonly retryable: boolean
    readonly retryAfterMs?: number
  }
}

/** What every venue must do. */
export function conformance(venue: Venue, examples: Examples): void {
  const bench: Bench = { venue, symbols: new Symbols(examples.symbols), out: new Columns() }
  fixtureSuite(bench)
  malformedSuite(
    bench,
    fixturesOf(venue.id).filter((fixture) => !isRefused(fixture)),
  )
  planSuite(venue, examples)
  controlSuite(bench, examples)
  restSuite(bench, examples)
  captureSuite(venue, examples.shortenedCaptures ?? [])
}

function fixtureSuite(bench: Bench): void {
  const { id } = bench.venue
  const fixtures = fixturesOf(id)
  const objects = fixtures.filter((fixture) => !isRefused(fixture) && fixture.frame.startsWith('{'))
  const nothing = { events: [], control: [], unknown: 0, ignored: 0 }

  for (const { name, frame, expect } of fixtures) {
    test(`${id}: ${name}`, () => {
      const outcome = outcomeOf(bench, bytesOf(frame))
      assert.deepEqual(outcome, 'refused' in expect ? expect : { ...nothing, ...expect })
    })
  }

  test(`${id}: fields may come in any order`, () => {
    for (const { name, frame } of objects) {
      const plain = outcomeOf(bench, bytesOf(frame))
      for (const arrange of ORDERS) {
        const other = writeText(reorder(parseText(frame), arrange))
        assert.deepEqual(outcomeOf(bench, bytesOf(other)), plain, name)
      }
    }
  })

  test(`${id}: white space changes nothing`, () => {
    for (const { name, frame } of objects) {
      const loose = writeText(parseText(frame), ' \t\r\n')
      assert.deepEqual(outcomeOf(bench, bytesOf(loose)), outcomeOf(bench, bytesOf(frame)), name)
    }
  })

  test(`${id}: data of symbols that nobody asked for is counted and dropped`, () => {
    const strangers: Bench = { ...bench, symbols: new Symbols() }
    for (const fixture of fixtures.filter((each) => !isRefused(each))) {
      const plain = outcomeOf(bench, bytesOf(fixture.frame))
      const outcome = outcomeOf(strangers, bytesOf(fixture.frame))
      if ('refused' in plain || 'refused' in outcome) assert.fail(fixture.name)
      assert.deepEqual(outcome.events, [], fixture.name)
      assert.equal(outcome.unknown > 0, plain.unknown + plain.events.length > 0, fixture.name)
    }
  })
}

const ORDERS: readonly ((entries: readonly Entry[]) => readonly Entry[])[] = [
  (entries) => entries.toReversed(),
  (entries) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  (entries) => [...entries.slice(1), ...entries.slice(0, 1)],
  (entries) => [...entries.slice(2), ...entries.slice(0, 2)],
]

const defaultChoice = ({ options }: Venue): StreamChoice => ({
  book: options.book[0] ?? '',
  trade: options.trade[0] ?? '',
})

function subscriptionsOf(count: number, examples: Examples): readonly Subscription[] {
  return Array.from({ length: count }, (_, index): Subscription => {
    const channel: Channel = index % 2 === 0 ? 'book' : 'trade'
    return { channel, symbol: examples.symbolAt(index >> 1) }
  })
}

const sorted = (list: readonly Subscription[]): readonly string[] =>
  list.map(({ channel, symbol }) => `${channel} ${symbol}`).toSorted()

function planSuite(venue: Venue, examples: Examples): void {
  const { id, limits } = venue
  for (const count of [0, 1, 2, 1_025, 5_000]) {
    test(`${id}: ${count} subscriptions are carried once each, within the limits of sockets and requests`, () => {
      const subscriptions = subscriptionsOf(count, examples)
      const plans = venue.plan(subscriptions, defaultChoice(venue))
      const planned = plans.flatMap((plan) => plan.subscriptions)
      assert.deepEqual(sorted(planned), sorted(subscriptions))
      assert.equal(new Set(planned.map(({ key }) => key)).size, count)
      for (const { path, subscriptions: carried } of plans) {
        assert.ok(
          path.startsWith('/') && carried.length > 0 && carried.length <= limits.subscriptionsPerSocket,
        )
        checkRequests(
          venue,
          examples,
          carried.map(({ key }) => key),
        )
      }
    })
  }

  test(`${id}: every choice of streams can be planned, and gives every subscription a key of its own`, () => {
    for (const book of venue.options.book) {
      for (const trade of venue.options.trade) {
        const plans = venue.plan(subscriptionsOf(10, examples), { book, trade })
        const keys = plans.flatMap((plan) => plan.subscriptions.map(({ key }) => key))
        assert.equal(new Set(keys).size, 10)
      }
    }
  })
}

function checkRequests(venue: Venue, examples: Examples, keys: readonly string[]): void {
  let last = 0
  const ids = (): number => ++last
  for (const requests of [venue.subscribe(keys, ids), venue.unsubscribe(keys, ids)]) {
    assert.deepEqual(
      requests.flatMap((request) => request.keys),
      keys,
    )
    assert.equal(new Set(requests.map(({ id }) => id)).size, requests.length)
    for (const { keys: named, text } of requests) {
      assert.ok(named.length > 0 && named.length <= venue.limits.subscriptionsPerRequest)
      assert.ok(bytesOf(text).length <= (examples.requestLimitBytes ?? Infinity))
      assert.doesNotThrow(() => JSON.parse(text))
    }
  }
}

function controlSuite(bench: Bench, examples: Examples): void {
  const { venue } = bench
  const request = (): Request => {
    const [plan] = venue.plan(subscriptionsOf(1, examples), defaultChoice(venue))
    const keys = (plan?.subscriptions ?? []).map(({ key }) => key)
    const [first] = venue.subscribe(keys, () => 7)
    return first ?? assert.fail('no request')
  }

  test(`${venue.id}: an accepted request is told by its id or its keys`, () => {
    const asked = request()
    const controls = examples.acknowledge(asked).flatMap((frame) => controlOf(bench, frame))
    assert.notEqual(controls.length, 0)
    const told = controls.flatMap((control) => {
      if (control.type !== 'acknowledged') return assert.fail(control.type)
      return control.keys ?? (control.id === asked.id ? asked.keys : [])
    })
    assert.deepEqual(told, asked.keys)
  })

  test(`${venue.id}: a refused request is told with the venue's reason`, () => {
    const { frame, expect } = examples.refuse(request())
    const controls = controlOf(bench, frame)
    assert.equal(controls.length, 1)
    assert.deepEqual({ ...controls[0], ...expect }, controls[0])
    assert.equal(controls[0]?.type, 'refused')
  })
}

function controlOf(bench: Bench, frame: string): readonly Control[] {
  const outcome = outcomeOf(bench, bytesOf(frame))
  return 'refused' in outcome ? assert.fail(`${outcome.refused}: ${frame}`) : outcome.control
}

function restSuite({ venue, symbols, out }: Bench, examples: Examples): void {
  for (const example of examples.links) {
    test(`${venue.id}: link: ${example.name}`, () => {
      const delta = new Columns()
      const at = delta.begin(KIND.delta)
      delta.first[at] = example.first ?? Number.NaN
      delta.last[at] = example.last
      delta.previous[at] = example.previous ?? Number.NaN
      assert.equal(venue.link.judge(example.sequence, delta, at, example.anchored), example.verdict)
    })
  }

  test(`${venue.id}: the instrument list is read as the venue means it`, () => {
    assert.deepEqual(venue.catalogue.read(bytesOf(examples.catalogue.body)), examples.catalogue.instruments)
    assert.throws(() => venue.catalogue.read(bytesOf('<html>')), { name: 'DecodeError' })
    assert.throws(() => venue.catalogue.read(bytesOf('{}')), { name: 'DecodeError' })
    for (const { path } of venue.catalogue.requests()) assert.match(path, /^\//)
  })

  for (const { name, expect, body, ...answer } of examples.refusals) {
    test(`${venue.id}: REST: ${name}`, () => {
      const failure = venue.refusal({ headers: {}, ...answer, body: bytesOf(body) })
      const { code, retryable, retryAfterMs } = failure ?? {}
      assert.deepEqual(
        { code, retryable, retryAfterMs },
        { code: undefined, retryable: undefined, retryAfterMs: undefined, ...expect },
      )
    })
  }

  const { snapshot } = venue
  assert.equal(snapshot === undefined, venue.link.snapshot === 'stream')
  if (snapshot === undefined || examples.snapshot === undefined) return
  const { bodies, requests, urls } = examples.snapshot

  test(`${venue.id}: a snapshot answer becomes one event`, () => {
    for (const { body, event } of bodies) {
      snapshot.read(bytesOf(body), 0, out)
      checkSound(out, symbols)
      const [symbol = ''] = examples.symbols
      assert.deepEqual(describe({ venue, symbols, out }, bytesOf(body)).events, [{ symbol, ...event }])
      const cut = bytesOf(body).subarray(0, -1)
      assert.throws(() => snapshot.read(cut, 0, out), { name: 'DecodeError' })
      assert.equal(out.count, 0)
    }
    assert.throws(() => snapshot.read(bytesOf('{"code":-1121,"msg":"Invalid symbol."}'), 0, out), {
      name: 'DecodeError',
    })
  })

  test(`${venue.id}: a snapshot is asked for as deep as the venue offers, at its price`, () => {
    const [symbol = ''] = examples.symbols
    for (const [depth, path, window, weight] of requests) {
      assert.deepEqual(snapshot.request(symbol, depth), { path, weight })
      assert.equal(snapshot.window(depth), window)
      assert.equal(snapshot.symbolOf(`https://host.example${path}`), symbol)
    }
    for (const [url, asked] of urls) assert.equal(snapshot.symbolOf(url), asked, url)
  })
}

/** Every this many frames of a capture are also decoded with their fields in other orders. */
const REORDER_EVERY = 25

function captureSuite(venue: Venue, shortened: readonly string[]): void {
  const captures = capturesFolder()
  const folder = captures === undefined ? '' : join(captures, venue.id)
  const skip = captures === undefined && 'no captures: set MARKETPRISM_CAPTURES'
  const files =
    skip === false ? readdirSync(folder).filter((file) => !shortened.includes(file)) : ['captures']
  for (const file of files) {
    test(`${venue.id}: every frame of ${file} decodes, in any order of its fields`, { skip }, async () => {
      const bench: Bench = { venue, symbols: new Symbols([], { open: true }), out: new Columns() }
      bench.symbols.add('of the snapshot')
      let frames = 0
      for await (const { line, number } of readCapture(join(folder, file))) {
        if (line.dir === 'out') continue
        frames++
        if (line.src === 'rest') readRest(bench, line.conn, line.raw)
        else readFrame(bench, line.raw, number)
      }
      assert.notEqual(frames, 0)
    })
  }
}

function readFrame(bench: Bench, raw: string, number: number): void {
  const { venue, symbols, out } = bench
  const bytes = bytesOf(raw)
  venue.decode(bytes, symbols, out)
  checkSound(out, symbols)
  if (number % REORDER_EVERY !== 0 || !raw.startsWith('{')) return
  const plain = describe(bench, bytes)
  for (const arrange of ORDERS) {
    assert.deepEqual(outcomeOf(bench, bytesOf(writeText(reorder(parseText(raw), arrange)))), plain)
  }
}

function readRest({ venue, symbols, out }: Bench, url: string, raw: string): void {
  const isCatalogue = venue.catalogue.requests().some(({ path }) => url.includes(path.replace(/\?.*$/, '')))
  if (isCatalogue) {
    assert.notEqual(venue.catalogue.read(bytesOf(raw)).length, 0)
  } else if (venue.snapshot?.symbolOf(url) !== undefined) {
    venue.snapshot.read(bytesOf(raw), 0, out)
    checkSound(out, symbols)
    assert.equal(out.count, 1)
  }
}
