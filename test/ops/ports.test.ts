import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { freePorts } from '../../scripts/programs.ts'

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range'
const [first = Number.NaN] = existsSync(RANGE) ? readFileSync(RANGE, 'utf8').split('\t').map(Number) : []
/** As Linux has it by default. */
const isUsual = first === 32_768

test(
  'a port that is given as free is never one of outgoing connections',
  { skip: !isUsual && 'this system gives outgoing connections other ports' },
  async () => {
    const ports = await freePorts(100)
    assert.equal(new Set(ports).size, 100)
    assert.ok(Math.max(...ports) < first, `${Math.max(...ports)}, and ${first}`)
  },
)

test('a port at which somebody listens is not given', async () => {
  const taken = await Promise.all(
    (await freePorts(50)).map(async (port) => {
      const server = createServer().listen(port, '127.0.0.1')
      await once(server, 'listening')
      return { port, server }
    }),
  )
  try {
    const held = new Set(taken.map(({ port }) => port))
    assert.deepEqual(
      (await freePorts(3_000)).filter((port) => held.has(port)),
      [],
    )
  } finally {
    for (const { server } of taken) server.close()
  }
})
