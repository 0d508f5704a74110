import { type ChildProcess as NodeChild, spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { LineSplitter } from './lines.ts'
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
} from './proc-files.ts'
import type {
  ChildProcess,
  Processes,
  ProcessEnd,
  ProcessHearer,
  ProcessOptions,
  ProcessReadings,
} from './processes.ts'

/** A process that is gone may have lent its pipes to another; its own last lines are read within this. */
const DRAIN_MS = 500

/** Descriptors looked at one by one. With more, a look would take longer than those who wait for this process may wait. */
const LINKS_LIMIT = 10_000

/** Of what is kept as evidence. */
const EVIDENCE_LIMIT = 16_384

/** What /proc says of a process that is stuck. Never `environ` and `cmdline`: they may hold secrets. */
const EVIDENCE_FILES = ['status', 'wchan', 'syscall', 'stack'] as const

/** Tables of sockets are used again for so long. */
const TABLES_AGE_MS = 100

interface SocketTables {
  /** The network that they are of, by the name of its namespace. */
  readonly network: string
  readonly texts: readonly string[]
  readonly readMs: number
}

/** What is asked of the system, and the program that is started. */
export interface SystemProcessesOptions {
  /** The script that Node is given; the one that this process runs unless told otherwise. */
  readonly program?: string
  /** Node itself. */
  readonly node?: string
  readonly procFolder?: string
  readonly cgroupFolder?: string
}

/** Processes of this machine, read through /proc and the control groups where there are any. */
export class SystemProcesses implements Processes {
  readonly ownPid = process.pid
  readonly #program: string
  readonly #node: string
  readonly #proc: string
  readonly #cgroup: string
  #tables: SocketTables | undefined

  constructor(options: SystemProcessesOptions = {}) {
    this.#program = options.program ?? process.argv[1] ?? ''
    this.#node = options.node ?? process.execPath
    this.#proc = options.procFolder ?? '/proc'
    this.#cgroup = options.cgroupFolder ?? '/sys/fs/cgroup'
  }

  /** Never throws: what cannot be started ends with a failure, after this has returned. */
  start({ args, nodeArgs, input, isOutputShared }: ProcessOptions, hearer: ProcessHearer): ChildProcess {
    const child = this.#spawn([...nodeArgs, this.#program, ...args], isOutputShared ? 'inherit' : 'pipe')
    if (typeof child === 'string') {
      queueMicrotask(() => hearer.end({ code: undefined, signal: undefined, failure: child }))
      return { pid: undefined, send: () => undefined, kill: () => undefined }
    }
    // A process that ends before it has read everything is no fault here.
    child.stdin?.on('error', () => undefined).end(input)
    listen(child, hearer)
    return { pid: child.pid, send: (message) => send(child, message), kill: (signal) => kill(child, signal) }
  }

  /** Answers why there is no process, where there is none: too many of them, no memory, or the program is being replaced. */
  #spawn(args: readonly string[], output: 'inherit' | 'pipe'): NodeChild | string {
    try {
      // Detached: Ctrl-C is for this process, which ends its children itself. The channel ends them with it in any case.
      return spawn(this.#node, args, { detached: true, stdio: ['pipe', output, 'pipe', 'ipc'] })
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause)
    }
  }

  readings(pid: number): ProcessReadings | undefined {
    const stat = parseStat(this.#read(pid, 'stat') ?? '')
    // What has ended stays in the table until it has been asked for its code.
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
    const descriptors = this.#descriptors(pid)
    return {
      ...parseStatus(this.#read(pid, 'status') ?? ''),
      cpuSeconds: stat.cpuSeconds,
      descriptors: descriptors?.length,
      descriptorLimit: parseDescriptorLimit(this.#read(pid, 'limits') ?? ''),
      tcp: descriptors === undefined ? undefined : this.#tcp(pid, descriptors),
    }
  }

  evidence(pid: number): string {
    const parts = EVIDENCE_FILES.map((name) => `== ${name}\n${this.#read(pid, name) ?? 'cannot be read'}\n`)
    return parts.join('').slice(0, EVIDENCE_LIMIT)
  }

  memoryKills(): number | undefined {
    const { v2, v1 } = this.#memoryGroups()
    const texts = [
      ...(v2 === undefined ? [] : [readText(join(this.#cgroup, v2, 'memory.events'))]),
      ...(v1 === undefined ? [] : [readText(join(this.#cgroup, 'memory', v1, 'memory.oom_control'))]),
      // In a container the path may be that of the host, while the group itself is mounted as the root.
      readText(join(this.#cgroup, 'memory.events')),
      readText(join(this.#cgroup, 'memory', 'memory.oom_control')),
    ]
    return texts.map((text) => parseMemoryKills(text ?? '')).find((kills) => kills !== undefined)
  }

  memoryLimitBytes(): number | undefined {
    const { v2, v1 } = this.#memoryGroups()
    const paths = [
      ...groupsAbove(v2 ?? '/').map((group) => join(this.#cgroup, group, 'memory.max')),
      ...groupsAbove(v1 ?? '/').map((group) => join(this.#cgroup, 'memory', group, 'memory.limit_in_bytes')),
    ]
    const limits = paths
      .map((path) => parseMemoryLimit(readText(path) ?? ''))
      .filter((bytes) => bytes !== undefined)
    return limits.length === 0 ? undefined : Math.min(...limits)
  }

  #memoryGroups(): ReturnType<typeof parseMemoryGroups> {
    return parseMemoryGroups(readText(join(this.#proc, 'self', 'cgroup')) ?? '')
  }

  #read(pid: number, name: string): string | undefined {
    return readText(join(this.#proc, String(pid), name))
  }

  /** Names of its open descriptors. */
  #descriptors(pid: number): readonly string[] | undefined {
    return attempt(() => readdirSync(join(this.#proc, String(pid), 'fd')))
  }

  /** `undefined` where not all of its sockets can be told. */
  #tcp(pid: number, descriptors: readonly string[]): ProcessReadings['tcp'] {
    if (descriptors.length > LINKS_LIMIT) return undefined
    const folder = join(this.#proc, String(pid), 'fd')
    const inodes = new Set<string>()
    for (const name of descriptors) {
      // Closed since the list was read.
      const link = attempt(() => readlinkSync(`${folder}/${name}`))
      const inode = link === undefined ? undefined : socketInode(link)
      if (inode !== undefined) inodes.add(inode)
    }
    const tables = this.#socketTables(pid)
    return tables === undefined ? undefined : countStates(tables, inodes)
  }

  /** The kernel goes through all sockets of the machine to write these: processes that are looked at together share them. */
  #socketTables(pid: number): readonly string[] | undefined {
    const network = attempt(() => readlinkSync(join(this.#proc, String(pid), 'ns', 'net')))
    const kept = this.#tables
    const nowMs = performance.now()
    if (kept !== undefined && kept.network === network && nowMs - kept.readMs < TABLES_AGE_MS)
      return kept.texts
    const table = this.#read(pid, 'net/tcp')
    if (table === undefined) return undefined
    // Absent where IPv6 is switched off, and as dear where it is on and nobody uses it.
    const isUnused = hasNoTcp6(this.#read(pid, 'net/sockstat6') ?? '')
    const texts = [table, isUnused ? '' : (this.#read(pid, 'net/tcp6') ?? '')]
    this.#tables = network === undefined ? undefined : { network, texts, readMs: nowMs }
    return texts
  }
}

/** Passes on what a child says, and its end once, after its last lines. */
function listen(child: NodeChild, hearer: ProcessHearer): void {
  const splitters = [child.stdout, child.stderr].map((stream) => readLines(stream, hearer))
  let isEnded = false
  const finish = (end: ProcessEnd): void => {
    if (isEnded) return
    isEnded = true
    for (const splitter of splitters) splitter.close()
    hearer.end(end)
  }
  child.on('message', (message) => {
    if (!isEnded) hearer.message(message)
  })
  // Also told of a message or a signal that could not be sent: only what was never started ends by it.
  child.on('error', ({ message }) => {
    if (child.pid === undefined) finish({ code: undefined, signal: undefined, failure: message })
  })
  child.once('exit', (code, signal) => {
    const end = { code: code ?? undefined, signal: signal ?? undefined, failure: undefined }
    const drain = setTimeout(() => finish(end), DRAIN_MS)
    child.once('close', () => {
      clearTimeout(drain)
      finish(end)
    })
  })
}

function readLines(stream: Readable | null, hearer: ProcessHearer): { close(): void } {
  const splitter = new LineSplitter((line) => hearer.line(line))
  const take = (text: string): void => splitter.push(text)
  stream?.setEncoding('utf8').on('data', take)
  // A pipe that breaks ends like one that is closed.
  stream?.on('error', () => undefined)
  return {
    close: () => {
      stream?.off('data', take).destroy()
      splitter.end()
    },
  }
}

function send(child: NodeChild, message: unknown): void {
  if (!child.connected) return
  // With a callback a channel that closes meanwhile is told to it, and not thrown at this process.
  child.send(Object(message), () => undefined)
}

/** By force it ends with all that it has started: they are in a group of their own. */
function kill(child: NodeChild, signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const { pid } = child
  const isGroupKilled = signal === 'SIGKILL' && attempt(() => process.kill(-pid, signal)) === true
  if (!isGroupKilled) child.kill(signal)
}

function readText(path: string): string | undefined {
  return attempt(() => readFileSync(path, 'utf8'))
}

/** Whatever the system says: a process may be gone or closed to us between any two looks at it. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
