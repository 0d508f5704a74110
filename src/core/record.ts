import { GAP_CAUSES } from './gap.ts'
import { CHANNELS, MARKET_TYPES } from './ids.ts'
import { TRADE_FLAG_NAMES } from './columns.ts'

/**
 * The one definition of every record: docs/RECORDS.md and schema/*.json are made from it, and tests hold what the pipeline writes
 * against it. Keys are in the order in which they are written.
 */

/** `decimal`: exact number as text, plain notation. `micros`: µs since 1970. `levels`: `[price, size]` pairs, best first. */
export type FieldKind = 'text' | 'integer' | 'decimal' | 'micros' | 'boolean' | 'levels' | 'texts'

export interface Field {
  readonly key: string
  readonly kind: FieldKind
  /** May be `null`: the venue did not say. */
  readonly nullable?: true
  /** May be absent: does not apply. */
  readonly optional?: true
  /** Closed list of values. */
  readonly values?: readonly string[]
  readonly doc: string
}

export interface RecordDefinition {
  readonly type: RecordType
  readonly doc: string
  readonly fields: readonly Field[]
  /** One record as it is written. */
  readonly sample: string
}

export const RECORD_TYPES = ['trade', 'orderbook_delta', 'orderbook', 'gap'] as const
export type RecordType = (typeof RECORD_TYPES)[number]

/** Where the type stands in a record: every line begins with `{"type":"`. */
const TYPE_AT = '{"type":"'.length
const QUOTE = 34
const TYPE_BYTES = RECORD_TYPES.map((type) => new TextEncoder().encode(type))

/** The type of the record that begins at `start`: an index into `RECORD_TYPES`; -1 where the bytes are no record. */
export function recordTypeAt(bytes: Uint8Array, start: number): number {
  const from = start + TYPE_AT
  // Indices, no slices: the journal asks this of every record.
  for (let code = 0; code < TYPE_BYTES.length; code++) {
    const name = TYPE_BYTES[code]
    if (name === undefined || bytes[from + name.length] !== QUOTE) continue
    let at = 0
    while (at < name.length && bytes[from + at] === name[at]) at++
    if (at === name.length) return code
  }
  return -1
}

const COMMON: readonly Field[] = [
  { key: 'type', kind: 'text', values: RECORD_TYPES, doc: 'What the record is.' },
  { key: 'exchange', kind: 'text', values: ['binance', 'okx', 'deribit'], doc: 'The exchange.' },
  { key: 'market_type', kind: 'text', values: MARKET_TYPES, doc: 'What is traded.' },
  {
    key: 'symbol',
    kind: 'text',
    doc: 'Common name: `BTC-USDT`, with expiry and strike where there are any.',
  },
  { key: 'instrument', kind: 'text', doc: "The venue's own spelling." },
  {
    key: 'session',
    kind: 'text',
    doc: 'The run of the collector that wrote the record. With exchange, market_type, symbol and type it names a stream.',
  },
  {
    key: 'seq',
    kind: 'integer',
    doc: 'Number of the record in its stream, from 1, without a hole: a missing number is a loss downstream.',
  },
  {
    key: 'venue_time_us',
    kind: 'micros',
    nullable: true,
    doc: "The venue's time; `null` where it said none. Never our clock.",
  },
  { key: 'recv_time_us', kind: 'micros', doc: 'When the frame was read from the socket.' },
  {
    key: 'id',
    kind: 'text',
    doc: 'Made from what the venue said, the same in every process and on every host: the key to drop repeats by.',
  },
]

const SIZE_FIELDS: readonly Field[] = [
  {
    key: 'size_unit',
    kind: 'text',
    values: ['base', 'quote', 'contracts'],
    doc: 'What sizes count: base currency, quote currency, or contracts.',
  },
  {
    key: 'contract_size',
    kind: 'decimal',
    optional: true,
    doc: 'Worth of one contract, in `contract_currency`. Absent where sizes are base units.',
  },
  {
    key: 'contract_currency',
    kind: 'text',
    optional: true,
    doc: 'The currency in which `contract_size` counts.',
  },
]

const BOOK_FIELDS: readonly Field[] = [
  {
    key: 'epoch',
    kind: 'integer',
    doc: 'Life of the book: grows at each resync. Deltas of an epoch follow its full `orderbook` without a hole.',
  },
  {
    key: 'known_depth_bids',
    kind: 'integer',
    nullable: true,
    doc: "Levels from the best that are complete; `null`: all. Beyond, the venue's snapshot did not reach.",
  },
  { key: 'known_depth_asks', kind: 'integer', nullable: true, doc: 'The same of the asks.' },
]

const TRADE: RecordDefinition = {
  type: 'trade',
  doc: 'One trade, or one aggregate of the fills of a taker order at one price, as the venue tells it.',
  fields: [
    ...COMMON,
    ...SIZE_FIELDS,
    {
      key: 'stream',
      kind: 'text',
      doc: "The venue's trade stream: `trade`, `aggTrade`, `trades`, `trades-all`.",
    },
    { key: 'trade_id', kind: 'text', doc: "The venue's id of the trade." },
    {
      key: 'trade_seq',
      kind: 'integer',
      doc: 'The number that grows by one per trade of this stream; missing ones are in gap records.',
    },
    { key: 'first_fill_id', kind: 'integer', optional: true, doc: 'Aggregates: first fill covered.' },
    { key: 'last_fill_id', kind: 'integer', optional: true, doc: 'Aggregates: last fill covered.' },
    { key: 'price', kind: 'decimal', doc: 'Price.' },
    { key: 'size', kind: 'decimal', doc: 'Size in `size_unit`.' },
    { key: 'aggressor', kind: 'text', values: ['buy', 'sell'], doc: 'The side that took liquidity.' },
    {
      key: 'flags',
      kind: 'texts',
      optional: true,
      values: TRADE_FLAG_NAMES,
      doc: 'What else the venue says of it.',
    },
  ],
  sample:
    '{"type":"trade","exchange":"binance","market_type":"spot","symbol":"BTC-USDT","instrument":"BTCUSDT","session":"mi1x2k3w","seq":1,"venue_time_us":1672515782136000,"recv_time_us":1672515782190123,"id":"binance:spot:trade:BTCUSDT:12345","size_unit":"base","stream":"trade","trade_id":"12345","trade_seq":12345,"price":"16500.1","size":"0.002","aggressor":"sell"}',
}

const DELTA: RecordDefinition = {
  type: 'orderbook_delta',
  doc: 'One verified change of a book: absolute sizes per level, size "0" removes the level.',
  fields: [
    ...COMMON,
    ...SIZE_FIELDS,
    ...BOOK_FIELDS,
    {
      key: 'first_sequence',
      kind: 'integer',
      nullable: true,
      doc: 'First number of the venue that the change covers; `null` where the venue names one only.',
    },
    {
      key: 'last_sequence',
      kind: 'integer',
      nullable: true,
      doc: 'Last number covered: where the book stands after it.',
    },
    { key: 'bids', kind: 'levels', doc: 'Changed bids, in the order of the venue.' },
    { key: 'asks', kind: 'levels', doc: 'Changed asks.' },
  ],
  sample:
    '{"type":"orderbook_delta","exchange":"okx","market_type":"perpetual","symbol":"BTC-USDT","instrument":"BTC-USDT-SWAP","session":"mi1x2k3w","seq":7,"venue_time_us":1597026383185000,"recv_time_us":1597026383190000,"id":"okx:perpetual:orderbook_delta:BTC-USDT-SWAP:123463","size_unit":"contracts","contract_size":"0.01","contract_currency":"BTC","epoch":1597026383085,"known_depth_bids":400,"known_depth_asks":400,"first_sequence":null,"last_sequence":123463,"bids":[],"asks":[["8477","0"]]}',
}

const BOOK: RecordDefinition = {
  type: 'orderbook',
  doc: 'A verified book: in full at the begin of each epoch and when it comes to reach further down, else its top levels, conflated to at most one per interval.',
  fields: [
    ...COMMON,
    ...SIZE_FIELDS,
    ...BOOK_FIELDS,
    { key: 'sequence', kind: 'integer', nullable: true, doc: "The venue's number at which the book stands." },
    {
      key: 'full',
      kind: 'boolean',
      doc: 'True: every level held; it takes the place of what a reader has. False: the top of the book.',
    },
    { key: 'bids', kind: 'levels', doc: 'Bids, best first.' },
    { key: 'asks', kind: 'levels', doc: 'Asks, best first.' },
  ],
  sample:
    '{"type":"orderbook","exchange":"deribit","market_type":"perpetual","symbol":"BTC-USD","instrument":"BTC-PERPETUAL","session":"mi1x2k3w","seq":3,"venue_time_us":1554373962454000,"recv_time_us":1554373962470000,"id":"deribit:perpetual:orderbook:BTC-PERPETUAL:1554373962470:297217","size_unit":"quote","contract_size":"10","contract_currency":"USD","epoch":1554373962470,"known_depth_bids":null,"known_depth_asks":null,"sequence":297217,"full":true,"bids":[["5042.34","30"]],"asks":[["5042.64","40"]]}',
}

const GAP: RecordDefinition = {
  type: 'gap',
  doc: 'A stretch of a stream of which nothing is known: everything strictly between `from` and `to`. Written once it is over.',
  fields: [
    ...COMMON,
    { key: 'channel', kind: 'text', values: CHANNELS, doc: 'The stream that has the hole.' },
    { key: 'cause', kind: 'text', values: GAP_CAUSES, doc: 'Why.' },
    { key: 'from_time_us', kind: 'micros', doc: 'Receive time of the last good record before it.' },
    {
      key: 'to_time_us',
      kind: 'micros',
      nullable: true,
      doc: 'Receive time of the first good one after it; `null`: it was open when the collector ended.',
    },
    { key: 'from_sequence', kind: 'integer', nullable: true, doc: "The venue's last good number before it." },
    { key: 'to_sequence', kind: 'integer', nullable: true, doc: 'The first good number after it.' },
    {
      key: 'missed',
      kind: 'integer',
      nullable: true,
      doc: 'How many were missed, where the numbers tell (trades).',
    },
    {
      key: 'repaired_by',
      kind: 'text',
      nullable: true,
      values: ['snapshot', 'resumed'],
      doc: 'What ended it; `null`: nothing yet.',
    },
  ],
  sample:
    '{"type":"gap","exchange":"binance","market_type":"spot","symbol":"BTC-USDT","instrument":"BTCUSDT","session":"mi1x2k3w","seq":1,"venue_time_us":null,"recv_time_us":1672515783190123,"id":"binance:spot:gap:BTCUSDT:book:160:1672515782190123","channel":"book","cause":"sequence","from_time_us":1672515782190123,"to_time_us":1672515783190123,"from_sequence":160,"to_sequence":198,"missed":null,"repaired_by":"snapshot"}',
}

export const RECORDS: readonly RecordDefinition[] = [TRADE, DELTA, BOOK, GAP]
