import { totalmem } from 'node:os'
import type { Processes } from './processes.ts'

/** What this host lets a process of this program have. */
export interface HostLimits {
  /** `24.21.0` */
  readonly nodeVersion: string
  /**
   * Descriptors that a process may have open; `undefined` where the system does not tell. Node raises its own limit to the hard one
   * when it starts, so this is what a collector will have as well.
   */
  readonly descriptors: number | undefined
  /** Memory that the container may take; `undefined` where that is no less than the machine has. */
  readonly memoryBytes: number | undefined
  readonly machineMemoryBytes: number
}

/** Reads them, now. */
export function hostLimits(
  processes: Pick<Processes, 'ownPid' | 'readings' | 'memoryLimitBytes'>,
): HostLimits {
  const machineMemoryBytes = totalmem()
  const limitBytes = processes.memoryLimitBytes() ?? Infinity
  return {
    nodeVersion: process.versions.node,
    descriptors: processes.readings(processes.ownPid)?.descriptorLimit,
    memoryBytes: limitBytes < machineMemoryBytes ? limitBytes : undefined,
    machineMemoryBytes,
  }
}
