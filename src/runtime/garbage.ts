import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Runs a full garbage collection, which stops the process meanwhile; answers the share of the heap that it freed, 0 to 1. */
export function collectGarbage(): number {
  const before = process.memoryUsage().heapUsed
  collect({ type: 'major' })
  return Math.max(0, 1 - process.memoryUsage().heapUsed / before)
}

/**
 * For a process that only looks on, from time to time: gives back what it no longer needs, and keeps the young generation small. What
 * outlives that one waits for a major collection, which by itself comes only once the heap has grown several times over.
 */
export function staySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  // The only kind that makes the young generation smaller.
  collect({ type: 'major', flavor: 'last-resort' })
}

/** Taken from Node once: it comes with a whole context of JavaScript. */
let gc: unknown

function collect(options: { readonly type: 'major'; readonly flavor?: 'last-resort' }): void {
  setFlagsFromString('--expose-gc')
  gc ??= runInNewContext('gc')
  if (typeof gc === 'function') gc(options)
}
