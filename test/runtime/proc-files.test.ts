import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countStates,
  groupsAbove,
  hasNoTcp6,
  parseDescriptorLimit,
  parseMemoryGroups,
  parseMemoryKills,
  parseMemoryLimit,
  parseStat,
  parseStatus,
  socketInode,
} from '../../src/runtime/proc-files.ts'

test('stat tells state and processor time, whatever the name of the program is', () => {
  const rest = 'R 1 2 3 0 -1 4194304 98 0 0 0 250 50 7 8 20 0 11 0 1188622 3133440 382'
  for (const name of ['node', 'a b', ') S 1 (', '((']) {
    assert.deepEqual(parseStat(`4711 (${name}) ${rest}\n`), { state: 'R', cpuSeconds: 3 }, name)
  }
})

test('a stat that is cut off or empty tells nothing', () => {
  for (const text of ['', '4711', '4711 (node)', '4711 (node) R 1 2', 'nonsense of any kind at all']) {
    assert.equal(parseStat(text), undefined, text)
  }
})

test('status tells memory in bytes and threads, and leaves out what is not there', () => {
  assert.deepEqual(parseStatus('Name:\tnode\nVmRSS:\t    1628 kB\nThreads:\t11\n'), {
    residentBytes: 1_667_072,
    threads: 11,
  })
  assert.deepEqual(parseStatus('Name:\tVmRSS: 3 kB\nState:\tZ (zombie)\nThreads:\t1\n'), {
    residentBytes: undefined,
    threads: 1,
  })
  assert.deepEqual(parseStatus(''), { residentBytes: undefined, threads: undefined })
})

test('the soft limit of open files counts, and none is none', () => {
  const limits = (soft: string): string =>
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             96365                96365                processes ',
      `Max open files            ${soft.padEnd(21)}20000                files     `,
    ].join('\n')
  assert.equal(parseDescriptorLimit(limits('1024')), 1_024)
  assert.equal(parseDescriptorLimit(limits('unlimited')), undefined)
  assert.equal(parseDescriptorLimit(''), undefined)
})

test('only a socket has the inode of a socket', () => {
  assert.equal(socketInode('socket:[4711]'), '4711')
  for (const link of ['pipe:[4711]', '/tmp/socket:[4711]', 'anon_inode:[eventpoll]', 'socket:[4711', '']) {
    assert.equal(socketInode(link), undefined, link)
  }
})

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 105 1 00000000791344de 100 0 0 10 0
   1: 0100007F:1F90 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000  1000        0 106 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:A1B2 0100007F:1F90 08 00000000:00000001 02:000000AB 00000000  1000        0 107 2 0000000000000000 20 4 30 10 -1
   3: 0100007F:A1B3 0100007F:1F90 06 00000000:00000000 03:0000176F 00000000     0        0 0 3 0000000000000000
  10: 0100007F:A1B4 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 999 1 0000000000000000 20 4 30 10 -1
  11: 0100007F:A1B5 0100007F:1F90 0C 00000000:00000000 00:00000000 00000000  1000        0 108 1 0000000000000000 20 4 30 10 -1
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F91 00000000000000000000000001000000:A1B6 01 00000000:00000000 00:00000000 00000000  1000        0 109 1 0000000000000000 20 4 30 10 -1
`

test('sockets are counted by state over all tables, and only those whose inodes are asked for', () => {
  assert.deepEqual(countStates([TCP, TCP6], new Set(['105', '106', '107', '108', '109', '0x'])), {
    listen: 1,
    established: 2,
    close_wait: 1,
    syn_recv: 1,
  })
  assert.deepEqual(countStates([TCP, TCP6], new Set()), {})
  assert.deepEqual(countStates(['', 'head\n  0: half a', 'head\n\n'], new Set(['105', ''])), {})
})

test('there is no socket of IPv6 only where the system says so', () => {
  assert.equal(hasNoTcp6('TCP6: inuse 0\nUDP6: inuse 3\n'), true)
  for (const text of ['TCP6: inuse 10\nUDP6: inuse 0\n', 'TCP6: inuse 01\n', '']) {
    assert.equal(hasNoTcp6(text), false, text)
  }
})

test('kills for want of memory are read in the forms of both versions', () => {
  assert.equal(parseMemoryKills('low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 1\n'), 3)
  assert.equal(parseMemoryKills('oom_kill_disable 1\nunder_oom 0\noom_kill 2\n'), 2)
  assert.equal(parseMemoryKills('oom_kill_disable 0\nunder_oom 0\n'), undefined)
  assert.equal(parseMemoryKills(''), undefined)
})

test('a limit of memory is one only when it limits', () => {
  assert.equal(parseMemoryLimit('4294967296\n'), 4_294_967_296)
  for (const text of ['max\n', '9223372036854771712\n', '', '-1']) {
    assert.equal(parseMemoryLimit(text), undefined, text)
  }
})

test('the groups that count memory are found in the forms of both versions', () => {
  assert.deepEqual(parseMemoryGroups('0::/system.slice/a.service\n'), {
    v2: '/system.slice/a.service',
    v1: undefined,
  })
  assert.deepEqual(parseMemoryGroups('9:name=systemd:/x\n4:cpu,memory:/jobs/b:c\n0::/\n'), {
    v2: '/',
    v1: '/jobs/b:c',
  })
  assert.deepEqual(parseMemoryGroups(''), { v2: undefined, v1: undefined })
})

test('a group stands below all those above it', () => {
  assert.deepEqual(groupsAbove('/a/b'), ['/a/b', '/a', '/'])
  assert.deepEqual(groupsAbove('/'), ['/'])
})
