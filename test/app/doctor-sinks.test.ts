import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { PASSWORD, USER } from '../engines/engine.ts'
import { closedPort } from '../runtime/loopback.ts'
import { engineOfFile } from '../sinks/clickhouse/world.ts'
import { NATS_SKIPPED, natsServer } from '../sinks/nats-server.ts'
import { withClient } from '../sinks/nats/rig.ts'
import { configOf, diagnose, find, temporaryFolder, told } from './doctor-world.ts'

const { skip, engine } = await engineOfFile()

/** What is told of one sink, of a configuration with these keys for it. */
async function lookAt(sink: 'nats' | 'clickhouse', keys: Readonly<Record<string, unknown>>): Promise<string> {
  using folder = temporaryFolder()
  const sinks = { parquet: { enabled: false }, [sink]: { enabled: true, ...keys } }
  const checks = await diagnose(configOf('deribit', await closedPort(), { folder: folder.path, sinks }))
  return told(find(checks, 'sinks', sink))
}

test('sinks that are not there are told as unreachable', async () => {
  const port = await closedPort()
  assert.match(await lookAt('nats', { servers: [`nats://127.0.0.1:${port}`] }), /^fault: .*: unreachable: /)
  assert.match(await lookAt('clickhouse', { url: `http://127.0.0.1:${port}` }), /^fault: .*: unreachable: /)
})

describe('on a real nats-server', { skip: NATS_SKIPPED }, () => {
  test('a missing stream is no fault, and is still missing afterwards', async () => {
    await using server = await natsServer()
    const text = await lookAt('nats', { servers: [server.url] })
    assert.match(text, /^ok: nats-server \d.*no stream MARKETPRISM: it is made/)
    const names = await withClient(server.url, async (client) => {
      const manager = await jetstreamManager(client)
      return (await manager.streams.list().next()).map(({ config }) => config.name)
    })
    assert.deepEqual(names, [])
  })

  test('a stream that is set up otherwise is told with each difference', async () => {
    await using server = await natsServer()
    await withClient(server.url, async (client) => {
      const manager = await jetstreamManager(client)
      await manager.streams.add({ name: 'MARKETPRISM', subjects: ['trade.>'], max_age: 60_000_000_000 })
    })
    const text = await lookAt('nats', { servers: [server.url] })
    assert.match(
      text,
      /^fault: .*set up otherwise: subjects is trade\.>.*max_age is 60 s, configured 86400 s/,
    )
  })

  test('a wrong password is told as such, and never shown', async () => {
    using folder = temporaryFolder()
    writeFileSync(`${folder.path}/password`, 'wrong-secret\n')
    await using server = await natsServer(() => 'authorization { user: prism, password: right }')
    const auth = { user: 'prism', password_file: `${folder.path}/password` }
    const text = await lookAt('nats', { servers: [server.url], auth })
    assert.match(text, /^fault: .*: unauthorized: /)
    assert.doesNotMatch(text, /wrong-secret/)
    writeFileSync(`${folder.path}/password`, 'right\n')
    assert.match(await lookAt('nats', { servers: [server.url], auth }), /^ok: /)
  })
})

describe('on a real ClickHouse', { skip }, () => {
  test('version and database are told, a wrong password too, and nothing is made', async () => {
    using folder = temporaryFolder()
    const keys = { url: engine.url, user: USER, password_file: `${folder.path}/password` }
    writeFileSync(keys.password_file, `${PASSWORD}\n`)
    for (let time = 0; time < 2; time++) {
      const text = await lookAt('clickhouse', keys)
      assert.match(text, /^ok: ClickHouse \d+\.\d+.*; database marketprism is made at the first start$/)
    }
    writeFileSync(keys.password_file, 'wrong-secret\n')
    const refused = await lookAt('clickhouse', keys)
    assert.match(refused, /^fault: .*: unauthorized: /)
    assert.doesNotMatch(refused, /wrong-secret/)
  })

  test('a password file that is not there is told', async () => {
    const text = await lookAt('clickhouse', { url: engine.url, password_file: '/nowhere/password' })
    assert.match(text, /^fault: .*: disk: .*\/nowhere\/password/)
  })
})
