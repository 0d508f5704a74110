import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Instrument } from '../../src/core/instrument.ts'
import { Absences } from '../../src/feed/catalogue.ts'
import { nearest, resolveInstruments } from '../../src/feed/resolve.ts'

const instrument = (symbol: string, name: string, more: Partial<Instrument> = {}): Instrument => ({
  venue: 'okx-derivatives',
  symbol,
  name,
  marketType: 'perpetual',
  base: 'BTC',
  quote: 'USDT',
  tickSize: '0.1',
  lotSize: '1',
  sizeUnit: 'contracts',
  contractSize: '0.01',
  contractCurrency: 'BTC',
  state: 'trading',
  ...more,
})

const LISTED = [
  instrument('BTC-USDT-261225', 'BTC-USDT', { marketType: 'future' }),
  instrument('BTC-USDT-SWAP', 'BTC-USDT'),
  instrument('ETH-USDT-SWAP', 'ETH-USDT'),
  instrument('OLD-USDT-SWAP', 'OLD-USDT', { state: 'ended' }),
]

test('an instrument is found by symbol or by name, in any case, the one that never expires first', () => {
  const names = ['btc-usdt', 'BTC-USDT-261225', 'ETH-USDT']
  const { found, unknown } = resolveInstruments(
    LISTED,
    names.map((name) => ({ instrument: name, channels: ['book'] })),
  )
  assert.deepEqual(
    found.map((entry) => entry.instrument.symbol),
    ['BTC-USDT-SWAP', 'BTC-USDT-261225', 'ETH-USDT-SWAP'],
  )
  assert.deepEqual(unknown, [])
})

test('asked for twice is collected once, with all its channels', () => {
  const { found } = resolveInstruments(LISTED, [
    { instrument: 'ETH-USDT', channels: ['book'] },
    { instrument: 'ETH-USDT-SWAP', channels: ['trade', 'book'] },
  ])
  assert.deepEqual(
    found.map(({ channels }) => channels),
    [['book', 'trade']],
  )
})

test('what is not listed, or has ended, is unknown; the rest goes on', () => {
  const { found, unknown } = resolveInstruments(LISTED, [
    { instrument: 'ETHUSDT', channels: ['book'] },
    { instrument: 'OLD-USDT', channels: ['book'] },
    { instrument: 'BTC-USDT', channels: ['book'] },
  ])
  assert.equal(found.length, 1)
  assert.deepEqual(
    unknown.map(({ name }) => name),
    ['ETHUSDT', 'OLD-USDT'],
  )
  assert.equal(unknown[0]?.hint, 'ETH-USDT')
})

const HINTS: readonly (readonly [string, string | undefined])[] = [
  ['ETHUSDT', 'ETH-USDT'],
  ['eth-usdt-swp', 'ETH-USDT-SWAP'],
  ['BTC/USDT', 'BTC-USDT'],
  ['DOGE-EUR', undefined],
  ['', undefined],
  ['X'.repeat(1_000), undefined],
]

for (const [text, hint] of HINTS) {
  test(`the nearest to '${text.slice(0, 20)}' is ${hint ?? 'nothing'}`, () => {
    assert.equal(nearest(text, LISTED), hint)
  })
}

test('an instrument that is missing from one list may be back; from two, it has ended', () => {
  const absences = new Absences()
  const collected = LISTED.slice(1, 3)
  const states = (listed: readonly Instrument[]): string[] =>
    absences.update(collected, listed).map(({ state }) => state)
  assert.deepEqual(states(collected.slice(0, 1)), ['trading', 'trading'])
  assert.deepEqual(states(collected), ['trading', 'trading'])
  assert.deepEqual(states(collected.slice(0, 1)), ['trading', 'trading'])
  assert.deepEqual(states(collected.slice(0, 1)), ['trading', 'ended'])
  assert.deepEqual(states(collected), ['trading', 'trading'])
})
