import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo } from '../../../src/sinks/nats/connection.ts'
import { NATS_SKIPPED, natsServer } from '../nats-server.ts'
import { optionsFor } from './options.ts'

const PERMISSIONS = 'permissions: { publish: { deny: "gap.>" } }'

test(
  'once a flush is through, all that the server refused before has been told',
  { skip: NATS_SKIPPED },
  async () => {
    await using server = await natsServer(
      () => `authorization { users: [ { user: me, password: p, ${PERMISSIONS} } ] }`,
    )
    const credentials = { kind: 'password', user: 'me', passwordFile: server.file('password', 'p') } as const
    const connection = await connectTo(
      optionsFor([server.url], { credentials }),
      new AbortController().signal,
    )
    let refusals = 0
    connection.listen({ onAck: () => undefined, onFailure: () => refusals++ })
    for (let time = 0; time < 10; time++) connection.publish('gap.x', new Uint8Array(3))
    await connection.flush()
    assert.equal(refusals, 10)
    await connection.close()
  },
)

test(
  'a connection that ends says so to whoever listens, and why to whoever asks',
  { skip: NATS_SKIPPED },
  async () => {
    await using server = await natsServer()
    const connection = await connectTo(optionsFor([server.url]), new AbortController().signal)
    assert.ok(connection.isOpen)
    const ended = Promise.withResolvers<string>()
    connection.listen({ onAck: () => undefined, onFailure: ({ code }) => ended.resolve(code) })
    await server.kill()
    assert.equal(await ended.promise, 'unreachable')
    assert.equal(connection.isOpen, false)
    assert.equal(connection.failure.retryable, true)
  },
)

test('of several servers one that listens is found', { skip: NATS_SKIPPED }, async () => {
  await using dead = await natsServer()
  await using server = await natsServer()
  await dead.kill()
  const connection = await connectTo(optionsFor([dead.url, server.url]), new AbortController().signal)
  await connection.flush()
  await connection.close()
})
