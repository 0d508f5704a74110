import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspectJournal, type JournalAction } from '../../src/app/journal.ts'
import { EXIT } from '../../src/app/exit.ts'
import { epochMicros } from '../../src/core/units.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { Journal } from '../../src/journal/journal.ts'
import { KEEP_ALL } from '../../src/journal/retention.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { memoryIo } from '../cli/memory-io.ts'

const runtime = systemRuntime()

/** A record as the commands read it: what names its stream, and its number. */
const recordLine = (seq: number, text = ''): string =>
  JSON.stringify({ type: 'trade', exchange: 'okx', symbol: 'BTC-USDT', session: 'one', seq, text })

/** A journal of three sealed segments with these records each. */
async function journalOf(context: TestContext, segments: readonly (readonly string[])[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-journal-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const options = {
    folder,
    segmentBytes: 1e9,
    segmentMs: 1e9,
    flushMs: 1,
    fsyncMs: 100,
    limits: KEEP_ALL,
    places: () => [],
  }
  for (const lines of segments) {
    const journal = new Journal(options, runtime, { emit: () => undefined })
    for (const line of lines)
      journal.append(new TextEncoder().encode(`${line}\n`), epochMicros(1_767_225_600_000_000))
    await journal.close()
  }
  return folder
}

async function inspect(
  folder: string,
  action: JournalAction,
  segments: readonly number[] = [],
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  const memory = memoryIo()
  const exit = await inspectJournal({ action, folder, segments }, memory.io)
  return { exit, out: memory.out(), err: memory.err() }
}

test('list tells what is in each segment, and how far behind each sink is', async (context) => {
  const folder = await journalOf(context, [[recordLine(1)], [recordLine(2)], [recordLine(3)]])
  const cursor = Cursor.open(folder, 'parquet', runtime.files)
  cursor.place = { segment: 2, offset: 0 }
  cursor.save()
  const { exit, out } = await inspect(folder, 'list')
  assert.equal(exit, EXIT.ok)
  assert.match(out, /00000003-.*1 trade, 2026-01-01T00:00:00.000Z/)
  assert.match(out, /sink parquet: .* 2 segments behind/)
})

test('print writes the records of the segments that are named, and nothing else', async (context) => {
  const folder = await journalOf(context, [[recordLine(1)], [recordLine(2), recordLine(3)], [recordLine(4)]])
  const { out } = await inspect(folder, 'print', [2])
  assert.equal(out, `${recordLine(2)}\n${recordLine(3)}\n`)
  const missing = await inspect(folder, 'print', [7])
  assert.equal(missing.exit, EXIT.input)
  assert.match(missing.err, /has no segment 7/)
})

test('verify finds a changed byte, a hole in seq, and a segment without manifest', async (context) => {
  const folder = await journalOf(context, [[recordLine(1), recordLine(2)], [recordLine(4)], [recordLine(5)]])
  const hole = await inspect(folder, 'verify')
  assert.equal(hole.exit, EXIT.difference)
  assert.match(hole.out, /seq 4 after 2/)
  const [first = '', , third = ''] = readdirSync(folder).filter((name) => name.endsWith('.ndjson'))
  const bytes = readFileSync(join(folder, first))
  bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1
  writeFileSync(join(folder, first), bytes)
  rmSync(join(folder, third.replace('.ndjson', '.manifest.json')))
  const { exit, out } = await inspect(folder, 'verify')
  assert.equal(exit, EXIT.difference)
  assert.match(out, /00000001.*SHA-256/)
  assert.match(out, /00000003.*no manifest/)
})

test('audit ends with 1 when what a sink has come through is not what the journal held', async (context) => {
  const folder = await journalOf(context, [[recordLine(1), recordLine(2)]])
  const cursor = Cursor.open(folder, 'nats', runtime.files)
  cursor.begin(cursor.base)
  cursor.place = { segment: 2, offset: 0 }
  cursor.read.count(0, 2)
  cursor.delivered.count(0, 2)
  cursor.save()
  const right = await inspect(folder, 'audit')
  assert.deepEqual([right.exit, right.out.includes('every record is accounted for')], [EXIT.ok, true])
  cursor.delivered.count(0, -1)
  cursor.save()
  const short = await inspect(folder, 'audit')
  assert.deepEqual([short.exit, short.out.includes('DOES NOT ADD UP')], [EXIT.difference, true])
  cursor.read.count(0, -1)
  cursor.save()
  assert.equal(
    (await inspect(folder, 'audit')).exit,
    EXIT.difference,
    'balanced, and still not what was journaled',
  )
})

test('a folder that is not there is told', async () => {
  const { exit, err } = await inspect('/nowhere/at/all', 'list')
  assert.deepEqual([exit, err], [EXIT.input, '/nowhere/at/all: there is no journal\n'])
})
