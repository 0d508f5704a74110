import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { jetstreamManager } from '@nats-io/jetstream'
import { nkeys } from '@nats-io/transport-node'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { NATS_SKIPPED, natsServer, tlsFiles } from '../nats-server.ts'
import { optionsFor } from './options.ts'
import { batchOf, lineOf, mixedBatch } from './records.ts'
import { deliver, difference, failureFrom, idsOf, OwnedSink, storedIn, withClient } from './rig.ts'

const { modes: ALL, stream: STREAM } = optionsFor([])

describe('the NATS sink on a real server', { skip: NATS_SKIPPED }, () => {
  test('records are stored as they are, under their subject and id, in their order', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    await owned.sink.open()
    const lines = [lineOf('trade', 1), lineOf('gap', 2), lineOf('orderbook', 3, { symbol: '币-USDT' })]
    assert.deepEqual(await owned.sink.write(batchOf(lines)), [])
    assert.deepEqual(await storedIn(server.url), [
      {
        subject: 'trade.binance.spot.BTC-USDT',
        id: 'binance:spot:trade:BTCUSDT:1',
        text: lines[0]?.trimEnd(),
      },
      { subject: 'gap.binance.spot.BTC-USDT', id: 'binance:spot:gap:BTCUSDT:2', text: lines[1]?.trimEnd() },
      {
        subject: 'orderbook.binance.spot.%E5%B8%81-USDT',
        id: 'binance:spot:orderbook:币USDT:3',
        text: lines[2]?.trimEnd(),
      },
    ])
  })

  test('a batch that is written twice is stored once', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    const batch = mixedBatch(1, 5_000)
    await owned.sink.write(batch)
    await owned.sink.write({ ...batch, token: 'another' })
    const stored = await storedIn(server.url)
    assert.deepEqual(
      stored.map(({ id }) => id),
      idsOf([batch]),
    )
  })

  test('each type goes as configured: stored, to who listens, or not at all', async () => {
    await using server = await natsServer()
    const modes = { ...ALL, orderbook: 'core', orderbook_delta: 'off' } as const
    await using owned = new OwnedSink([server.url], { modes })
    assert.deepEqual(
      RECORD_TYPES.map((type) => owned.sink.takes(type)),
      [true, false, true, true],
    )
    await owned.sink.open()
    const subjects = await withClient(server.url, async (client) => {
      const heard: string[] = []
      client.subscribe('*.binance.>', {
        callback: (_, { subject }) => void heard.push(subject.split('.')[0] ?? ''),
      })
      await client.flush()
      await owned.sink.write(batchOf(RECORD_TYPES.map((type, index) => lineOf(type, index))))
      await client.flush()
      return heard
    })
    assert.deepEqual(subjects, ['trade', 'orderbook', 'gap'])
    assert.deepEqual(
      (await storedIn(server.url)).map(({ subject }) => subject.split('.')[0]),
      ['trade', 'gap'],
    )
  })

  test('with no type in a stream no stream is made', async () => {
    await using server = await natsServer()
    const modes = { trade: 'core', orderbook: 'core', orderbook_delta: 'core', gap: 'off' } as const
    await using owned = new OwnedSink([server.url], { modes, window: { maxRecords: 100, maxBytes: 65_536 } })
    const heard = await withClient(server.url, async (client) => {
      let count = 0
      client.subscribe('>', { callback: () => void count++ })
      await client.flush()
      await owned.sink.write(mixedBatch(0, 3_000))
      await client.flush()
      return count
    })
    assert.equal(heard, 3_000)
    const streams = await withClient(server.url, async (client) => {
      const manager = await jetstreamManager(client)
      return (await manager.getAccountInfo()).streams
    })
    assert.equal(streams, 0)
  })

  test('a record over max_payload is rejected by its line, and the others are stored', async () => {
    await using server = await natsServer(() => 'max_payload: 4096')
    await using owned = new OwnedSink([server.url])
    const batch = batchOf([lineOf('trade', 1), lineOf('trade', 2, { sizeBytes: 5_000 }), lineOf('trade', 3)])
    const rejected = await owned.sink.write(batch)
    assert.deepEqual(
      rejected.map(({ line, code }) => [line, code]),
      [[1, 'too_large']],
    )
    assert.deepEqual(
      (await storedIn(server.url)).map(({ id }) => id.at(-1)),
      ['1', '3'],
    )
  })

  test('a record over max_msg_size of the stream is rejected, and the others are stored', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    await owned.sink.open()
    await withClient(server.url, async (client) => {
      await (await jetstreamManager(client)).streams.update('TEST', { max_msg_size: 1_000 })
    })
    const batch = batchOf([lineOf('trade', 1, { sizeBytes: 2_000 }), lineOf('trade', 2)])
    const rejected = await owned.sink.write(batch)
    assert.deepEqual(
      rejected.map(({ line, code }) => [line, code]),
      [[0, 'too_large']],
    )
    assert.deepEqual(
      (await storedIn(server.url)).map(({ id }) => id.at(-1)),
      ['2'],
    )
  })

  test('bytes that are no record are rejected, and the others are stored', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    const noId = lineOf('trade', 2).replace('"id"', '"ID"')
    const rejected = await owned.sink.write(batchOf([lineOf('trade', 1), noId, '{"type":"trade"}\n']))
    assert.deepEqual(
      rejected.map(({ line, code }) => [line, code]),
      [
        [1, 'bad_record'],
        [2, 'bad_record'],
      ],
    )
    assert.equal((await storedIn(server.url)).length, 1)
  })

  test('a stream that exists as configured is used, one that differs is named and left as it is', async () => {
    await using server = await natsServer()
    await using first = new OwnedSink([server.url])
    await first.sink.open()
    await using same = new OwnedSink([server.url])
    await same.sink.open()
    const stream = { ...STREAM, maxAgeS: 60, discard: 'new', duplicateWindowS: 30 } as const
    await using other = new OwnedSink([server.url], { stream, modes: { ...ALL, gap: 'off' } })
    const failure = await failureFrom(other.sink.open())
    assert.deepEqual([failure.code, failure.retryable], ['mismatch', false])
    assert.match(failure.message, /max_age is 3600 s, configured 60 s/)
    assert.match(failure.message, /discard is old, configured new/)
    assert.match(failure.message, /duplicate_window is 120 s, configured 30 s/)
    assert.match(failure.message, /subjects is gap\.\*.*configured orderbook\.\*/)
    assert.doesNotMatch(failure.message, /storage|replicas|max_bytes/)
    await first.sink.write(batchOf([lineOf('trade', 1)]))
    assert.equal((await storedIn(server.url)).length, 1)
  })

  test('a stream whose subjects another one has is a mismatch', async () => {
    await using server = await natsServer()
    await using first = new OwnedSink([server.url])
    await first.sink.open()
    await using other = new OwnedSink([server.url], { stream: { ...STREAM, name: 'OTHER' } })
    const failure = await failureFrom(other.sink.open())
    assert.deepEqual([failure.code, failure.retryable], ['mismatch', false])
  })

  test('a stream that is deleted while the sink writes is made again', async () => {
    await using server = await natsServer()
    await using owned = new OwnedSink([server.url])
    await owned.sink.open()
    await withClient(server.url, async (client) => {
      await (await jetstreamManager(client)).streams.delete('TEST')
    })
    const batch = mixedBatch(1, 100)
    const { failures } = await deliver(owned.sink, batch)
    assert.deepEqual(
      failures.map(({ code }) => code),
      ['unreachable'],
    )
    assert.equal((await storedIn(server.url)).length, 100)
  })

  test('a server without JetStream is tried again', async () => {
    await using server = await natsServer()
    server.configure('jetstream: disabled')
    await server.kill()
    await server.start()
    await using owned = new OwnedSink([server.url])
    const failure = await failureFrom(owned.sink.open())
    assert.deepEqual([failure.code, failure.retryable], ['unreachable', true])
  })
})

describe('logging in to a real server', { skip: NATS_SKIPPED }, () => {
  const USERS = 'authorization { users: [ { user: me, password: "s3cret" } ] }'

  test('user and password from a file are taken, a wrong one is unauthorized and is told nowhere', async () => {
    await using server = await natsServer(() => USERS)
    const passwordFile = server.file('password', 's3cret\n')
    const credentials = { kind: 'password', user: 'me', passwordFile } as const
    await using owned = new OwnedSink([server.url], { credentials })
    await owned.sink.open()
    server.file('password', 'wr0ng\n')
    await using wrong = new OwnedSink([server.url], { credentials })
    for (const failure of [
      await failureFrom(wrong.sink.open()),
      await failureFrom(wrong.sink.write(mixedBatch(0, 1))),
    ]) {
      assert.deepEqual([failure.code, failure.retryable], ['unauthorized', false])
      assert.doesNotMatch(inspect(failure), /wr0ng/)
    }
    server.file('password', 's3cret')
    await wrong.sink.open()
  })

  test('no credentials where some are wanted, and a file that is not there, are unauthorized', async () => {
    await using server = await natsServer(() => USERS)
    const passwordFile = server.file('password', '').replace(/password$/, 'nowhere')
    for (const credentials of [{ kind: 'none' }, { kind: 'password', user: 'me', passwordFile }] as const) {
      await using owned = new OwnedSink([server.url], { credentials })
      const failure = await failureFrom(owned.sink.open())
      assert.deepEqual([failure.code, failure.retryable], ['unauthorized', false])
    }
  })

  test('an nkey is taken, another one is unauthorized, and what is none is told without its text', async () => {
    const pair = nkeys.createUser()
    await using server = await natsServer(
      () => `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`,
    )
    const seedOf = (key: typeof pair): string => new TextDecoder().decode(key.getSeed())
    const seedFile = server.file('seed', `${seedOf(pair)}\n`)
    const credentials = { kind: 'nkey', seedFile } as const
    await using owned = new OwnedSink([server.url], { credentials })
    await owned.sink.write(mixedBatch(0, 10))
    for (const text of [seedOf(nkeys.createUser()), 'SUNOTASEED']) {
      server.file('seed', text)
      await using wrong = new OwnedSink([server.url], { credentials })
      const failure = await failureFrom(wrong.sink.open())
      assert.deepEqual([failure.code, failure.retryable], ['unauthorized', false])
      assert.ok(!inspect(failure).includes(text))
    }
  })

  test('a credentials file that is none is unauthorized', async () => {
    await using server = await natsServer()
    const file = server.file('creds', 'nothing of the kind')
    await using owned = new OwnedSink([server.url], { credentials: { kind: 'credentials', file } })
    assert.equal((await failureFrom(owned.sink.open())).code, 'unauthorized')
  })

  const permit = (rules: string): string =>
    `authorization { users: [ { user: me, password: p, permissions: { ${rules} } } ] }`

  for (const [name, rules, modes] of [
    ['publishing to a stream', 'publish: { deny: "gap.>" }', ALL],
    ['publishing to who listens', 'publish: { deny: "gap.>" }', { ...ALL, gap: 'core' }],
    ['asking for the stream', 'publish: { deny: "$JS.API.>" }', ALL],
    ['subscribing to answers', 'subscribe: { deny: "_INBOX.>" }', ALL],
  ] as const) {
    test(`a user who may not do this is unauthorized: ${name}`, async () => {
      await using server = await natsServer(() => permit(rules))
      const passwordFile = server.file('password', 'p')
      const credentials = { kind: 'password', user: 'me', passwordFile } as const
      await using owned = new OwnedSink([server.url], { credentials, modes, ackTimeoutMs: 5_000 })
      const batch = batchOf([lineOf('trade', 1), lineOf('gap', 2), lineOf('trade', 3)])
      const failure = await failureFrom(owned.sink.write(batch))
      assert.deepEqual([failure.code, failure.retryable], ['unauthorized', false])
      assert.match(failure.message, /[Pp]ermissions [Vv]iolation/)
    })
  }

  test('an inbox prefix that the user may subscribe to is used', async () => {
    await using server = await natsServer(() => permit('subscribe: { allow: "mine.>" }'))
    const passwordFile = server.file('password', 'p')
    const credentials = { kind: 'password', user: 'me', passwordFile } as const
    await using owned = new OwnedSink([server.url], { credentials, inboxPrefix: 'mine' })
    assert.deepEqual(await owned.sink.write(mixedBatch(0, 10)), [])
  })

  test('with TLS the server is known by its authority; without the authority, or without TLS there, nothing is sent', async () => {
    let caFile = ''
    await using server = await natsServer((it) => {
      const files = tlsFiles(it)
      caFile = files.caFile
      return files.config
    })
    const tls = { enabled: true, caFile, certFile: undefined, keyFile: undefined }
    await using owned = new OwnedSink([server.url], { tls })
    const batch = mixedBatch(0, 1_000)
    await owned.sink.write(batch)
    assert.deepEqual(difference(idsOf([batch]), await storedIn(server.url, 'TEST', { tls })), {
      lost: 0,
      twice: 0,
    })
    await using plain = await natsServer()
    for (const [url, options] of [
      [server.url, { ...tls, caFile: undefined }],
      [plain.url, tls],
    ] as const) {
      await using other = new OwnedSink([url], { tls: options })
      const failure = await failureFrom(other.sink.open())
      assert.deepEqual([failure.code, failure.retryable], ['tls', false])
    }
  })
})
