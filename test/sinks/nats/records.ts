import { RECORD_TYPES, type RecordType, recordTypeAt } from '../../../src/core/record.ts'
import type { RecordBatch } from '../../../src/sinks/sink.ts'

/** A record as the journal has it, padded to about `sizeBytes`. */
export function lineOf(
  type: RecordType,
  number: number,
  options: { symbol?: string; sizeBytes?: number } = {},
): string {
  const { symbol = 'BTC-USDT', sizeBytes = 300 } = options
  const instrument = JSON.stringify(symbol.replaceAll('-', ''))
  const id = JSON.stringify(`binance:spot:${type}:${symbol.replaceAll('-', '')}:${number}`)
  const begin = `{"type":"${type}","exchange":"binance","market_type":"spot","symbol":${JSON.stringify(symbol)},"instrument":${instrument},"session":"mi1x2k3w","seq":${number},"venue_time_us":1672515782136000,"recv_time_us":1672515782190123,"id":${id},"price":"16500.1","padding":"`
  return `${begin}${'x'.repeat(Math.max(0, sizeBytes - begin.length - 3))}"}\n`
}

let batches = 0

/** A batch of lines, with a token of its own unless one is given. */
export function batchOf(lines: readonly string[], token = `test-${batches++}`): RecordBatch {
  const encoded = lines.map((line) => new TextEncoder().encode(line))
  const starts = new Uint32Array(lines.length + 1)
  const types = new Uint8Array(lines.length)
  for (const [index, line] of encoded.entries()) {
    starts[index + 1] = (starts[index] ?? 0) + line.length
    types[index] = recordTypeAt(line, 0)
  }
  const bytes = new Uint8Array(starts[lines.length] ?? 0)
  for (const [index, line] of encoded.entries()) bytes.set(line, starts[index])
  return { bytes, starts, types, count: lines.length, token }
}

const SYMBOLS = ['BTC-USDT', 'ETH-USDT', 'SOL-USDT', 'BTC-USD-261225-100000-C']

/** A batch of `count` records of all types but gaps, numbered from `first`. */
export function mixedBatch(first: number, count: number, sizeBytes = 300): RecordBatch {
  return batchOf(
    Array.from({ length: count }, (_, index) => {
      const number = first + index
      const type = RECORD_TYPES[number % 3] ?? 'trade'
      return lineOf(type, number, { symbol: SYMBOLS[number % SYMBOLS.length] ?? '', sizeBytes })
    }),
  )
}
