import { GC_KINDS } from '../../telemetry/report.ts'
import type { Instance } from '../instance.ts'
import { type Family, gauge, type Sample, type TotalsSample } from './metric.ts'
import { inSeconds, perProcess, processesOf } from './reading.ts'

const PROCESS = ['process']
/** Kinds of resources that are named; the rest is `other`. Node has about thirty. */
const RESOURCES_LIMIT = 20

function gcTotals(instance: Instance): readonly TotalsSample[] {
  return processesOf(instance).flatMap(({ name, report }) =>
    GC_KINDS.map((kind): TotalsSample => [name, kind, report?.gc[kind].seconds, report?.gc[kind].count]),
  )
}

function activeResources(instance: Instance): readonly Sample[] {
  return processesOf(instance).flatMap(({ name, report }) =>
    largest(report?.resources ?? {}).map(([type, count]): Sample => [name, type, count]),
  )
}

/** The most frequent resources, and how many others there are. */
function largest(resources: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  const sorted = Object.entries(resources).toSorted(([, one], [, other]) => other - one)
  const rest = sorted.slice(RESOURCES_LIMIT).reduce((sum, [, count]) => sum + count, 0)
  const named = sorted.slice(0, RESOURCES_LIMIT)
  return sorted.length > RESOURCES_LIMIT ? [...named, ['other', rest]] : named
}

/** Processes as they see themselves. */
export const NODEJS_FAMILY: Family = {
  title: 'Node.js',
  doc: 'Told by each process of itself, once a second.',
  metrics: [
    gauge(
      'nodejs_eventloop_lag_p50_seconds',
      'How late timers of the last ten seconds were, seconds, median.',
      PROCESS,
      perProcess(({ lagP50Ms }) => inSeconds(lagP50Ms)),
    ),
    gauge(
      'nodejs_eventloop_lag_p99_seconds',
      'How late timers of the last ten seconds were, seconds, 99th percentile.',
      PROCESS,
      perProcess(({ lagP99Ms }) => inSeconds(lagP99Ms)),
    ),
    gauge(
      'nodejs_eventloop_lag_max_seconds',
      'How late timers of the last ten seconds were, seconds, the latest.',
      PROCESS,
      perProcess(({ lagMaxMs }) => inSeconds(lagMaxMs)),
    ),
    gauge(
      'nodejs_eventloop_utilization_ratio',
      'Share of the last second in which the event loop was at work, 0 to 1.',
      PROCESS,
      perProcess(({ utilization }) => utilization),
    ),
    {
      type: 'summary',
      name: 'nodejs_gc_duration_seconds',
      help: 'Time of garbage collections, seconds. No quantiles.',
      labels: ['process', 'kind'],
      read: gcTotals,
    },
    gauge(
      'nodejs_gc_time_ratio',
      'Share of the last second that went to garbage collection, 0 to 1.',
      PROCESS,
      perProcess(({ gcShare }) => gcShare),
    ),
    gauge(
      'nodejs_heap_size_used_bytes',
      'Heap in use, bytes.',
      PROCESS,
      perProcess(({ heapUsedBytes }) => heapUsedBytes),
    ),
    gauge(
      'nodejs_heap_size_limit_bytes',
      'Heap that the process may take, bytes.',
      PROCESS,
      perProcess(({ heapLimitBytes }) => heapLimitBytes),
    ),
    gauge(
      'collector_heap_after_major_gc_bytes',
      'Heap in use after the last major garbage collection, bytes: what is really held. Absent before the first.',
      PROCESS,
      perProcess(({ heapAfterMajorGcBytes }) => heapAfterMajorGcBytes),
    ),
    gauge(
      'nodejs_external_memory_bytes',
      'Memory outside of the heap that objects hold, bytes, array buffers included.',
      PROCESS,
      perProcess(({ externalBytes }) => externalBytes),
    ),
    gauge(
      'nodejs_array_buffer_bytes',
      'Memory of array buffers, bytes.',
      PROCESS,
      perProcess(({ arrayBufferBytes }) => arrayBufferBytes),
    ),
    gauge(
      'nodejs_active_resources',
      "What keeps the event loop alive, number, by Node's name for it: the 20 most frequent, the rest as other.",
      ['process', 'type'],
      activeResources,
    ),
  ],
}
