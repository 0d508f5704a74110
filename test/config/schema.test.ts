import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configYaml, exampleYaml, plainConfig } from '../../src/config/rendering.ts'
import { configReference } from '../../src/config/reference.ts'
import type { Config } from '../../src/config/schema.ts'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { configOf } from './bad-config.ts'

const DEFAULTS = configOf('{}')

const folder = fc.constantFrom(
  './data',
  '/var/lib/x',
  'with space',
  '"quoted"',
  "it's",
  'true',
  '7',
  '#no',
  'a: b',
  '~',
)
const instrument = fc.constantFrom(
  'BTCUSDT',
  'BTC-USDT',
  '1000',
  'true',
  'null',
  '币安人生USDT',
  'XRP_USDC-30JUN23-0d625-C',
  '1e5',
)

const override = fc.record(
  {
    instrument,
    venue: fc.constantFrom(...VENUE_IDS, undefined),
    deltas: fc.constantFrom(true, false, undefined),
    books: fc.boolean(),
    depth: fc.constantFrom(undefined, 1, 100),
    everyMs: fc.constantFrom(undefined, 10, 3_600_000),
  },
  { noNullPrototype: true },
)

interface Drawn {
  readonly folders: readonly [string, string]
  readonly instruments: readonly string[]
  readonly overrides: Config['publish']['overrides']
  readonly url: string | undefined
  readonly flushMs: number
}

const withDrawn = ({ folders, instruments, overrides, url, flushMs }: Drawn): Config => ({
  ...DEFAULTS,
  venues: {
    ...DEFAULTS.venues,
    deribit: { ...DEFAULTS.venues.deribit, instruments, streamUrl: url, channels: ['trade'] },
  },
  publish: { ...DEFAULTS.publish, overrides },
  journal: { ...DEFAULTS.journal, folder: folders[0], flushMs },
  capture: { ...DEFAULTS.capture, folder: folders[1] },
})

const configs = fc
  .record({
    folders: fc.tuple(folder, folder).filter(([journal, capture]) => journal !== capture),
    instruments: fc.uniqueArray(instrument, { minLength: 1, maxLength: 5 }),
    overrides: fc.array(override, { maxLength: 3 }),
    url: fc.constantFrom(undefined, 'ws://127.0.0.1:9100', 'wss://stream.binance.com:9443'),
    flushMs: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(withDrawn)

test('a configuration that is printed and read again is the same', () => {
  fc.assert(fc.property(configs, (config) => assert.deepEqual(configOf(configYaml(config)), config)))
})

test('a configuration as JSON has the keys of the file and is read as the same', () => {
  fc.assert(
    fc.property(configs, (config) => {
      const json = JSON.stringify(plainConfig(config))
      assert.ok(json.includes('"flush_ms":'))
      assert.deepEqual(configOf(json), config)
    }),
  )
})

test('the streams that a venue can be told to read are those that the venue has, its default first', () => {
  const example = exampleYaml()
  for (const id of VENUE_IDS) {
    const { options } = venueOf(id)
    assert.deepEqual(
      [DEFAULTS.venues[id].bookStream, DEFAULTS.venues[id].tradeStream],
      [options.book[0], options.trade[0]],
    )
    for (const word of options.book) configOf(`venues: {${id}: {book_stream: ${JSON.stringify(word)}}}`)
    for (const word of options.trade) configOf(`venues: {${id}: {trade_stream: ${JSON.stringify(word)}}}`)
    assert.ok(example.includes(`${id}:`))
  }
})

function keysOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [key].concat(keysOf(inner)))
}

test('document and example name every key', () => {
  const keys = keysOf(plainConfig(DEFAULTS))
  assert.ok(keys.length > 50)
  for (const key of keys) {
    assert.ok(configReference().includes(key), `docs/CONFIG.md lacks ${key}`)
    assert.ok(exampleYaml().includes(`${key}:`), `the example lacks ${key}`)
  }
})

test('the optional keys of the example are right when their comment signs are taken away', () => {
  const yaml = exampleYaml()
    .replaceAll(/# (stream_url|rest_url|auth|user|password_file|ca_file|cert_file|key_file):/g, '$1:')
    .replace('overrides: []', 'overrides:')
    .replace('robots: []', 'robots:')
    // A robot has its URL, or its token.
    .replaceAll(/^.*# +token_file: .*\n/gm, '')
    .replaceAll(/^ {2}# {3}(- | {2})(\w+): /gm, '    $1$2: ')
  const config = configOf(yaml)
  assert.equal(config.venues.deribit.streamUrl, 'wss://stream.example.com')
  assert.equal(config.sinks.nats.auth.passwordFile, './nats.password')
  assert.deepEqual(config.publish.overrides, [
    { instrument: 'BTC-USDT', venue: 'deribit', deltas: false, books: true, depth: 400, everyMs: 100 },
  ])
})
