import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { NATS_SKIPPED, natsCluster, natsServer, type NatsServer } from '../nats-server.ts'
import { optionsFor } from './options.ts'
import { batchOf, lineOf, mixedBatch } from './records.ts'
import {
  deliver,
  deliverUntil,
  difference,
  failureFrom,
  idsOf,
  OwnedSink,
  storedIn,
  withClient,
} from './rig.ts'

const { stream: STREAM } = optionsFor([])
const BATCH_RECORDS = 2_000
/** How long a server is away here: longer than the deadline of an acknowledgement. */
const OUTAGE_MS = 2_500
/** Resident memory may waver by as much, whatever the server does. */
const GROWTH_LIMIT_BYTES = 96 * 2 ** 20
const LIFE_LIMIT = 240_000

const batchAt = (index: number): ReturnType<typeof mixedBatch> =>
  mixedBatch(index * BATCH_RECORDS, BATCH_RECORDS)

/** Delivers all the time while `trouble` happens, and some batches beyond; what came of it is read from `reader`. */
async function underLoad(
  owned: OwnedSink,
  trouble: () => Promise<void>,
  reader: { readonly url: string },
): Promise<{ lost: number; twice: number; codes: readonly string[] }> {
  await owned.sink.open()
  let isOver = false
  const loading = deliverUntil(owned.sink, batchAt, () => isOver)
  await trouble()
  isOver = true
  const { batches, failures } = await loading
  const after = batchAt(batches.length)
  await deliver(owned.sink, after)
  const found = difference(idsOf([...batches, after]), await storedIn(reader.url))
  return { ...found, codes: failures.map(({ code }) => code) }
}

async function outage(server: NatsServer): Promise<void> {
  await delay(200)
  await server.kill()
  await delay(OUTAGE_MS)
  await server.start()
}

describe('the NATS sink through outages', { skip: NATS_SKIPPED, timeout: LIFE_LIMIT }, () => {
  test('a server that is killed under load and comes back loses nothing and stores nothing twice', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    const { codes, ...found } = await underLoad(owned, () => outage(server), server)
    assert.deepEqual(found, { lost: 0, twice: 0 })
    assert.ok(
      codes.length > 0 && codes.every((code) => code === 'unreachable' || code === 'timeout'),
      codes.join(),
    )
  })

  test('a server that is killed again and again under load loses nothing and stores nothing twice', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    const { codes, ...found } = await underLoad(
      owned,
      async () => {
        for (let time = 0; time < 5; time++) {
          await delay(150)
          await server.kill()
          await server.start()
        }
      },
      server,
    )
    assert.deepEqual(found, { lost: 0, twice: 0 })
    assert.ok(codes.length > 0)
  })

  test('a frozen server costs no memory, each try ends within its deadline, and it recovers by itself', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    const { codes, ...found } = await underLoad(
      owned,
      async () => {
        await delay(300)
        const beforeBytes = process.memoryUsage().rss
        await server.freeze()
        await delay(OUTAGE_MS + 1_000)
        const grownBytes = process.memoryUsage().rss - beforeBytes
        server.thaw()
        assert.ok(grownBytes < GROWTH_LIMIT_BYTES, `${grownBytes} bytes`)
      },
      server,
    )
    assert.deepEqual(found, { lost: 0, twice: 0 })
    assert.ok(codes.includes('timeout'))
  })

  for (const window of [
    { maxRecords: 10, maxBytes: 8_388_608 },
    { maxRecords: 8_192, maxBytes: 3_000 },
  ]) {
    test(`what is sent again is what was in flight, never more than the window: ${JSON.stringify(window)}`, async () => {
      await using server = await natsServer()
      await using owned = new OwnedSink([server.url], { window })
      await owned.sink.open()
      const heard: string[] = []
      const batch = mixedBatch(0, 5_000)
      await withClient(server.url, async (client) => {
        client.subscribe('*.binance.>', { callback: (_, message) => void heard.push(message.string()) })
        await client.flush()
        const writing = failureFrom(owned.sink.write(batch))
        while (heard.length < 500) await delay(1)
        await withClient(server.url, async (other) => {
          await (await jetstreamManager(other)).streams.delete('TEST')
        })
        assert.ok((await writing).retryable)
        await deliver(owned.sink, batch)
        await client.flush()
      })
      const repeats = heard.length - new Set(heard).size
      assert.equal(new Set(heard).size, batch.count)
      assert.ok(repeats >= 1 && repeats <= 11, `${repeats} repeats`)
    })
  }

  test('a full stream that refuses is told as full, and takes the rest once there is room', async () => {
    await using server = await natsServer()
    const stream = { ...STREAM, discard: 'new', maxBytes: 600_000 } as const
    await using owned = new OwnedSink([server.url], { stream })
    await owned.sink.open()
    const batch = mixedBatch(0, 2_000)
    for (let time = 0; time < 2; time++) {
      const failure = await failureFrom(owned.sink.write(batch))
      assert.deepEqual([failure.code, failure.retryable], ['full', true])
    }
    const first = await storedIn(server.url)
    assert.ok(first.length > 0 && first.length < batch.count)
    await withClient(server.url, async (client) => {
      await (await jetstreamManager(client)).streams.purge('TEST')
    })
    await owned.sink.write(batch)
    const all = [...first, ...(await storedIn(server.url))]
    assert.deepEqual(difference(idsOf([batch]), all), { lost: 0, twice: 0 })
  })

  test('core messages that were on their way when the server died are sent again', async () => {
    await using server = await natsServer()
    const core = { trade: 'core', orderbook: 'core', orderbook_delta: 'core', gap: 'core' } as const
    await using owned = new OwnedSink([server.url], { modes: core })
    await owned.sink.open()
    await server.freeze()
    const writing = failureFrom(owned.sink.write(batchOf([lineOf('trade', 1)])))
    assert.deepEqual(await writing.then(({ code, retryable }) => [code, retryable]), ['timeout', true])
    await server.kill()
    await server.start()
    const heard = await withClient(server.url, async (client) => {
      const texts: string[] = []
      client.subscribe('trade.>', { callback: (_, message) => void texts.push(message.string()) })
      await client.flush()
      await deliver(owned.sink, batchOf([lineOf('trade', 1)]))
      await client.flush()
      return texts
    })
    assert.equal(heard.length, 1)
  })

  test('no server at all is unreachable, a frozen one a timeout, and both leave no sockets behind', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url], { connectTimeoutMs: 300 })
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((kind) => /TCP|TLS/.test(kind)).length
    const before = sockets()
    await server.freeze()
    for (let time = 0; time < 3; time++) {
      const failure = await failureFrom(owned.sink.open())
      assert.deepEqual([failure.code, failure.retryable], ['timeout', true])
    }
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(sockets() <= before)
    await server.kill()
    const failure = await failureFrom(owned.sink.open())
    assert.deepEqual([failure.code, failure.retryable], ['unreachable', true])
    await server.start()
    await deliver(owned.sink, batchOf([lineOf('trade', 1)]))
  })

  for (const state of ['working', 'frozen'] as const) {
    test(`closing in the middle of a write ends it at once and gives back every socket: ${state} server`, async () => {
      await using server = await natsServer()
      await using owned = new OwnedSink([server.url], { ackTimeoutMs: 60_000 })
      await owned.sink.open()
      if (state === 'frozen') await server.freeze()
      const sockets = (): number =>
        process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length
      const open = sockets()
      const writing = failureFrom(owned.sink.write(mixedBatch(0, 14_000)))
      await delay(20)
      const startMs = performance.now()
      await owned.sink.close()
      assert.equal((await writing).code, 'unreachable')
      // No answer is waited for, which takes a minute.
      assert.ok(performance.now() - startMs < 10_000)
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(sockets(), open - 1)
      assert.equal((await failureFrom(owned.sink.write(mixedBatch(0, 1)))).code, 'unreachable')
    })
  }

  test('closing while a connection to a frozen server is being made ends that at once', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url], { connectTimeoutMs: 30_000 })
    await server.freeze()
    const opening = failureFrom(owned.sink.open())
    await delay(100)
    await owned.sink.close()
    assert.equal((await opening).code, 'unreachable')
  })

  test('a cluster whose leader is killed under load loses nothing and stores nothing twice', async () => {
    await using cluster = await natsCluster()
    const urls = cluster.servers.map(({ url }) => url)
    await using owned = new OwnedSink(urls, { stream: { ...STREAM, replicas: 3 }, connectTimeoutMs: 3_000 })
    await deliver(owned.sink, batchOf([lineOf('gap', 1)]))
    const leader = await withClient(urls[0] ?? '', async (client) => {
      const manager = await jetstreamManager(client, { checkAPI: false, timeout: 5_000 })
      return (await manager.streams.info('TEST')).cluster?.leader
    })
    const dead = cluster.servers.find(({ name }) => name === leader)
    const reader = cluster.servers.find(({ name }) => name !== leader)
    assert.ok(dead !== undefined && reader !== undefined)
    const { codes, ...found } = await underLoad(
      owned,
      async () => {
        await delay(300)
        await dead.kill()
        await delay(1_000)
        await dead.start('server')
      },
      reader,
    )
    assert.deepEqual(found, { lost: 0, twice: 0 })
    assert.ok(codes.length > 0)
  })
})
