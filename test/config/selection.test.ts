import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configYaml } from '../../src/config/rendering.ts'
import {
  publishSelection,
  recordPlaces,
  selectedVenues,
  shardsOf,
  tiersOf,
  withDataFolder,
} from '../../src/config/selection.ts'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { configOf, faultsOf } from './bad-config.ts'

test('the enabled venues are selected with their streams and snapshot depth', () => {
  const config = configOf(
    'venues: {binance-spot: {enabled: false}, deribit: {stream_url: "ws://127.0.0.1:1"}}',
  )
  const venues = selectedVenues(config)
  assert.deepEqual(
    venues.map(({ venue, snapshotDepth }) => [venue, snapshotDepth]),
    [
      ['binance-derivatives', 1_000],
      ['okx-spot', undefined],
      ['okx-derivatives', undefined],
      ['deribit', undefined],
    ],
  )
  assert.deepEqual(venues.at(-1), {
    venue: 'deribit',
    instruments: ['BTC-PERPETUAL', 'ETH-PERPETUAL'],
    channels: ['book', 'trade'],
    bookStream: '100ms',
    tradeStream: '100ms',
    streamUrl: 'ws://127.0.0.1:1',
    restUrl: undefined,
    snapshotDepth: undefined,
  })
})

const BTC = { symbol: 'BTCUSDT', name: 'BTC-USDT' }
const OVERRIDDEN = configOf(`
publish:
  deltas: false
  books: {depth: 20, every_ms: 1000}
  overrides:
    - {instrument: BTC-USDT, deltas: true, depth: 400}
    - {instrument: BTCUSDT, venue: binance-spot, every_ms: 100}
    - {instrument: ETH-USDT, books: false}
    - {instrument: BTC-USDT, venue: okx-spot, depth: 50}
`)

test('an override by common name holds on every venue, one by symbol and venue on that venue alone', () => {
  assert.deepEqual(publishSelection(OVERRIDDEN, 'binance-spot', BTC), {
    deltas: true,
    depth: 400,
    everyMs: 100,
  })
  assert.deepEqual(publishSelection(OVERRIDDEN, 'binance-derivatives', BTC), {
    deltas: true,
    depth: 400,
    everyMs: 1_000,
  })
})

test('the last override that matches wins', () => {
  const btc = { symbol: 'BTC-USDT', name: 'BTC-USDT' }
  assert.deepEqual(publishSelection(OVERRIDDEN, 'okx-spot', btc), { deltas: true, depth: 50, everyMs: 1_000 })
})

test('an instrument without an override takes the defaults, and tops can be switched off', () => {
  const sol = { symbol: 'SOLUSDT', name: 'SOL-USDT' }
  assert.deepEqual(publishSelection(OVERRIDDEN, 'binance-spot', sol), {
    deltas: false,
    depth: 20,
    everyMs: 1_000,
  })
  const eth = { symbol: 'ETHUSDT', name: 'ETH-USDT' }
  assert.equal(publishSelection(OVERRIDDEN, 'binance-spot', eth).depth, 0)
})

test('an instrument is of the first tier that names it, by base currency, symbol or common name, else of the second', () => {
  const tier = tiersOf(
    configOf('governor: {first_tier: [BTC, SOLUSDT, DOT-USDT], last_tier: [DOGE, BTCEUR, XRP-USDT]}'),
  )
  const of = (base: string, quote: string): number =>
    tier({ base, symbol: `${base}${quote}`, name: `${base}-${quote}` })
  assert.deepEqual([of('BTC', 'USDT'), of('SOL', 'USDT'), of('DOT', 'USDT')], [1, 1, 1])
  assert.deepEqual([of('DOGE', 'USDT'), of('XRP', 'USDT')], [3, 3])
  assert.deepEqual([of('SOL', 'EUR'), of('XRP', 'EUR'), of('ADA', 'USDT')], [2, 2, 2])
  assert.equal(of('BTC', 'EUR'), 1, 'the first tier goes before the last')
})

test('unless told otherwise Bitcoin and Ether are of tier 1 and all else of tier 2', () => {
  const tier = tiersOf(configOf('{}'))
  const tiers = ['BTC', 'ETH', 'SOL'].map((base) =>
    tier({ base, symbol: `${base}USDT`, name: `${base}-USDT` }),
  )
  assert.deepEqual(tiers, [1, 1, 2])
})

for (const [folder, journal] of [
  ['/data', '/data/journal'],
  ['data/', 'data/journal'],
  ['.', './journal'],
] as const) {
  test(`the data folder ${folder} holds journal and captures`, () => {
    const config = withDataFolder(OVERRIDDEN, folder)
    assert.equal(config.journal.folder, journal)
    assert.equal(config.capture.folder, journal.replace('journal', 'capture'))
    assert.equal(config.publish, OVERRIDDEN.publish)
  })
}

const TWO_VENUES = `
venues: {binance-spot: {enabled: false}, binance-derivatives: {enabled: false}, okx-derivatives: {enabled: false}}
journal: {folder: ./data/journal/, limit_bytes: 1000000001}
health: {required: [deribit]}
publish:
  overrides:
    - {instrument: BTC-USDT, depth: 400}
    - {instrument: BTC-PERPETUAL, venue: deribit, depth: 50}
supervisor: {collectors: per_venue}
`

test('one collector is one shard, the configuration itself', () => {
  const config = configOf('{}')
  assert.deepEqual(shardsOf(config), [{ name: 'collector', config }])
})

test('with a collector a venue each has its venue, its folders and its share of the room', () => {
  const shards = shardsOf(configOf(TWO_VENUES))
  assert.deepEqual(
    shards.map(({ name, config: { journal, sinks, capture } }) => [
      name,
      journal.folder,
      sinks.parquet.folder,
      capture.folder,
      journal.limitBytes,
    ]),
    [
      [
        'collector/okx-spot',
        './data/journal/okx-spot',
        './data/parquet/okx-spot',
        './data/capture',
        500_000_000,
      ],
      [
        'collector/deribit',
        './data/journal/deribit',
        './data/parquet/deribit',
        './data/capture',
        500_000_000,
      ],
    ],
  )
  assert.deepEqual(
    shards.map(({ config }) => selectedVenues(config).map(({ venue }) => venue)),
    [['okx-spot'], ['deribit']],
  )
  assert.deepEqual(
    shards.map(({ config }) => config.publish.overrides.length),
    [1, 2],
  )
})

test('a shard is a sound configuration by itself, and is not cut again', () => {
  for (const { config } of shardsOf(configOf(TWO_VENUES))) {
    assert.deepEqual(configOf(configYaml(config)), config)
    assert.equal(shardsOf(config)[0]?.config, config)
  }
})

test('the shards of two collectors have no folder in common, whatever is enabled', () => {
  const every = shardsOf(configOf('supervisor: {collectors: per_venue}'))
  assert.equal(every.length, VENUE_IDS.length)
  const folders = every.flatMap(({ config: { journal, sinks } }) => [journal.folder, sinks.parquet.folder])
  assert.equal(new Set(folders).size, VENUE_IDS.length * 2)
})

test('records are looked for where any setting of the collectors would have put them', () => {
  const places = recordPlaces(configOf(TWO_VENUES))
  assert.equal(places.length, VENUE_IDS.length + 1)
  assert.deepEqual(places, recordPlaces(configOf(TWO_VENUES.replace('per_venue', 'one'))))
  for (const { config } of shardsOf(configOf(TWO_VENUES))) {
    const own = { journal: config.journal.folder, store: config.sinks.parquet.folder }
    assert.ok(places.some((place) => place.journal === own.journal && place.store === own.store))
  }
})

test('the journal must have room for two segments of every collector', () => {
  const yaml = 'journal: {limit_bytes: 335544320, segment_bytes: 33554433}'
  configOf(yaml)
  const [fault] = faultsOf(`${yaml}\nsupervisor: {collectors: per_venue}`)
  assert.match(fault?.expected ?? '', /^at least two segments for each of 5 collectors, 335544330$/)
})
