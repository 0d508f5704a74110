import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { JournalReader } from '../../src/journal/reader.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'
import { DRAFTS } from '../../src/sinks/parquet/layout.ts'
import { type Json, journalLines } from '../journal/journal-records.ts'
import { storedIn } from '../sinks/nats/rig.ts'
import { NATS_SKIPPED, type NatsServer, natsServer } from '../sinks/nats-server.ts'

/** Kills in the suite; `MARKETPRISM_KILLS=100` is the long form. */
const KILLS = Number(process.env['MARKETPRISM_KILLS'] ?? 6)
/** From the start of a collector to its first verified book in the journal. */
const FIRST_BOOK_MS = 5_000
const LIMIT_MS = 60_000

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const folder = mkdtempSync(join(tmpdir(), 'marketprism-crash-'))
const journal = join(folder, 'journal')
const configFile = join(folder, 'marketprism.yaml')
const children = new Set<ChildProcess>()
const complaints: string[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  if (process.exitCode !== undefined && process.exitCode !== 0)
    process.stderr.write(complaints.slice(-20).join(''))
  rmSync(folder, { recursive: true })
})

function run(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  // What a process complains of is what a person sees first when this test fails.
  child.stderr.on('data', (text: Buffer) => complaints.push(text.toString()))
  return child
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** Five emulated venues; the configuration leads to them. */
async function emulate(nats: NatsServer | undefined): Promise<ChildProcess> {
  const child = run('emulate', '--instruments', '3')
  const venues: Record<string, Json> = {}
  assert.ok(child.stdout !== null)
  for await (const line of createInterface({ input: child.stdout })) {
    const [venue = '', stream_url, rest_url] = line.split(' ')
    venues[venue] = { stream_url, rest_url }
    if (Object.keys(venues).length === 5) break
  }
  const sinks = {
    parquet: { folder: join(folder, 'parquet') },
    nats: {
      enabled: nats !== undefined,
      servers: [nats?.url ?? 'nats://127.0.0.1:1'],
      stream: { max_bytes: 500_000_000 },
    },
  }
  const config = { venues, sinks, journal: { folder: journal, segment_bytes: 1_048_576, fsync_ms: 50 } }
  writeFileSync(configFile, JSON.stringify(config))
  return child
}

/** Follows the journal as a sink would: what it has seen is what was acknowledged. */
class Tail {
  readonly seen: string[] = []
  readonly #reader = new JournalReader(journal, new SystemFiles())

  read(): void {
    for (let reading = this.#reader.next(); reading.kind !== 'end'; reading = this.#reader.next()) {
      if (reading.kind !== 'batch') continue
      for (const line of new TextDecoder().decode(reading.records).trimEnd().split('\n')) this.seen.push(line)
    }
  }

  /** Resolves with the time until a full book came that had not been seen before. */
  async untilBook(): Promise<number> {
    const startMs = performance.now()
    const from = this.seen.length
    while (performance.now() - startMs < LIMIT_MS) {
      this.read()
      if (this.seen.slice(from).some((line) => line.includes('"full":true')))
        return performance.now() - startMs
      await later(5)
    }
    assert.fail('no book within a minute')
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const idOf = (line: string): string => String(JSON.parse(line).id)

/** The store, as `query` sees it once the journal is gone. */
async function storedSequences(): Promise<readonly string[]> {
  const views = ['trades', 'books', 'deltas', 'gaps']
  const columns = `type || '|' || exchange || '|' || market_type || '|' || symbol || '|' || session || '|' || seq`
  const sql = views.map((view) => `select ${columns} as key from ${view}`).join(' union all ')
  const child = run('query', '--config', configFile, '--format', 'json', sql)
  assert.ok(child.stdout !== null)
  const chunks: string[] = []
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  const rows = JSON.parse(
    chunks.join('').trim().startsWith('[')
      ? chunks.join('')
      : `[${chunks.join('').trim().split('\n').join(',')}]`,
  )
  return rows.map((row: { readonly key: string }) => row.key)
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((line, at) => line === others[at])

/** Each of `keys` is there once, and nothing else. */
function assertSame(there: readonly string[], keys: readonly string[], what: string): void {
  const [have, want] = [new Set(there), new Set(keys)]
  const missing = keys.filter((key) => !have.has(key))
  const strange = there.filter((key) => !want.has(key))
  const facts = {
    missing: missing.slice(0, 20),
    strange: strange.slice(0, 20),
    twice: there.length - have.size,
  }
  assert.deepEqual(
    facts,
    { missing: [], strange: [], twice: 0 },
    `${what}: ${missing.length} of ${keys.length} missing`,
  )
}

const keyOf = (line: string): string => {
  const { type, exchange, market_type, symbol, session, seq }: Json = JSON.parse(line)
  return [type, exchange, market_type, symbol, session, seq].map(String).join('|')
}

test(
  `after ${KILLS} kills at any moment nothing acknowledged is lost, nothing torn is believed, and the store is whole`,
  { timeout: LIMIT_MS + KILLS * 10_000 },
  async (t) => {
    mkdirSync(journal)
    await using nats = NATS_SKIPPED === false ? await natsServer() : undefined
    if (NATS_SKIPPED !== false) t.diagnostic(`without NATS: ${NATS_SKIPPED}`)
    const emulator = await emulate(nats)
    const tail = new Tail()
    const firstBookMs: number[] = []
    const startCollector = async (): Promise<ChildProcess> => {
      const child = run('collect', '--config', configFile)
      child.stdout?.resume()
      firstBookMs.push(await tail.untilBook())
      return child
    }
    let collector = await startCollector()
    let delivery = run('deliver', '--config', configFile)
    for (let kill = 0; kill < KILLS; kill++) {
      const untilMs = performance.now() + 300 + Math.random() * 1_500
      while (performance.now() < untilMs) {
        tail.read()
        await later(5)
      }
      if (kill % 3 !== 1) {
        await end(collector, 'SIGKILL')
        collector = await startCollector()
      }
      if (kill % 3 !== 0) {
        await end(delivery, 'SIGKILL')
        delivery = run('deliver', '--config', configFile)
      }
    }
    await end(collector, 'SIGTERM')
    await end(delivery, 'SIGTERM')
    await end(emulator, 'SIGTERM')
    tail.read()

    const lines = journalLines(journal)
    assert.ok(isSame(tail.seen, lines), 'whoever followed has seen exactly what the journal holds')
    const verified = run('journal', 'verify', '--folder', journal)
    assert.deepEqual(await once(verified, 'exit'), [0, null])

    const delivered = run('deliver', '--config', configFile, '--until-end')
    assert.deepEqual(await once(delivered, 'exit'), [0, null])
    const audited = run('journal', 'audit', '--folder', journal)
    assert.deepEqual(await once(audited, 'exit'), [0, null])
    const keys = lines.map(keyOf).toSorted()
    assert.equal(new Set(keys).size, keys.length)
    assertSame(await storedSequences(), keys, 'the Parquet store')
    if (nats !== undefined) {
      const stored = await storedIn(nats.url, 'MARKETPRISM')
      // OKX repeats its last trade to every new subscriber: the same id, so it is in the stream once.
      const ids = [...new Set(lines.map(idOf))]
      assertSame(
        stored.map(({ text }) => idOf(text)),
        ids,
        'the stream',
      )
      assert.ok(lines.length - ids.length <= 6 * (KILLS + 1), `${lines.length - ids.length} repeats`)
    }
    assert.deepEqual(readdirSync(join(folder, 'parquet', DRAFTS)), [], 'no partial file')
    const slowest = Math.max(...firstBookMs)
    t.diagnostic(`${lines.length} records, first verified book after at most ${slowest.toFixed(0)} ms`)
    assert.ok(slowest < FIRST_BOOK_MS, `${slowest} ms`)
  },
)
