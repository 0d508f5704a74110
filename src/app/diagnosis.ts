import { Session } from 'node:inspector/promises'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { Diagnosis } from './parent-link.ts'
import { activeResources } from './process-meter.ts'

/** Bytes between two samples of the heap: cheap enough for production. */
const SAMPLING_BYTES = 128 * 1024
const SAMPLING_US = 1_000

/**
 * Finds out something about this process while it works, as JSON: `heap-sampling` who allocates what is alive (a `.heapprofile`),
 * `cpu-profile` where time goes (a `.cpuprofile`), `objects` the spaces of the heap and what keeps the loop alive. None of them stops
 * the process as a heap snapshot would.
 */
export async function diagnose(what: Diagnosis, seconds: number): Promise<string> {
  if (what === 'objects') return JSON.stringify(objectStatistics())
  const session = new Session()
  session.connect()
  try {
    if (what === 'cpu-profile') {
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US })
      await session.post('Profiler.start')
      await passed(seconds)
      return JSON.stringify((await session.post('Profiler.stop')).profile)
    }
    await session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLING_BYTES })
    await passed(seconds)
    return JSON.stringify((await session.post('HeapProfiler.stopSampling')).profile)
  } finally {
    session.disconnect()
  }
}

function objectStatistics(): object {
  return {
    memory: process.memoryUsage(),
    heap: getHeapStatistics(),
    spaces: getHeapSpaceStatistics(),
    resources: activeResources(),
  }
}

const passed = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
