import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandIn, listeningInodes, portHolder, tryPort } from '../../src/runtime/port-use.ts'
import { closedPort, tcp } from './loopback.ts'

/** As the kernel writes it: a listener, an established connection of the same port, and a listener at another. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F97 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 48213 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F97 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 48999 1 0000000000000000 20 4 30 10 -1
   2: 00000000:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 50001 1 0000000000000000 100 0 0 10 0
`
const TABLE_6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F97 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000000000000000 100 0 0 10 0
`

test('of a table of sockets only those that listen at the port count', () => {
  assert.deepEqual(listeningInodes(TABLE, 8_087), ['48213'])
  assert.deepEqual(listeningInodes(TABLE, 9_092), ['50001'])
  assert.deepEqual(listeningInodes(TABLE, 80), [])
  assert.deepEqual(listeningInodes(TABLE_6, 8_087), ['77'])
  assert.deepEqual(listeningInodes('', 8_087), [])
})

test('a command is told by its program and script, and none of its other arguments', () => {
  for (const [cmdline, command] of [
    ['/usr/bin/prometheus\0--web.listen-address=:9092\0', 'prometheus'],
    ['/opt/node\0--max-old-space-size=64\0/srv/app/server.mjs\0--token=secret\0', 'node server.mjs'],
    ['/usr/bin/node\0-e\0code\0', 'node'],
    ['nginx: master process\0', 'nginx: master process'],
    ['', ''],
  ] as const)
    assert.equal(commandIn(cmdline), command)
})

test('a port that is taken is told from one that is free, and its holder is found', async () => {
  await using server = await tcp(() => undefined)
  assert.deepEqual(await tryPort('127.0.0.1', server.port), { name: 'taken' })
  const holder = portHolder(server.port)
  assert.equal(holder?.pid, process.pid)
  assert.match(holder?.command ?? '', /^node /)
  const free = await closedPort()
  assert.deepEqual(await tryPort('127.0.0.1', free), { name: 'free' })
  assert.equal(portHolder(free), undefined)
})

test('trying a port leaves it free', async () => {
  const port = await closedPort()
  await tryPort('127.0.0.1', port)
  assert.deepEqual(await tryPort('127.0.0.1', port), { name: 'free' })
})

test('an address that is not of this machine is told with the reason', async () => {
  const outcome = await tryPort('192.0.2.1', 8_087)
  assert.equal(outcome.name, 'refused')
  assert.match('reason' in outcome ? outcome.reason : '', /EADDRNOTAVAIL/)
})
