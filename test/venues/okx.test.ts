import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Book } from '../../src/book/book.ts'
import { BookSync } from '../../src/book/sync.ts'
import { Columns } from '../../src/core/columns.ts'
import type { Subscription } from '../../src/core/ids.ts'
import { epochMicros } from '../../src/core/units.ts'
import { bookChecksum } from '../../src/venues/okx/book.ts'
import { okxDerivatives, okxSpot } from '../../src/venues/okx/venue.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import { conformance } from './conformance.ts'
import { bytesOf } from './fixture-lines.ts'
import { contract, contractRow, shared, spot, spotRow } from './okx-examples.ts'

const CHOICE = { book: 'books', trade: 'trades' }

conformance(okxSpot, {
  ...shared,
  symbols: ['BTC-USDT'],
  symbolAt: (index) => `COIN${index}-USDT`,
  catalogue: {
    body: JSON.stringify({
      code: '0',
      data: [
        spotRow('BTC-USDT'),
        spotRow('NEW-USDT', { state: 'preopen' }),
        spotRow('SPCX-USDC', { state: 'suspend' }),
        spotRow('ODD-USDT', { state: 'a_word_of_next_year' }),
        spotRow('SOON-USDT', { state: 'preopen', tickSz: '' }),
        { ...spotRow('BTC-USDT'), instType: 'MARGIN' },
      ],
      msg: '',
    }),
    instruments: [
      spot('BTC', 'USDT', 'trading'),
      spot('NEW', 'USDT', 'auction'),
      spot('SPCX', 'USDC', 'halted'),
      spot('ODD', 'USDT', 'trading'),
    ],
  },
  // Has a frame of protocol version 3.
  shortenedCaptures: ['samples-crypto-msg-parser.ndjson'],
})

const inverse = { uly: 'BTC-USD', ctType: 'inverse', ctVal: '100', ctValCcy: 'USD' }
const linear = { uly: 'BTC-USDT', ctType: 'linear', ctVal: '0.01', ctValCcy: 'BTC' }

conformance(okxDerivatives, {
  ...shared,
  symbols: ['BTC-USDT-SWAP'],
  symbolAt: (index) => `COIN${index}-USDT-SWAP`,
  catalogue: {
    body: JSON.stringify({
      code: '0',
      msg: '',
      data: [
        contractRow('BTC-USDT-SWAP', linear),
        contractRow('PEPE-USDT-SWAP', {
          ...linear,
          uly: 'PEPE-USDT',
          ctVal: '1000',
          ctMult: '0.001',
          ctValCcy: 'PEPE',
        }),
        contractRow('BTC-USD-SWAP', inverse),
        contractRow('BTC-USDT-261225', { ...linear, instType: 'FUTURES' }),
        contractRow('BTC-USD_UM_XPERP-310404', {
          ...linear,
          instType: 'FUTURES',
          uly: 'BTC-USD',
          state: 'rebase',
        }),
        contractRow('BTC-USD-261225-100000-C', { ...inverse, instType: 'OPTION' }),
      ],
    }),
    instruments: [
      contract({}),
      contract({
        symbol: 'PEPE-USDT-SWAP',
        name: 'PEPE-USDT',
        base: 'PEPE',
        contractSize: '1',
        contractCurrency: 'PEPE',
      }),
      contract({
        symbol: 'BTC-USD-SWAP',
        name: 'BTC-USD',
        quote: 'USD',
        contractSize: '100',
        contractCurrency: 'USD',
      }),
      contract({ symbol: 'BTC-USDT-261225', name: 'BTC-USDT-261225', marketType: 'future' }),
      contract({
        symbol: 'BTC-USD_UM_XPERP-310404',
        name: 'BTC-USD_UM_XPERP-310404',
        marketType: 'future',
        quote: 'USD',
        state: 'halted',
      }),
      contract({
        symbol: 'BTC-USD-261225-100000-C',
        name: 'BTC-USD-261225-100000-C',
        marketType: 'option',
        quote: 'USD',
        contractSize: '100',
        contractCurrency: 'USD',
      }),
    ],
  },
})

const books = (count: number): readonly Subscription[] =>
  Array.from({ length: count }, (_, index) => ({ channel: 'book', symbol: `COIN${index}-USDT` }))

test('okx: a socket carries at most 25 deep books, and the trades of an instrument ride with its book', () => {
  const subscriptions = books(60).flatMap(({ symbol }): Subscription[] => [
    { channel: 'book', symbol },
    { channel: 'trade', symbol },
  ])
  const plans = okxSpot.plan(subscriptions, CHOICE)
  assert.deepEqual(
    plans.map(({ path, subscriptions: carried }) => [path, carried.length]),
    [
      ['/ws/v5/public', 50],
      ['/ws/v5/public', 50],
      ['/ws/v5/public', 20],
    ],
  )
  for (const { subscriptions: carried } of plans) {
    const symbolsOf = (channel: string): string[] =>
      carried.filter((each) => each.channel === channel).map(({ symbol }) => symbol)
    assert.deepEqual(symbolsOf('book'), symbolsOf('trade'))
  }
})

test('okx: single matches come from the business endpoint, books from the public one', () => {
  const subscriptions: readonly Subscription[] = [...books(1), { channel: 'trade', symbol: 'COIN0-USDT' }]
  assert.deepEqual(okxSpot.plan(subscriptions, { book: 'books', trade: 'trades-all' }), [
    {
      path: '/ws/v5/public',
      subscriptions: [{ channel: 'book', symbol: 'COIN0-USDT', key: 'books:COIN0-USDT' }],
    },
    {
      path: '/ws/v5/business',
      subscriptions: [{ channel: 'trade', symbol: 'COIN0-USDT', key: 'trades-all:COIN0-USDT' }],
    },
  ])
})

test('okx: a request is written as the sheet shows it', () => {
  assert.deepEqual(
    okxSpot.subscribe(['books:BTC-USDT', 'trades:BTC-USDT'], () => 1_512),
    [
      {
        id: '1512',
        text: '{"id":"1512","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},{"channel":"trades","instId":"BTC-USDT"}]}',
        keys: ['books:BTC-USDT', 'trades:BTC-USDT'],
      },
    ],
  )
})

interface BookText {
  readonly action: 'snapshot' | 'update'
  readonly bids?: readonly (readonly [string, string])[]
  readonly asks?: readonly (readonly [string, string])[]
  readonly chain?: readonly [previous: number, last: number]
  readonly checksum?: number
}

function frameOf({ action, bids = [], asks = [], chain, checksum }: BookText): Uint8Array {
  const numbers = chain === undefined ? {} : { prevSeqId: chain[0], seqId: chain[1] }
  const data = [{ asks, bids, ts: '1597026383085', checksum, ...numbers }]
  return bytesOf(JSON.stringify({ arg: { channel: 'books', instId: 'BTC-USDT' }, action, data }))
}

/** Plays frames into a book as a session does; answers what became of each. */
function play(sync: BookSync, ...frames: readonly BookText[]): readonly string[] {
  const symbols = new Symbols(['BTC-USDT'])
  const out = new Columns()
  const hear = { joined: (): void => {}, applied: (): void => {} }
  return frames.map((frame) => {
    okxSpot.decode(frameOf(frame), symbols, out)
    return frame.action === 'snapshot'
      ? sync.snapshot(out, 0, okxSpot.window, hear)
      : sync.delta(out, 0, epochMicros(0))
  })
}

/** The examples of sheet 6. */
const EVEN = {
  bids: [
    ['3366.1', '7'],
    ['3366', '6'],
  ],
  asks: [
    ['3366.8', '9'],
    ['3368', '8'],
  ],
} as const
const SHORT_BIDS = {
  bids: [['3366.1', '7']],
  asks: [
    ['3366.8', '9'],
    ['3368', '8'],
    ['3372', '8'],
  ],
} as const

test('okx: the checksum is that of the sheet, also where one side is shorter', () => {
  for (const [levels, checksum] of [
    [EVEN, -1_881_014_294],
    [SHORT_BIDS, 831_078_360],
  ] as const) {
    const sync = new BookSync(okxSpot.link, new Book())
    assert.deepEqual(play(sync, { action: 'snapshot', ...levels, checksum }), ['joined'])
    assert.equal(bookChecksum(sync.book), checksum)
  }
})

test('okx: a checksum that differs loses the book, one of 0 says nothing', () => {
  const sync = new BookSync(okxSpot.link, new Book())
  assert.deepEqual(
    play(
      sync,
      { action: 'snapshot', ...EVEN, chain: [-1, 1], checksum: 0 },
      { action: 'update', bids: [['3366', '5']], chain: [1, 2], checksum: 0 },
      { action: 'update', bids: [['3366', '6']], chain: [2, 3], checksum: -1_881_014_294 },
      { action: 'update', bids: [['3366', '5']], chain: [3, 4], checksum: -1_881_014_294 },
    ),
    ['joined', 'applied', 'applied', 'checksum'],
  )
  assert.equal(sync.isLive, false)
})

test('okx: the example of the sheet links through heartbeat and reset, and a second snapshot replaces the book', () => {
  const sync = new BookSync(okxSpot.link, new Book())
  assert.deepEqual(
    play(
      sync,
      { action: 'update', bids: [['1', '1']], chain: [7, 10] },
      { action: 'snapshot', ...EVEN, chain: [-1, 10] },
      { action: 'update', bids: [['3366', '5']], chain: [10, 15] },
      { action: 'update', chain: [15, 15] },
      { action: 'update', bids: [['3366', '4']], chain: [15, 3] },
      { action: 'update', bids: [['3366', '3']], chain: [3, 5] },
      { action: 'update', bids: [['3366', '3']], chain: [3, 5] },
      { action: 'snapshot', ...SHORT_BIDS, chain: [-1, 9] },
      { action: 'update', chain: [10, 11] },
    ),
    ['held', 'joined', 'applied', 'applied', 'applied', 'applied', 'old', 'joined', 'gap'],
  )
})
