import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { after, test } from 'node:test'
import type { ChildProcess, ProcessEnd } from '../../src/runtime/processes.ts'
import { SystemProcesses } from '../../src/runtime/system-processes.ts'
import { type Loopback, tcp } from './loopback.ts'

const folder = mkdtempSync(join(tmpdir(), 'marketprism-processes-'))
after(() => rmSync(folder, { recursive: true }))

const LIMIT = { timeout: 20_000 }
/** Twice what it takes while others use the processors. */
const BUSY_MS = 50
/** Until a process that has nothing to do has ended, on a busy machine. */
const ENDED_LIMIT_MS = 5_000

/** A program of its own for each test. */
function program(name: string, text: string): string {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, text)
  return path
}

interface Started {
  readonly child: ChildProcess
  readonly lines: readonly string[]
  readonly messages: readonly unknown[]
  readonly ended: Promise<ProcessEnd>
  /** Resolves with the next message. */
  message(): Promise<unknown>
  endCount(): number
}

interface Given {
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly input?: string
}

function start(processes: SystemProcesses, given: Given = {}): Started {
  const lines: string[] = []
  const messages: unknown[] = []
  const ended = Promise.withResolvers<ProcessEnd>()
  let next = Promise.withResolvers<unknown>()
  let ends = 0
  const child = processes.start(
    { args: [], nodeArgs: [], input: '', isOutputShared: false, ...given },
    {
      line: (line) => lines.push(line),
      message: (message) => {
        messages.push(message)
        next.resolve(message)
        next = Promise.withResolvers()
      },
      end: (end) => {
        ends += 1
        ended.resolve(end)
      },
    },
  )
  return { child, lines, messages, ended: ended.promise, message: () => next.promise, endCount: () => ends }
}

const run = (name: string, text: string, given?: Given): Started =>
  start(new SystemProcesses({ program: program(name, text) }), given)

test(
  'a process gets its arguments and its input, and what it writes and sends is heard before its end',
  LIMIT,
  async () => {
    const started = run(
      'speaks',
      `import { text } from 'node:stream/consumers'
     const input = await text(process.stdin)
     process.stdout.write('out ' + input + '\\n')
     process.stderr.write('err \\u001b[2J' + process.argv.slice(2).join(' ') + ' ' + process.execArgv.join(' '))
     process.send({ kind: 'report' }, () => process.exit(3))`,
      { args: ['collect', '--config', '-'], nodeArgs: ['--max-old-space-size=100'], input: 'venues: {}' },
    )
    assert.deepEqual(await started.ended, { code: 3, signal: undefined, failure: undefined })
    assert.deepEqual(started.lines.toSorted(), [
      'err \\u001b[2Jcollect --config - --max-old-space-size=100',
      'out venues: {}',
    ])
    assert.deepEqual(started.messages, [{ kind: 'report' }])
  },
)

test('what cannot be started ends with why, once', LIMIT, async () => {
  const started = start(new SystemProcesses({ node: join(folder, 'nothing'), program: 'x' }))
  assert.equal(started.child.pid, undefined)
  const { code, signal, failure = '' } = await started.ended
  assert.deepEqual([code, signal], [undefined, undefined])
  assert.match(failure, /ENOENT/)
  started.child.send({})
  started.child.kill('SIGKILL')
  assert.equal(started.endCount(), 1)
})

test(
  'a process that ends without reading its input, or closes its channel, harms nobody',
  LIMIT,
  async () => {
    const deaf = run('deaf', 'process.exit(0)', { input: 'x'.repeat(5_000_000) })
    assert.equal((await deaf.ended).code, 0)
    const parted = run(
      'parted',
      `process.send('parting', () => { process.disconnect(); console.error('parted'); setInterval(() => undefined, 1000) })`,
    )
    await parted.message()
    for (let count = 0; count < 100; count++) {
      parted.child.send({ kind: 'ask', count })
      await new Promise((resolve) => setImmediate(resolve))
    }
    parted.child.kill('SIGTERM')
    assert.equal((await parted.ended).signal, 'SIGTERM')
    parted.child.send({ kind: 'ask' })
    parted.child.kill('SIGKILL')
  },
)

test('one that is killed takes along what it has started', LIMIT, async () => {
  const parted = Promise.withResolvers<void>()
  await using server = await tcp((socket) => socket.on('close', () => parted.resolve()))
  const started = run(
    'family',
    `import { spawn } from 'node:child_process'
     const held = "require('node:net').connect(" + process.argv[2] + ", '127.0.0.1').on('close', () => process.exit())"
     spawn(process.execPath, ['-e', held], { stdio: 'ignore' })
     setInterval(() => undefined, 1000)`,
    { args: [String(server.port)] },
  )
  await once(server.server, 'connection')
  started.child.kill('SIGKILL')
  assert.equal((await started.ended).signal, 'SIGKILL')
  await parted.promise
})

test('the end is told even when another process keeps its pipes open', LIMIT, async (context) => {
  const started = run(
    'leaves-pipes',
    `import { spawn } from 'node:child_process'
     const left = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: ['ignore', 'inherit', 'inherit'] })
     console.error('last words')
     process.send(left.pid, () => process.exit(70))`,
  )
  const pid = Number(await started.message())
  context.after(() => process.kill(pid, 'SIGKILL'))
  assert.equal((await started.ended).code, 70)
  assert.deepEqual(started.lines, ['last words'])
})

test('a child ends when its parent is gone, however that went', LIMIT, async () => {
  const parted = Promise.withResolvers<void>()
  await using server = await tcp((socket) => socket.on('close', () => parted.resolve()))
  const child = program(
    'orphan',
    `import { connect } from 'node:net'
     connect(Number(process.argv[2]), '127.0.0.1')
     process.once('disconnect', () => process.exit(0))`,
  )
  const module = new URL('../../src/runtime/system-processes.ts', import.meta.url).href
  const parent = program(
    'parent',
    `import { SystemProcesses } from ${JSON.stringify(module)}
     const hearer = { line: () => undefined, message: () => undefined, end: () => undefined }
     new SystemProcesses({ program: ${JSON.stringify(child)} })
       .start({ args: ['${server.port}'], nodeArgs: [], input: '', isOutputShared: false }, hearer)`,
  )
  const supervisor = spawn(process.execPath, [parent], { stdio: 'inherit' })
  await once(server.server, 'connection')
  supervisor.kill('SIGKILL')
  await parted.promise
})

/** Sockets that are open on both sides. */
async function connected(server: Loopback<Server>, count: number): Promise<readonly Socket[]> {
  const clients = Array.from({ length: count }, () => connect(server.port, '127.0.0.1'))
  await Promise.all(clients.map((client) => once(client, 'connect')))
  while (server.sockets.size < count) await once(server.server, 'connection')
  return clients
}

async function closed(sockets: readonly Socket[]): Promise<void> {
  const closes = sockets.map((socket) => once(socket, 'close'))
  for (const socket of sockets) socket.destroy()
  await Promise.all(closes)
}

const isLinux = process.platform === 'linux'

test('sockets of IPv6 are counted like those of IPv4', { skip: !isLinux }, async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '::1')
  const [failure] = await Promise.race([once(server, 'listening'), once(server, 'error')])
  if (failure !== undefined) return context.skip('no IPv6 on this machine')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const before = new SystemProcesses().readings(process.pid)?.tcp ?? {}
  const accepted = once(server, 'connection')
  const client = connect(address.port, '::1')
  await Promise.all([once(client, 'connect'), accepted])
  const { established = 0 } = new SystemProcesses().readings(process.pid)?.tcp ?? {}
  assert.equal(established - (before.established ?? 0), 2)
  assert.ok((before.listen ?? 0) >= 1)
  await closed([client])
  server.close()
  await once(server, 'close')
})

test('the sockets of a process are counted by state, listening ones too', { skip: !isLinux }, async () => {
  const before = new SystemProcesses().readings(process.pid)?.tcp ?? {}
  await using server = await tcp(() => undefined)
  const clients = await connected(server, 5)
  const readings = new SystemProcesses().readings(process.pid)
  assert.equal((readings?.tcp?.established ?? 0) - (before.established ?? 0), 10)
  assert.equal((readings?.tcp?.listen ?? 0) - (before.listen ?? 0), 1)
  await closed(clients)
})

test('a process is read with its memory, time, threads and descriptors', { skip: !isLinux }, () => {
  const readings = new SystemProcesses().readings(process.pid)
  assert.ok(readings !== undefined)
  const { residentBytes = 0, cpuSeconds = 0, threads = 0, descriptors = 0 } = readings
  assert.ok(residentBytes > 10_000_000)
  assert.ok(cpuSeconds > 0)
  assert.ok(threads > 1)
  assert.ok(descriptors > 10)
  assert.ok((readings.descriptorLimit ?? Infinity) > descriptors)
})

test(
  'a thousand descriptors are read within 50 ms of processor time',
  { skip: !isLinux },
  async (context) => {
    await using server = await tcp(() => undefined)
    const clients = await connected(server, 200)
    const files = Array.from({ length: 600 }, () => openSync('/dev/null', 'r'))
    const timesMs = Array.from({ length: 20 }, () => {
      const before = process.cpuUsage()
      assert.ok((new SystemProcesses().readings(process.pid)?.descriptors ?? 0) >= 1_000)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    for (const file of files) closeSync(file)
    await closed(clients)
    const sorted = timesMs.toSorted((a, b) => a - b)
    context.diagnostic(`${sorted[0]?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)} ms`)
    // Processor time too grows while others use the machine: the quickest of them tell what it needs.
    assert.ok((sorted[4] ?? Infinity) < BUSY_MS, `${sorted.map((ms) => ms.toFixed(1)).join(' ')} ms`)
  },
)

test(
  'a process may be read at every moment of its life and after it',
  { skip: !isLinux, ...LIMIT },
  async () => {
    const processes = new SystemProcesses()
    for (let round = 0; round < 3; round++) {
      const started = run('short', 'process.exit(0)')
      const { pid = 0 } = started.child
      assert.notEqual(processes.readings(pid), undefined)
      // Without a turn of the loop it stays in the table when it has ended.
      const limitMs = performance.now() + ENDED_LIMIT_MS
      while (processes.readings(pid) !== undefined && performance.now() < limitMs) processes.evidence(pid)
      assert.equal(processes.readings(pid), undefined)
      processes.evidence(pid)
      await started.ended
      assert.equal(processes.readings(pid), undefined)
      assert.match(processes.evidence(pid), /== status\ncannot be read/)
    }
  },
)

test(
  'evidence tells where a process stands, and nothing of its environment or arguments',
  { skip: !isLinux, ...LIMIT },
  async () => {
    process.env['MARKETPRISM_CANARY'] = 'canary-of-the-environment'
    const started = run('waits', `process.send('here'); setInterval(() => undefined, 1000)`, {
      args: ['canary-of-the-arguments'],
    })
    delete process.env['MARKETPRISM_CANARY']
    await started.message()
    const text = new SystemProcesses().evidence(started.child.pid ?? 0)
    started.child.kill('SIGKILL')
    await started.ended
    assert.match(text, /== status\nName:\s+\w+\n/)
    for (const part of ['== wchan', '== syscall', '== stack']) assert.ok(text.includes(part))
    assert.doesNotMatch(text, /canary/)
    assert.ok(text.length <= 16_384)
  },
)

/** Folders like those of the system, with these files. */
function systemFolders(name: string, files: Readonly<Record<string, string>>): SystemProcesses {
  const root = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return new SystemProcesses({ procFolder: join(root, 'proc'), cgroupFolder: join(root, 'cgroup') })
}

test('memory of the container is read in both versions, the narrowest limit above it counting', () => {
  const v2 = systemFolders('v2', {
    'proc/self/cgroup': '0::/a/b\n',
    'cgroup/a/b/memory.events': 'oom 3\noom_kill 2\n',
    'cgroup/a/b/memory.max': 'max\n',
    'cgroup/a/memory.max': '4294967296\n',
    'cgroup/memory.events': 'oom_kill 99\n',
  })
  assert.deepEqual([v2.memoryKills(), v2.memoryLimitBytes()], [2, 4_294_967_296])
  const v1 = systemFolders('v1', {
    'proc/self/cgroup': '4:memory:/jobs/7\n0::/\n',
    'cgroup/memory/jobs/7/memory.oom_control': 'oom_kill_disable 0\noom_kill 5\n',
    'cgroup/memory/jobs/7/memory.limit_in_bytes': '1073741824\n',
    'cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  })
  assert.deepEqual([v1.memoryKills(), v1.memoryLimitBytes()], [5, 1_073_741_824])
})

test('a container that sees its own group as the root is read there, whatever path it is told', () => {
  const v2 = systemFolders('container-v2', {
    'proc/self/cgroup': '0::/../../docker/0123\n',
    'cgroup/memory.events': 'oom_kill 1\n',
    'cgroup/memory.max': '2147483648\n',
  })
  assert.deepEqual([v2.memoryKills(), v2.memoryLimitBytes()], [1, 2_147_483_648])
  const v1 = systemFolders('container-v1', {
    'proc/self/cgroup': '4:memory:/docker/0123\n',
    'cgroup/memory/memory.oom_control': 'oom_kill 0\n',
    'cgroup/memory/memory.limit_in_bytes': '2147483648\n',
  })
  assert.deepEqual([v1.memoryKills(), v1.memoryLimitBytes()], [0, 2_147_483_648])
})

test('where there is no such system nothing is told and nothing thrown', () => {
  const nothing = systemFolders('nothing', {})
  assert.deepEqual([nothing.memoryKills(), nothing.memoryLimitBytes()], [undefined, undefined])
  assert.equal(nothing.readings(process.pid), undefined)
  assert.match(nothing.evidence(process.pid), /cannot be read/)
})

test('a process that shares our output writes there, and its complaints are heard still', LIMIT, async () => {
  const child = program('shares', `console.log('to all'); console.error('to the one who watches')`)
  const module = new URL('../../src/runtime/system-processes.ts', import.meta.url).href
  const parent = program(
    'shares-parent',
    `import { SystemProcesses } from ${JSON.stringify(module)}
     const hearer = {
       line: (line) => process.stdout.write('heard ' + line + '\\n'), message: () => undefined, end: () => undefined,
     }
     new SystemProcesses({ program: ${JSON.stringify(child)} })
       .start({ args: [], nodeArgs: [], input: '', isOutputShared: true }, hearer)`,
  )
  const supervisor = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] })
  const written = await textOf(supervisor.stdout)
  assert.deepEqual(written.trim().split('\n').toSorted(), ['heard to the one who watches', 'to all'])
})
