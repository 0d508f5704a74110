import { TCP_STATES, type TcpState } from './processes.ts'

/** Ticks of processor time a second, as /proc tells them: fixed in the interface of Linux, whatever the kernel counts in. */
const TICKS_PER_SECOND = 100

/** Limits of cgroup v1 from here on mean that there is none: it writes the largest number of pages that it can. */
const NO_LIMIT_BYTES = 2 ** 60

/** By their codes in /proc/net/tcp, from 01: `TCP_STATES` is in that order, and 0C is a handshake that has just begun. */
const STATE_BY_CODE: ReadonlyMap<string, TcpState> = new Map(
  [...TCP_STATES, 'syn_recv' as const].map((state, index) => [codeText(index + 1), state]),
)

function codeText(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0')
}

/** What /proc/PID/stat tells. */
export interface Stat {
  /** `R` running, `D` waits for the disk, `T` stopped, `Z` has ended. */
  readonly state: string
  /** Of all its threads, in user and kernel mode. */
  readonly cpuSeconds: number
}

/** Reads /proc/PID/stat; `undefined` where it is not one. */
export function parseStat(text: string): Stat | undefined {
  // The name in field 2 may hold spaces and parentheses; field 3 is the first behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', userTicks, systemTicks] = [fields[0], count(fields[11]), count(fields[12])]
  if (state.length !== 1 || userTicks === undefined || systemTicks === undefined) return undefined
  return { state, cpuSeconds: (userTicks + systemTicks) / TICKS_PER_SECOND }
}

/** What /proc/PID/status tells; a process that is ending has no memory any more. */
export interface Status {
  readonly residentBytes: number | undefined
  readonly threads: number | undefined
}

/** Reads /proc/PID/status. */
export function parseStatus(text: string): Status {
  const residentKb = count(/^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1])
  return {
    residentBytes: residentKb === undefined ? undefined : residentKb * 1_024,
    threads: count(/^Threads:\s*(\d+)$/m.exec(text)?.[1]),
  }
}

/** The soft limit of open files in /proc/PID/limits; `undefined` where there is none. */
export function parseDescriptorLimit(text: string): number | undefined {
  return count(/^Max open files\s+(\d+)\s/m.exec(text)?.[1])
}

/** The inode in the name of an open socket, `socket:[4711]`; `undefined` of all else. */
export function socketInode(link: string): string | undefined {
  return link.startsWith('socket:[') && link.endsWith(']') ? link.slice(8, -1) : undefined
}

/**
 * Counts the sockets of tables like /proc/net/tcp whose inodes are among `inodes`, by state. A connection in `time_wait` has no inode
 * any more and belongs to nobody.
 */
export function countStates(
  tables: readonly string[],
  inodes: ReadonlySet<string>,
): Readonly<Partial<Record<TcpState, number>>> {
  const counts: Partial<Record<TcpState, number>> = {}
  for (const line of tables.flatMap((table) => table.split('\n').slice(1))) {
    const fields = line.trimStart().split(/ +/, 10)
    const state = STATE_BY_CODE.get(fields[3] ?? '')
    if (state !== undefined && inodes.has(fields[9] ?? '')) counts[state] = (counts[state] ?? 0) + 1
  }
  return counts
}

/** Whether /proc/net/sockstat6 says that there is no TCP socket of IPv6 at all. */
export function hasNoTcp6(text: string): boolean {
  return /^TCP6: inuse 0$/m.test(text)
}

/** How often the system has killed a process of a cgroup for want of memory: memory.events of v2, memory.oom_control of v1. */
export function parseMemoryKills(text: string): number | undefined {
  return count(/^oom_kill (\d+)$/m.exec(text)?.[1])
}

/** memory.max of v2 or memory.limit_in_bytes of v1; `undefined` where nothing is limited. */
export function parseMemoryLimit(text: string): number | undefined {
  const bytes = count(text.trim())
  return bytes === undefined || bytes >= NO_LIMIT_BYTES ? undefined : bytes
}

/** Where a process stands in the trees of control groups that count memory; absent where it is in none. */
export interface MemoryGroups {
  readonly v2: string | undefined
  readonly v1: string | undefined
}

/** Reads /proc/PID/cgroup: `0::/path` of v2, `4:memory:/path` of v1. */
export function parseMemoryGroups(text: string): MemoryGroups {
  const groups = text
    .split('\n')
    .map((line) => /^(\d+):([^:]*):(\/.*)$/.exec(line))
    .filter((group) => group !== null)
  return {
    v2: groups.find(([, number, kinds]) => number === '0' && kinds === '')?.[3],
    v1: groups.find(([, , kinds = '']) => kinds.split(',').includes('memory'))?.[3],
  }
}

/** A path of a control group and those above it, the innermost first: a limit of any of them holds. */
export function groupsAbove(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`).concat('/')
}

function count(digits: string | undefined): number | undefined {
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : undefined
}
