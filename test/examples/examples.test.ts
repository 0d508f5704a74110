import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { childConverter } from '../../src/app/parquet-child.ts'
import type { MadeSink } from '../../src/app/sinks.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { connectTo } from '../../src/sinks/nats/connection.ts'
import { NatsSink } from '../../src/sinks/nats/sink.ts'
import { ParquetSink } from '../../src/sinks/parquet/sink.ts'
import { Course } from '../sinks/course.ts'
import { NATS_SKIPPED, natsServer } from '../sinks/nats-server.ts'
import { optionsFor } from '../sinks/nats/options.ts'
import { HEARD, LATER, LINES, READ } from './market.ts'
import { faultIn, PYTHON_SKIPPED, pythonic, typescript } from './programs.ts'

const runtime = systemRuntime()
const folder = mkdtempSync(join(tmpdir(), 'marketprism-examples-'))
after(() => rmSync(folder, { recursive: true }))

/** Brings `LINES` to a sink, by way of a journal. */
async function deliver(made: MadeSink): Promise<void> {
  await using course = new Course(1_000_000)
  for (const line of LINES) course.append(line)
  await course.finish(course.begin(made))
}

/** Publishes `LATER` without what the server would know repeats by: as after an outage longer than its duplicate window. */
async function publishLater(url: string): Promise<void> {
  const connection = await connectTo(optionsFor([url]), new AbortController().signal)
  for (const line of LATER) connection.publish('trade.binance.spot.BTC-USDT', new TextEncoder().encode(line))
  await connection.flush()
  await connection.close()
}

for (const example of [typescript('nats-consumer.ts'), pythonic('nats_consumer.py', 'nats')]) {
  const name = `${example.name} keeps the book, tells of the hole, and drops repeats also after a restart`
  test(name, { skip: NATS_SKIPPED === false ? example.skip : NATS_SKIPPED }, async () => {
    await using server = await natsServer()
    await deliver({ kind: 'records', sink: new NatsSink(optionsFor([server.url]), runtime) })
    const state = join(folder, `${example.name}.json`)
    const args = ['--server', server.url, '--stream', 'TEST', '--state', state, '--once']
    assert.deepEqual(await example.run(...args), HEARD)
    await publishLater(server.url)
    const [summary, book] = await example.run(...args)
    assert.equal(summary, '1 records, 2 repeats dropped, 0 holes')
    assert.equal(book, HEARD.at(-1))
  })
}

for (const example of [typescript('parquet-reader.ts'), pythonic('parquet_reader.py', 'duckdb')]) {
  test(`${example.name} reads trades, holes and the book`, { skip: example.skip }, async () => {
    const store = join(folder, example.name)
    const convert = childConverter({ store, memoryMb: 256, deadlineMs: 60_000 })
    await deliver({ kind: 'segments', sink: new ParquetSink(store, runtime.files, convert) })
    assert.deepEqual(await example.run(store, 'binance', 'spot', 'BTC-USDT'), READ)
  })
}

test('every example in Python compiles', { skip: PYTHON_SKIPPED }, () => {
  const names = readdirSync(join(import.meta.dirname, '../../examples/python'))
  const files = names.filter((name) => name.endsWith('.py'))
  assert.equal(files.length, 3)
  for (const file of files) assert.equal(faultIn(file), '')
})
