import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FailureError } from '../../../src/core/errors.ts'
import { readManifests } from '../../../src/sinks/parquet/manifest.ts'
import { ask, childSink, files, lineOf, openSink, sealedSegment, temporaryFolder, tradeLines } from './rig.ts'

/** Kills in a row; a longer run: `MARKETPRISM_KILLS=200`. */
const KILLS = Number(process.env['MARKETPRISM_KILLS'] ?? 15)
const RECORDS = 3_000

test('a child that is killed at any moment leaves nothing half, and the segment is stored once in the end', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const lines = [
    ...tradeLines(1, RECORDS),
    ...Array.from({ length: 500 }, (_, seq) => lineOf('orderbook_delta', { seq })),
  ]
  const segment = sealedSegment(join(folder, 'journal'), 1, lines)
  const started = performance.now()
  const whole = childSink(join(folder, 'whole'))
  await whole.open()
  await whole.store(segment)
  const wholeMs = performance.now() - started
  let killed = 0
  for (let attempt = 0; attempt < KILLS; attempt++) {
    rmSync(store, { recursive: true, force: true })
    const sink = childSink(store)
    await sink.open()
    const stored = sink.store(segment).then(
      () => 'stored',
      (failure: unknown) => failure,
    )
    // The moment of a kill is what is tried out: spread over the whole of a conversion, and a little beyond.
    await new Promise((resolve) => setTimeout(resolve, (attempt / KILLS) * wholeMs * 1.1))
    for (const pid of childrenOf(process.pid)) if (isWorker(pid)) process.kill(pid, 'SIGKILL')
    const outcome = await stored
    if (outcome !== 'stored') {
      killed++
      assert.ok(outcome instanceof FailureError, String(outcome))
      assert.equal(outcome.retryable, true)
    }
    await expectWholeFiles(store)
    const next = childSink(store)
    await next.open()
    assert.deepEqual((await next.store(segment)).rejected, [])
    const counts =
      'SELECT (SELECT count(*) FROM trades), (SELECT count(DISTINCT seq) FROM trades), (SELECT count(*) FROM deltas)'
    assert.deepEqual(await ask(store, counts), [[BigInt(RECORDS), BigInt(RECORDS), 500n]])
    assert.deepEqual(readdirSync(join(store, 'tmp')), [])
    assert.deepEqual(readManifests(files, store), readManifests(files, join(folder, 'whole')))
  }
  assert.ok(killed > 0, 'no kill came in time')
})

test('a child that is not done at its deadline is ended, and the segment may be tried again', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const segment = sealedSegment(join(folder, 'journal'), 1, tradeLines(1, RECORDS))
  const sink = childSink(store, 1)
  await sink.open()
  await assert.rejects(sink.store(segment), isFailure('timeout'))
  assert.deepEqual(childrenOf(process.pid).filter(isWorker), [])
})

test('a store that is closed gives up the conversion that is under way', async (context) => {
  const folder = temporaryFolder(context)
  const sink = childSink(join(folder, 'store'))
  await sink.open()
  const stored = sink.store(sealedSegment(join(folder, 'journal'), 1, tradeLines(1, RECORDS)))
  const rejection = assert.rejects(stored, FailureError)
  await sink.close()
  await rejection
  assert.deepEqual(childrenOf(process.pid).filter(isWorker), [])
})

test('two processes do not convert into one store at a time', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const sink = await openSink(store)
  const unlock = files.lock(join(store, 'lock'))
  try {
    await assert.rejects(
      sink.store(sealedSegment(join(folder, 'journal'), 1, tradeLines(1, 3))),
      isFailure('locked'),
    )
  } finally {
    unlock()
  }
})

const isRoot = process.getuid?.() === 0
const skip = isRoot ? false : 'a full disk is a small tmpfs, which only root can make'
/** Lines that do not compress: each has 2,000 hexadecimal digits, of which a file needs half as many bytes. */
const randomLines = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) =>
    lineOf('trade', { seq: 101 + at, id: randomBytes(1_000).toString('hex') }),
  )

for (const [what, lines] of [
  // 4 MB of lines, 1.6 MB of lines and 0.7 MB of Parquet, on a disk of 2 MB with a segment on it.
  ['its lines', tradeLines(101, 8_000)],
  ['its Parquet', randomLines(700)],
] as const) {
  test(
    `on a disk that is full with ${what} a segment harms nothing, and is stored once there is room`,
    { skip },
    async (context) => {
      const folder = temporaryFolder(context)
      const disk = join(folder, 'disk')
      const store = join(disk, 'store')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
      try {
        const journal = join(folder, 'journal')
        const sink = childSink(store)
        await sink.open()
        await sink.store(sealedSegment(journal, 1, tradeLines(1, 100)))
        const large = sealedSegment(journal, 2, lines)
        await assert.rejects(sink.store(large), isFailure('disk'))
        assert.deepEqual(await ask(store, 'SELECT count(*), max(seq) FROM trades'), [[100n, 100n]])
        execFileSync('mount', ['-o', 'remount,size=32m', disk])
        assert.deepEqual((await sink.store(large)).rejected, [])
        const all = BigInt(100 + lines.length)
        assert.deepEqual(await ask(store, 'SELECT count(*), max(seq) FROM trades'), [[all, all]])
      } finally {
        execFileSync('umount', [disk])
      }
    },
  )
}

/** Every file that has the ending of a Parquet file is one, from its first to its last byte. */
async function expectWholeFiles(store: string): Promise<void> {
  for (const path of globSync('**/*.parquet', { cwd: store })) {
    const bytes = readFileSync(join(store, path))
    assert.equal(bytes.subarray(0, 4).toString(), 'PAR1')
    assert.equal(bytes.subarray(-4).toString(), 'PAR1')
  }
  for (const { files: stored } of readManifests(files, store)) {
    for (const { path, bytes } of stored) assert.equal(files.sizeOf(join(store, path)), bytes)
  }
}

/** Processes that `pid` has started and that have not ended. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

const isWorker = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('parquet-worker')

function isFailure(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof FailureError, String(error))
    assert.deepEqual([error.code, error.retryable], [code, true], error.message)
    return true
  }
}
