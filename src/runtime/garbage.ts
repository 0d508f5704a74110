import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Runs a full garbage collection, which stops the process meanwhile; answers the share of the heap that it freed, 0 to 1. */
export function collectGarbage(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') return 0
  const before = process.memoryUsage().heapUsed
  collect()
  return Math.max(0, 1 - process.memoryUsage().heapUsed / before)
}
