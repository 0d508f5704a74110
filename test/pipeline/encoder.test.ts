import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { Columns, KIND } from '../../src/core/columns.ts'
import { kernel } from '../../src/core/kernel.ts'
import { epochMicros } from '../../src/core/units.ts'
import { Encoder } from '../../src/pipeline/encoder.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { instrumentOf } from './rig.ts'

/** Numbers as venues write them, and as they do not: with zeros behind, with an exponent, of more than sixteen bytes. */
const NUMBERS = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: 0n, max: 999_999_999_999_999n }), fc.integer({ min: 0, max: 14 }))
    .map(([digits, decimals]) => plain(digits, decimals)),
  fc
    .tuple(fc.nat(9_999), fc.integer({ min: 0, max: 4 }))
    .map(([digits, zeros]) => `${digits}.${'0'.repeat(zeros + 1)}`),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(12)).map(([digit, power]) => `${digit}e-${power}`),
)

function plain(digits: bigint, decimals: number): string {
  const text = String(digits).padStart(decimals + 1, '0')
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
}

const LEVELS = fc.array(fc.tuple(NUMBERS, NUMBERS), { maxLength: 40, size: 'max' })
/** The last number of a change, and the epoch of its book. */
const NUMBERS_OF_IT = fc.tuple(
  fc.maxSafeNat().map((value) => value % 1e15),
  fc.nat(1e9),
)

/** A trade of nothing is for the strict reader. */
const AMOUNTS = NUMBERS.filter((text) => Number(text) > 0)
const NUMBER = fc.nat(1e9)

const pairs = (levels: readonly (readonly [string, string])[]): string =>
  `[${levels.map(([price, size]) => `["${price}","${size}"]`).join(',')}]`

const SYMBOLS = ['BTCUSDT', 'ETHUSDT']
const SLOT = fc.nat(SYMBOLS.length - 1)

/** Three that number their records alike. */
function encoders(venue: Venue): readonly [Encoder, Encoder, Encoder] {
  const instruments = SYMBOLS.map((symbol) => instrumentOf(venue, symbol))
  const make = (): Encoder => new Encoder('session', venue.tradeStreams, instruments)
  return [make(), make(), make()]
}

test('a change is the same record from the columns of the kernel and from any others, also once its frame is gone', () => {
  const venue = venueOf('binance-derivatives')
  const symbols = new Symbols(SYMBOLS)
  const [fromAny, fromKernel, withoutFrame] = encoders(venue)
  const lineOf = (encoder: Encoder, columns: Columns, book: Book, epoch: number): string => {
    encoder.delta(columns.slot[0] ?? -1, columns, 0, {
      book,
      stamp: { epoch, receiveTimeUs: epochMicros(1_700_000_000_000_000 + epoch) },
    })
    return Buffer.from(encoder.line).toString()
  }
  fc.assert(
    fc.property(LEVELS, LEVELS, NUMBERS_OF_IT, fc.boolean(), SLOT, (...drawn) => {
      const [bids, asks, [last, epoch], isBounded, slot] = drawn
      const symbol = SYMBOLS[slot] ?? ''
      const frame = Buffer.from(
        `{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":${epoch},"T":${epoch},"s":"${symbol}","U":${last},"u":${last},"pu":0,` +
          `"b":${pairs(bids)},"a":${pairs(asks)}}}`,
      )
      const book = new Book()
      if (isBounded) {
        book.bids.set(1, 1)
        book.bids.set(2, 1)
        book.trim(1)
      }
      const strict = new Columns()
      venue.decode(frame, symbols, strict)
      const expected = lineOf(fromAny, strict, book, epoch)
      assert.match(
        expected,
        new RegExp(`"instrument":"${symbol}","session":"session","seq":[0-9]+,.*:${symbol}:${last}","`),
      )
      const scanned = venue.scan?.(frame, symbols)
      assert.ok(scanned !== undefined)
      assert.equal(lineOf(fromKernel, scanned, book, epoch), expected)
      kernel().frame.fill(0, 0, 256)
      kernel().crcOfFrame(256, 0)
      assert.equal(lineOf(withoutFrame, scanned, book, epoch), expected)
    }),
    { numRuns: 500 },
  )
})

test('a trade is the same record from the columns of the kernel and from any others, also once its frame is gone', () => {
  const venue = venueOf('binance-derivatives')
  const symbols = new Symbols(SYMBOLS)
  const [fromAny, fromKernel, withoutFrame] = encoders(venue)
  const receiveTimeUs = epochMicros(1_700_000_000_000_000)
  const trades = SYMBOLS.map(() => 0)
  const lineOf = (encoder: Encoder, columns: Columns, frame: Uint8Array): string => {
    encoder.trade(columns.slot[0] ?? -1, columns, 0, { frame, receiveTimeUs })
    return Buffer.from(encoder.line).toString()
  }
  fc.assert(
    fc.property(
      AMOUNTS,
      AMOUNTS,
      fc.tuple(NUMBER, NUMBER, fc.boolean(), fc.boolean()),
      SLOT,
      (price, size, facts, slot) => {
        const [id, time, isMaker, isAggregate] = facts
        const symbol = SYMBOLS[slot] ?? ''
        const frame = Buffer.from(
          isAggregate
            ? `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":${time},"s":"${symbol}","a":${id},"p":"${price}","q":"${size}",` +
                `"f":${id},"l":${id + 5},"T":${time},"m":${isMaker}}}`
            : `{"stream":"btcusdt@trade","data":{"e":"trade","E":${time},"T":${time},"s":"${symbol}","t":${id},"p":"${price}","q":"${size}",` +
                `"X":"MARKET","m":${isMaker}}}`,
        )
        const strict = new Columns()
        venue.decode(frame, symbols, strict)
        const expected = lineOf(fromAny, strict, frame)
        trades[slot] = (trades[slot] ?? 0) + 1
        const stream = isAggregate ? 'aggTrade' : 'trade'
        const named = `"instrument":"${symbol}","session":"session","seq":${trades[slot]},.*"stream":"${stream}"`
        assert.match(expected, new RegExp(named))
        const scanned = venue.scan?.(frame, symbols)
        assert.ok(scanned !== undefined)
        assert.equal(lineOf(fromKernel, scanned, frame), expected)
        kernel().frame.fill(0, 0, 512)
        kernel().crcOfFrame(512, 0)
        assert.equal(lineOf(withoutFrame, scanned, frame), expected)
      },
    ),
    { numRuns: 500 },
  )
})

test('a trade of a stream that the venue has not is recorded as nobody else’s', () => {
  const venue = venueOf('binance-derivatives')
  const [encoder] = encoders(venue)
  const columns = new Columns()
  columns.begin(KIND.trade)
  columns.slot[0] = 0
  columns.stream[0] = venue.tradeStreams.length
  columns.count = 1
  const from = { frame: new Uint8Array(), receiveTimeUs: epochMicros(1_700_000_000_000_000) }
  assert.throws(() => encoder.trade(0, columns, 0, from), /a trade of no stream/)
})
