import type { Config } from '../../config/schema.ts'
import { shardsOf } from '../../config/selection.ts'
import type { HostLimits } from '../../runtime/host-limits.ts'
import type { VenuePlan } from '../plan.ts'
import { size } from '../screen.ts'
import { type Check, check, type Finding, fault, ok, warning } from './check.ts'

/** As package.json says. */
export const NODE_MAJOR_MIN = 24
/** REST connections that a collector keeps to one venue. */
const REST_SOCKETS = 4
/** Journal, captures, pipes, libraries: a process without sockets has about 25. */
const OWN_DESCRIPTORS = 64
/** Connections that the HTTP server takes at once, in the process of the supervisor. */
const HTTP_CONNECTIONS = 512
/** Beyond this share of the limit, alerts are raised. */
const DESCRIPTOR_SHARE = 0.7

const MEBIBYTE = 1024 * 1024
/** What a collector takes beside its heap, and the other processes of an instance beside their work. */
const BESIDE_HEAP_BYTES = 512 * MEBIBYTE

/** Node and the limits of the host, held against what the configuration needs. */
export function judgeLimits(
  limits: HostLimits,
  config: Config,
  plans: readonly VenuePlan[],
): readonly Check[] {
  const group = 'system'
  const needed = descriptorsNeeded(config, plans)
  return [
    check(group, 'node', judgeNode(limits.nodeVersion)),
    check(group, 'descriptors', judgeDescriptors(limits.descriptors, needed)),
    check(group, 'memory', judgeMemory(limits, config)),
  ]
}

/** `version` as `24.21.0`. */
export function judgeNode(version: string): Finding {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return ok(`Node ${version}`)
  return fault(`Node ${version}`, `install Node ${NODE_MAJOR_MIN} or newer`)
}

/** Of whichever process needs more: a collector while all its sockets are being replaced, or the supervisor with all its clients. */
export function descriptorsNeeded({ http, supervisor }: Config, plans: readonly VenuePlan[]): number {
  const needs = plans.map(({ sockets }) => sockets.length * 2 + REST_SOCKETS)
  const isOne = supervisor.collectors === 'one'
  const collector =
    OWN_DESCRIPTORS + (isOne ? needs.reduce((sum, need) => sum + need, 0) : Math.max(0, ...needs))
  return http.enabled ? Math.max(collector, OWN_DESCRIPTORS + HTTP_CONNECTIONS) : collector
}

/** `limit` is `undefined` where the system does not tell. */
export function judgeDescriptors(limit: number | undefined, needed: number): Finding {
  if (limit === undefined) {
    return warning('this system does not tell its limit', `see to it that a process may open ${needed} files`)
  }
  const text = `${limit === Infinity ? 'any number' : limit} may be open, up to ${needed} are needed`
  const advice = `raise it: \`ulimit -n 65536\`, LimitNOFILE=65536 of a service, \`--ulimit nofile=65536\` of a container`
  if (limit < needed) return fault(text, advice)
  return needed > limit * DESCRIPTOR_SHARE ? warning(text, advice) : ok(text)
}

/** The limit of the container, or else the machine, must have room for the heap: otherwise the kernel ends the collector without a word. */
export function judgeMemory(
  { memoryBytes, machineMemoryBytes }: Pick<HostLimits, 'memoryBytes' | 'machineMemoryBytes'>,
  config: Config,
): Finding {
  const { supervisor, sinks } = config
  const collectors = shardsOf(config).length
  const heapBytes = supervisor.heapMb * MEBIBYTE * collectors
  const storeBytes = sinks.parquet.enabled ? sinks.parquet.memoryMb * MEBIBYTE : 0
  const neededBytes = heapBytes + storeBytes + BESIDE_HEAP_BYTES * collectors
  const hasBytes = memoryBytes ?? machineMemoryBytes
  const owner = memoryBytes === undefined ? 'this machine' : 'the container'
  const heaps = collectors === 1 ? 'heap' : `heaps of ${collectors} collectors`
  const need = `${heaps} ${size(heapBytes)} (supervisor.heap_mb), ${size(neededBytes)} in all`
  const text = `${owner} has ${size(hasBytes)}; an instance may take: ${need}`
  if (hasBytes >= neededBytes) return ok(text)
  const advice = 'give more memory, or lower supervisor.heap_mb and sinks.parquet.memory_mb'
  return hasBytes < heapBytes ? fault(text, advice) : warning(text, advice)
}
