import type { Json } from './rig.ts'

export type Levels = readonly (readonly [string, string])[]

/** A `depthUpdate` of Binance spot that covers the numbers `first` to `last`; one bid changes unless told otherwise. */
export const delta = (
  symbol: string,
  first: number,
  last: number,
  levels: { b?: Levels; a?: Levels } = {},
): Json => ({
  e: 'depthUpdate',
  E: 1_700_000_000_000,
  s: symbol,
  U: first,
  u: last,
  b: levels.b ?? [['100.00', '1.000']],
  a: levels.a ?? [],
})

/** The answer to a snapshot request of Binance spot. */
export const snapshot = (lastUpdateId: number): Json => ({
  lastUpdateId,
  bids: [
    ['100.00', '1.0'],
    ['99.00', '2.0'],
  ],
  asks: [['101.00', '3.0']],
})

/** Trade number `t` of Binance spot. */
export const trade = (symbol: string, t: number): Json => ({
  e: 'trade',
  E: 1_700_000_000_100,
  s: symbol,
  t,
  p: '100.10',
  q: '0.0250',
  T: 1_700_000_000_099,
  m: true,
  M: true,
})

/** A snapshot of 8 levels a side around `mid`, at `lastUpdateId`. */
export const around = (lastUpdateId: number, mid: number): Json => ({
  lastUpdateId,
  bids: Array.from({ length: 8 }, (_, depth) => [String(mid - 1 - depth), '1']),
  asks: Array.from({ length: 8 }, (_, depth) => [String(mid + 1 + depth), '1']),
})

/** The market falls: the best `count` bids of BTCUSDT go, which were those below `mid`. */
export const fall = (last: number, mid: number, count: number): Json =>
  delta('BTCUSDT', last, last, {
    b: Array.from({ length: count }, (_, depth) => [String(mid - 1 - depth), '0'] as const),
  })
