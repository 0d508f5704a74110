import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { FailureError } from '../../../src/core/errors.ts'
import type { ClickHouseServer } from '../../../src/sinks/clickhouse/client.ts'
import type { ClickHouseSink } from '../../../src/sinks/clickhouse/sink.ts'
import type { RecordBatch } from '../../../src/sinks/sink.ts'
import { Engine, type Fault } from '../../engines/engine.ts'
import {
  batchOf,
  countOf,
  databaseName,
  engineOfFile,
  lineOf,
  numberOf,
  serverOf,
  sinkOf,
  tradeLines,
} from './world.ts'

const { skip, engine, server } = await engineOfFile()

const isRetryable = (code: string) => (cause: unknown) => {
  assert.ok(cause instanceof FailureError)
  assert.deepEqual([cause.code, cause.retryable], [code, true])
  return true
}

const mixedBatch = (token: string): RecordBatch =>
  batchOf(token, [...tradeLines(1, 101), lineOf('gap'), lineOf('orderbook'), lineOf('orderbook_delta')])

/** What `run` rejects with. */
async function failureOf(run: () => Promise<void>): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (cause) {
    return cause
  }
}

/** Gives `batch` again until it is taken, as the delivery loop does. Answers how often it failed. */
async function deliver(sink: ClickHouseSink, batch: RecordBatch): Promise<number> {
  for (let failures = 0; failures < 100; failures++) {
    try {
      assert.deepEqual(await sink.write(batch), [])
      return failures
    } catch (cause) {
      if (!(cause instanceof FailureError && cause.retryable)) throw cause
    }
  }
  throw new Error('the batch was never taken')
}

test('the same batch twice is stored once', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  await sink.write(mixedBatch('one'))
  await sink.write(mixedBatch('one'))
  await sink.close()
  assert.equal(await countOf(server, `${database}.trade`), 100)
  assert.equal(await countOf(server, `${database}.gap`), 1)
})

test('records of types that the sink does not take are left out', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database, types: ['trade'] })
  assert.deepEqual([sink.takes('trade'), sink.takes('gap')], [true, false])
  await sink.open()
  assert.deepEqual(await sink.write(mixedBatch('one')), [])
  await sink.close()
  assert.equal(await countOf(server, `${database}.trade`), 100)
  assert.equal(await countOf(server, `${database}.gap`), 0)
})

for (const compression of ['zstd', 'gzip'] as const) {
  test(`batches packed with ${compression} are stored as others`, { skip }, async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database, compression })
    await sink.open()
    await sink.write(mixedBatch('one'))
    await sink.close()
    assert.equal(await countOf(server, `${database}.trade`), 100)
  })
}

const LOSSES: readonly Fault[] = [
  { kind: 'lose_answer', times: 1 },
  { kind: 'lose_answer', times: 3 },
  { kind: 'lose_request', times: 2 },
]
for (const fault of LOSSES) {
  test(`a batch is stored once after ${fault.kind} ${fault.times} times`, { skip }, async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    await engine.arm(fault)
    await assert.rejects(sink.write(mixedBatch('one')), isRetryable('unreachable'))
    assert.equal(await deliver(sink, mixedBatch('one')), fault.times - 1)
    await sink.close()
    assert.equal(await countOf(server, `${database}.trade`), 100)
    assert.equal(await countOf(server, `${database}.orderbook`), 1)
    assert.equal(await countOf(server, `${database}.gap`), 1, 'has no time of the venue')
  })
}

const TOLD: readonly (readonly [number, number, string])[] = [
  [500, 241, 'rate_limited'],
  [500, 252, 'rate_limited'],
  [500, 243, 'full'],
  [500, 242, 'maintenance'],
  [503, 999, 'maintenance'],
  [500, 4_711, 'bad_answer'],
]
for (const [status, code, failure] of TOLD) {
  test(
    `exception ${code} is told as ${failure}, and the batch is stored by the next try`,
    { skip },
    async () => {
      const database = databaseName()
      const sink = sinkOf(engine, { database })
      await sink.open()
      await engine.arm({ kind: 'error', times: 1, status, code })
      await assert.rejects(sink.write(mixedBatch('one')), isRetryable(failure))
      await sink.write(mixedBatch('one'))
      await sink.close()
      assert.equal(await countOf(server, `${database}.trade`), 100)
    },
  )
}

test(
  'an engine slower than the deadline stores the batch once, whenever it comes to it',
  { skip },
  async () => {
    const database = databaseName()
    const patient = sinkOf(engine, { database })
    await patient.open()
    const hasty = sinkOf(engine, { database, requestMs: 300 })
    await engine.arm({ kind: 'slow', times: 1, delayMs: 1_000 })
    await assert.rejects(hasty.write(mixedBatch('one')), isRetryable('timeout'))
    await patient.write(mixedBatch('one'))
    // Statements are executed in the order in which they came: the slow insert is over by the second.
    await engine.arm({ kind: 'slow', times: 1, delayMs: 1_000 })
    await patient.write(mixedBatch('one'))
    assert.equal(await countOf(server, `${database}.trade`), 100)
    await Promise.all([patient.close(), hasty.close()])
  },
)

test(
  'a frozen engine is given up after the deadline, and the batch is stored once when it goes on',
  { skip },
  async () => {
    const database = databaseName()
    const patient = sinkOf(engine, { database })
    await patient.open()
    const hasty = sinkOf(engine, { database, requestMs: 500 })
    engine.signal('SIGSTOP')
    try {
      await assert.rejects(hasty.write(mixedBatch('one')), isRetryable('timeout'))
    } finally {
      engine.signal('SIGCONT')
    }
    await patient.write(mixedBatch('one'))
    await Promise.all([patient.close(), hasty.close()])
    assert.equal(await countOf(server, `${database}.trade`), 100)
  },
)

test(
  'a write that is under way rejects when the sink is closed, at once, and none is taken after',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    await engine.arm({ kind: 'slow', times: 1, delayMs: 3_000 })
    const began = performance.now()
    const refused = assert.rejects(sink.write(mixedBatch('one')), isRetryable('unreachable'))
    await sink.close()
    await refused
    assert.ok(performance.now() - began < 2_500, 'before the engine has come to it')
    await assert.rejects(sink.write(mixedBatch('two')), isRetryable('unreachable'))
    await sink.close()
  },
)

test(
  'tables that were dropped are made again, and the batch that found it out is stored',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    await server.command(`DROP DATABASE ${database}`)
    await assert.rejects(sink.write(mixedBatch('one')), isRetryable('mismatch'))
    await sink.write(mixedBatch('one'))
    await sink.close()
    assert.equal(await countOf(server, `${database}.trade`), 100)
  },
)

test(
  'nothing listens: unreachable until the engine is there, then everything is stored',
  { skip },
  async () => {
    const database = databaseName()
    const own = new Engine()
    await own.start()
    const sink = sinkOf(own, { database })
    try {
      await sink.open()
      await own.kill()
      await assert.rejects(sink.write(mixedBatch('one')), isRetryable('unreachable'))
      await own.start()
      await sink.write(mixedBatch('one'))
      const look = serverOf(own)
      assert.equal(await countOf(look, `${database}.trade`), 100)
      await look.close()
    } finally {
      await sink.close()
      await own.remove()
    }
  },
)

/** Takes the one part of a table out of its place: to where it was before the engine put it there. */
async function takeOut(own: Engine, look: ClickHouseServer, table: string): Promise<void> {
  const [row] = await look.rows(
    `SELECT path, name FROM system.parts WHERE concat(database, '.', table) = '${table}' AND active`,
  )
  const [path = '', name = ''] = row ?? []
  await own.kill()
  renameSync(path, join(dirname(path), `tmp_insert_${name}`))
}

test(
  'an engine that ended after it noted a token, before the rows were in their place, gets them when they come again',
  { skip },
  async () => {
    const database = databaseName()
    const own = new Engine()
    await own.start()
    const [sink, look] = [sinkOf(own, { database }), serverOf(own)]
    const trades = batchOf('one', tradeLines(1, 2_501))
    try {
      await sink.open()
      await sink.write(trades)
      await takeOut(own, look, `${database}.trade`)
      await assert.rejects(sink.write(trades), isRetryable('unreachable'))
      await own.start()
      assert.equal(await countOf(look, `${database}.trade`), 0)
      await sink.write(trades)
      assert.equal(await countOf(look, `${database}.trade`), 2_500)

      // The process that delivers has ended too: the next one does not know that the batch was given before.
      await takeOut(own, look, `${database}.trade`)
      await own.start()
      // A profile of the user may say so: a count of nothing has no row then.
      await look.command('SET empty_result_for_aggregation_by_empty_set = 1')
      const next = sinkOf(own, { database })
      await next.write(trades)
      await next.close()
      await look.command('SET empty_result_for_aggregation_by_empty_set = 0')
      assert.equal(await countOf(look, `${database}.trade`), 2_500)
    } finally {
      await Promise.all([sink.close(), look.close()])
      await own.remove()
    }
  },
)

test(
  'an engine killed at any moment of an insert loses no batch that it acknowledged, and FINAL shows none twice',
  { skip },
  async () => {
    const KILLS = 6
    const BATCH = 2_000
    const database = databaseName()
    const own = new Engine()
    await own.start()
    const sink = sinkOf(own, { database })
    const batchAt = (batch: number): RecordBatch =>
      batchOf(`batch ${batch}`, tradeLines(batch * BATCH + 1, (batch + 1) * BATCH + 1))
    try {
      await sink.open()
      let batches = 0
      for (let kill = 0; kill < KILLS; kill++) {
        const killed = wait(60 + kill * 45).then(() => own.kill())
        // Batch after batch until one is cut off by the kill: that one comes again once the engine is back.
        const cut = await failureOf(async () => {
          for (const end = batches + 1_000; batches < end; batches++) {
            assert.deepEqual(await sink.write(batchAt(batches)), [])
          }
        })
        isRetryable('unreachable')(cut)
        await killed
        await own.start()
        assert.deepEqual(await sink.write(batchAt(batches)), [])
        batches++
      }
      const look = serverOf(own)
      assert.equal(await numberOf(look, `SELECT uniqExact(id) FROM ${database}.trade`), batches * BATCH)
      // A part that stood when its token did not is the one thing that may repeat; it goes with the next merge.
      assert.equal(await numberOf(look, `SELECT count() FROM ${database}.trade FINAL`), batches * BATCH)
      await look.close()
    } finally {
      await sink.close()
      await own.remove()
    }
  },
)
