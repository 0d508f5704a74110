import { RECORDS, type RecordType } from '../../src/core/record.ts'

type Levels = readonly (readonly [price: string, size: string])[]

const seqs = new Map<string, number>()

/** A record of Binance spot; `skipped` records of its stream before it are missing. */
function line(type: RecordType, values: object, { symbol = 'BTC-USDT', skipped = 0 } = {}): string {
  const stream = `${type} ${symbol}`
  const seq = (seqs.get(stream) ?? 0) + 1 + skipped
  seqs.set(stream, seq)
  const instrument = symbol.replace('-', '')
  const sample = RECORDS.find((definition) => definition.type === type)?.sample ?? '{}'
  return JSON.stringify({
    ...JSON.parse(sample),
    exchange: 'binance',
    market_type: 'spot',
    symbol,
    instrument,
    seq,
    recv_time_us: 1_767_225_600_000_000 + seq,
    id: `binance:spot:${type}:${instrument}:${seq}`,
    ...values,
  })
}

const full = (epoch: number, bids: Levels, asks: Levels): string =>
  line('orderbook', { epoch, full: true, bids, asks })
const top = (epoch: number): string => line('orderbook', { epoch, full: false, bids: [['1', '1']], asks: [] })
const delta = (epoch: number, bids: Levels, asks: Levels): string =>
  line('orderbook_delta', { epoch, bids, asks })
const trade = (size: string, skipped = 0): string => line('trade', { price: '100.5', size }, { skipped })

/** Trades with a hole, a book that is resynchronized once, and one of which a change is missing. */
export const LINES: readonly string[] = [
  full(1, [['90', '9']], [['110', '9']]),
  trade('0.25'),
  delta(1, [['91', '1']], []),
  full(
    2,
    [
      ['99.5', '1'],
      ['99', '2'],
      ['98', '4'],
    ],
    [
      ['100.5', '3'],
      ['101', '1'],
    ],
  ),
  top(2),
  delta(1, [['105', '1']], []),
  delta(
    2,
    [
      ['99.5', '0'],
      ['99', '2.5'],
    ],
    [['100.25', '0.75']],
  ),
  trade('1.5', 2),
  delta(2, [['9.5', '7']], [['101', '0']]),
  line('gap', { channel: 'trade' }),
  line('orderbook', { epoch: 1, full: true, bids: [['5', '1']], asks: [] }, { symbol: 'ETH-USDT' }),
  line('orderbook_delta', { epoch: 1, bids: [['6', '1']], asks: [] }, { symbol: 'ETH-USDT' }),
  line('orderbook_delta', { epoch: 1, bids: [['7', '1']], asks: [] }, { symbol: 'ETH-USDT', skipped: 1 }),
]

/** A trade once more, the same trade as another session saw it, and what that saw next. */
export const LATER: readonly string[] = ((): readonly string[] => {
  const [, first = '{}'] = LINES
  const other = { ...JSON.parse(first), session: 'mi1x2k3x', seq: 1 }
  const id = 'binance:spot:trade:BTCUSDT:99'
  return [first, JSON.stringify(other), JSON.stringify({ ...other, seq: 2, id })]
})()

/** What the readers of the stream have to say of `LINES`. */
export const HEARD = [
  '2 missing in mi1x2k3w binance spot BTC-USDT trade',
  '1 missing in mi1x2k3w binance spot ETH-USDT orderbook_delta',
  '13 records, 0 repeats dropped, 2 holes',
  'binance spot BTC-USDT epoch 2: 99 x 2.5 / 100.25 x 0.75',
]

/** What the readers of the store have to say of `LINES`. */
export const READ = [
  'trades:',
  'binance spot BTC-USDT 2 1.75',
  'holes:',
  'mi1x2k3w binance spot BTC-USDT trade 2',
  'mi1x2k3w binance spot ETH-USDT orderbook_delta 1',
  'book:',
  'ask 100.5 3',
  'ask 100.25 0.75',
  'bid 99 2.5',
  'bid 98 4',
  'bid 9.5 7',
]
