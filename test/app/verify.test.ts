import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { verifyCaptures } from '../../src/app/verify.ts'
import type { CaptureReport } from '../../src/app/verify-capture.ts'
import { capturesFolder } from '../captures.ts'

const captures = capturesFolder()
const folder = mkdtempSync(join(tmpdir(), 'marketprism-verify-'))
after(() => rmSync(folder, { recursive: true }))

interface Run {
  readonly code: number
  readonly reports: readonly CaptureReport[]
  readonly told: readonly string[]
}

async function verify(files: readonly string[], expect?: string): Promise<Run> {
  const reports: CaptureReport[] = []
  const told: string[] = []
  const code = await verifyCaptures(
    { files, expect, venue: undefined },
    { out: (line) => reports.push(JSON.parse(line)), err: (line) => told.push(line) },
  )
  return { code, reports, told }
}

test(
  'every capture agrees with what is expected of it',
  { skip: captures === undefined && 'no captures here' },
  async () => {
    assert.ok(captures !== undefined)
    const expect = join(captures, 'expected')
    const wanted = readdirSync(expect)
      .filter((name) => name.endsWith('.json'))
      .map((name): { venue: string; capture: string } => JSON.parse(readFileSync(join(expect, name), 'utf8')))
    const files = wanted.map(({ venue, capture }) => join(captures, venue, capture))
    const { code, reports, told } = await verify(files, expect)
    assert.deepEqual(told, [])
    assert.equal(code, 0)
    assert.equal(reports.length, wanted.length)
    assert.ok(reports.every(({ refused }) => Object.keys(refused).length === 0))
  },
)

/** Writes a capture of ours; frames are JSON values on one connection unless a line says otherwise. */
function write(venue: string, name: string, frames: readonly unknown[], conn = 'ws1'): string {
  mkdirSync(join(folder, venue), { recursive: true })
  const path = join(folder, venue, `${name}.ndjson`)
  const lines = frames.map((frame, index) => {
    const isLine = typeof frame === 'object' && frame !== null && 'raw' in frame
    return JSON.stringify({
      t: index,
      src: 'ws',
      conn,
      dir: 'in',
      ...(isLine ? frame : { raw: JSON.stringify(frame) }),
    })
  })
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const spot = (first: number, last: number, bids: readonly (readonly [string, string])[]) => ({
  stream: 'btcusdt@depth@100ms',
  data: { e: 'depthUpdate', E: 1, s: 'BTCUSDT', U: first, u: last, b: bids, a: [] },
})
const rest = (lastUpdateId: number, bids: readonly (readonly [string, string])[] = []) => ({
  src: 'rest',
  conn: 'https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000',
  raw: JSON.stringify({ lastUpdateId, bids, asks: [] }),
})

test('a gap is counted, loses the book, and the next snapshot makes it valid again', async () => {
  const path = write('binance-spot', 'gap', [
    spot(9, 10, [['1', '1']]),
    rest(10),
    spot(11, 12, [['1.50', '2']]),
    spot(14, 15, [['1.5', '9']]),
    spot(16, 17, [['2', '1e1']]),
    rest(15, [['1.5', '9']]),
    spot(18, 18, [['1.5', '0.000']]),
  ])
  const { reports } = await verify([path])
  const [book] = reports[0]?.symbols ?? []
  assert.deepEqual(
    [book?.snapshots, book?.gaps, book?.updates_applied, book?.updates_dropped_older_than_snapshot],
    [2, 1, 3, 2],
  )
  assert.equal(book?.full_depth_sha256, digestOf('b 2 10\n'))
  assert.deepEqual(
    book?.checkpoints?.map(({ applied, line }) => [applied, line]),
    [[1, 3]],
  )
})

test('updates without a snapshot make no book, and an invalid one has no digest', async () => {
  const path = write('binance-spot', 'no-snapshot', [spot(1, 1, []), spot(2, 2, [])])
  const [book] = (await verify([path])).reports[0]?.symbols ?? []
  assert.deepEqual([book?.book_valid_at_end, book?.updates_without_book, book?.snapshots], [false, 2, 0])
  assert.equal(book?.full_depth_sha256, undefined)
})

const okx = (action: string, numbers: { prevSeqId: number; seqId: number }, bids: readonly string[][]) => ({
  arg: { channel: 'books', instId: 'BTC-USDT' },
  action,
  data: [{ asks: [], bids, ts: '1', checksum: 0, ...numbers }],
})
const on = (conn: string, frame: unknown) => ({ conn, raw: JSON.stringify(frame) })

test('the same book on two connections is two books, each with its own chain', async () => {
  const path = write('okx-spot', 'two', [
    on('a', okx('snapshot', { prevSeqId: -1, seqId: 5 }, [['1', '1', '0', '1']])),
    on('b', okx('snapshot', { prevSeqId: -1, seqId: 5 }, [['1', '1', '0', '1']])),
    on('a', okx('update', { prevSeqId: 5, seqId: 9 }, [['2', '10000000000000001', '0', '1']])),
    on('b', okx('update', { prevSeqId: 6, seqId: 9 }, [['2', '3', '0', '1']])),
    on('b', okx('update', { prevSeqId: 9, seqId: 11 }, [])),
    on('a', okx('update', { prevSeqId: 9, seqId: 9 }, [])),
  ])
  const { symbols } = (await verify([path])).reports[0] ?? { symbols: [] }
  assert.deepEqual(
    symbols.map((book) => [
      book.conn,
      book.channel,
      book.gaps,
      book.updates_applied,
      book.updates_without_book,
    ]),
    [
      ['a', 'books', 0, 2, 0],
      ['b', 'books', 1, 0, 1],
    ],
  )
  assert.equal(symbols[0]?.full_depth_sha256, digestOf('b 2 10000000000000001\nb 1 1\n'))
})

test('Deribit numbers with exponents, an empty side and an empty book are exact', async () => {
  const book = (data: unknown) => ({
    jsonrpc: '2.0',
    method: 'subscription',
    params: { channel: 'book.X-PERPETUAL.raw', data },
  })
  const common = { timestamp: 1, instrument_name: 'X-PERPETUAL', asks: [] }
  const path = write('deribit', 'exponents', [
    book({ ...common, type: 'snapshot', change_id: 1, bids: [] }),
    {
      raw: JSON.stringify(
        book({ ...common, type: 'change', prev_change_id: 1, change_id: 2, bids: 0 }),
      ).replace('"bids":0', '"bids":[["new",1.5e-7,1.0e4],["new",2,5E1]]'),
    },
  ])
  const [report] = (await verify([path])).reports[0]?.symbols ?? []
  assert.equal(report?.channel, 'book.X-PERPETUAL.raw')
  assert.equal(report?.full_depth_sha256, digestOf('b 2 50\nb 0.00000015 10000\n'))
})

test('with an expectation, each difference is named and the exit code is 1', async () => {
  const path = write('binance-spot', 'compared', [rest(10, [['1', '1']]), spot(11, 11, [['2', '2']])])
  const [report] = (await verify([path])).reports
  assert.ok(report)
  const expect = join(folder, 'expected')
  mkdirSync(expect, { recursive: true })
  const tell = async (change: (copy: Record<string, unknown>) => void): Promise<Run> => {
    const copy = structuredClone(report) as unknown as Record<string, unknown>
    change(copy)
    writeFileSync(join(expect, 'binance-spot__compared.json'), JSON.stringify(copy))
    return verify([path], expect)
  }
  assert.equal((await tell(() => undefined)).code, 0)
  const first = (copy: Record<string, unknown>, list: string): Record<string, unknown> =>
    (copy[list] as Record<string, unknown>[])[0] ?? {}
  const cases: readonly (readonly [RegExp, (copy: Record<string, unknown>) => void])[] = [
    [/frames: is 2, expected 3/, (copy) => (copy['frames'] = 3)],
    [/BTCUSDT full_depth_sha256/, (copy) => (first(copy, 'symbols')['full_depth_sha256'] = 'x')],
    [/BTCUSDT gaps/, (copy) => (first(copy, 'symbols')['gaps'] = 1)],
    [
      /checkpoints 1 full_depth_sha256/,
      (copy) => (first(first(copy, 'symbols'), 'checkpoints')['full_depth_sha256'] = 'x'),
    ],
    [
      /checkpoints 10: expected, and missing/,
      (copy) => (first(copy, 'symbols')['checkpoints'] as unknown[]).push({ applied: 10 }),
    ],
    [/ETHUSDT: expected, and missing/, (copy) => (copy['symbols'] as unknown[]).push({ symbol: 'ETHUSDT' })],
    [/"BTCUSDT": not expected/, (copy) => (copy['symbols'] = [])],
    [
      /trades BTCUSDT trade: expected, and missing/,
      (copy) => (copy['trades'] as unknown[]).push({ stream: 'trade', symbol: 'BTCUSDT' }),
    ],
  ]
  for (const [difference, change] of cases) {
    const { code, told } = await tell(change)
    assert.equal(code, 1, String(difference))
    assert.match(told.join('\n'), difference)
  }
})

test('what cannot be read, or told the venue of, ends with its own code', async () => {
  assert.equal((await verify([join(folder, 'binance-spot', 'none.ndjson')])).code, 66)
  writeFileSync(join(folder, 'anywhere.ndjson'), '')
  assert.equal((await verify([join(folder, 'anywhere.ndjson')])).code, 64)
  assert.equal((await verify([], join(folder, 'nowhere'))).code, 66)
})
