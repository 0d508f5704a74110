/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | undefined
  readonly signal: string | undefined
  /** It could not be started. */
  readonly failure: string | undefined
}

export interface ProcessHearer {
  /** A line that it wrote to standard error or output. */
  line(text: string): void
  /** A message that it sent, as plain JSON. */
  message(message: unknown): void
  /** Called exactly once. */
  end(end: ProcessEnd): void
}

export interface ProcessOptions {
  /** Of this program: command and its arguments. */
  readonly args: readonly string[]
  /** Options of Node before the program. */
  readonly nodeArgs: readonly string[]
  /** Written to its standard input, which is then closed. */
  readonly input: string
  /** Its standard output is that of this process; otherwise it is read as lines. */
  readonly isOutputShared: boolean
}

/** A process of this program, started by this one. It ends with this one, whatever happens. */
export interface ChildProcess {
  readonly pid: number | undefined
  /** Does nothing once it has ended. */
  send(message: unknown): void
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void
}

/** States of TCP connections, as `collector_tcp_connections_by_state` names them. */
export const TCP_STATES = [
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
] as const
export type TcpState = (typeof TCP_STATES)[number]

/** A process as the system sees it. What the system does not tell is `undefined`. */
export interface ProcessReadings {
  readonly residentBytes: number | undefined
  /** Processor time since its start, s. */
  readonly cpuSeconds: number | undefined
  readonly threads: number | undefined
  readonly descriptors: number | undefined
  readonly descriptorLimit: number | undefined
  /** Its TCP sockets by state, found by their inodes; listening ones included. */
  readonly tcp: Readonly<Partial<Record<TcpState, number>>> | undefined
}

/** Processes of this machine. */
export interface Processes {
  readonly ownPid: number
  start(options: ProcessOptions, hearer: ProcessHearer): ChildProcess
  /** Reads it from outside, now; `undefined` once it is gone, or where the system has no /proc. Never throws. */
  readings(pid: number): ProcessReadings | undefined
  /** Text of what the system says about a process that is stuck: status, wait channel, kernel stack where it may be read. */
  evidence(pid: number): string
  /** How often the memory limit of the container has killed a process; `undefined` where there is none. */
  memoryKills(): number | undefined
  /** Memory that the container may take; `undefined` where there is no limit. */
  memoryLimitBytes(): number | undefined
}
