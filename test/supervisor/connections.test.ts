import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessReadings } from '../../src/runtime/processes.ts'
import { connectionCounts, unaccountedOf } from '../../src/supervisor/connections.ts'
import type { ChildSnapshot } from '../../src/supervisor/instance.ts'
import type { DeliveryReport, ProcessReport } from '../../src/telemetry/report.ts'

const NOW_US = 100_000_000

function readings(tcp: ProcessReadings['tcp']): ProcessReadings {
  return {
    residentBytes: 1,
    cpuSeconds: 1,
    threads: 1,
    descriptors: 1,
    descriptorLimit: 1,
    tcp,
  }
}

function processReport(sockets: number): ProcessReport {
  const none = { count: 0, seconds: 0 }
  return {
    heapUsedBytes: 1,
    heapLimitBytes: 1,
    heapAfterMajorGcBytes: undefined,
    externalBytes: 0,
    arrayBufferBytes: 0,
    lagP50Ms: 0,
    lagP99Ms: 0,
    lagMaxMs: 0,
    utilization: 0,
    gcShare: 0,
    gc: { minor: none, major: none, incremental: none, weakcb: none },
    resources: {},
    sockets,
  }
}

const reportOf = (sockets: number): DeliveryReport => ({
  role: 'delivery',
  process: processReport(sockets),
  sinks: [],
})

function child(facts: Partial<ChildSnapshot>): ChildSnapshot {
  return {
    name: 'delivery',
    role: 'delivery',
    pid: 1,
    state: { name: 'running', sinceUs: 0 },
    startUs: 0,
    heardUs: NOW_US - 500_000,
    report: reportOf(0),
    readings: readings({}),
    restartsBy: {},
    lastEnd: undefined,
    ...facts,
  }
}

const own = (sockets: number, tcp: ProcessReadings['tcp']) => ({
  report: processReport(sockets),
  readings: readings(tcp),
})

test('connections of all processes are counted by state, and listening sockets are none', () => {
  const children = [
    child({ readings: readings({ established: 10, close_wait: 2 }), report: reportOf(12) }),
    child({ readings: readings({ established: 3, listen: 1 }), report: reportOf(3) }),
  ]
  assert.deepEqual(connectionCounts(children, own(1, { established: 1, listen: 2 }), NOW_US), {
    total: 16,
    byState: { established: 14, close_wait: 2 },
    registered: 16,
    unaccounted: 0,
  })
})

test('what one process knows too much does not hide what another does not know', () => {
  const children = [
    child({ readings: readings({ established: 97 }), report: reportOf(10) }),
    child({ readings: readings({ established: 1 }), report: reportOf(5) }),
  ]
  const counts = connectionCounts(children, own(0, {}), NOW_US)
  assert.deepEqual([counts?.total, counts?.registered, counts?.unaccounted], [98, 15, 87])
})

test('a report of more than three seconds ago, or of the process before, accuses nobody', () => {
  const leaking = { readings: readings({ established: 97 }), report: reportOf(10) }
  assert.equal(unaccountedOf(child(leaking), NOW_US), 87)
  for (const heardUs of [undefined, NOW_US - 3_000_000]) {
    const stale = child({ ...leaking, heardUs })
    assert.equal(unaccountedOf(stale, NOW_US), undefined)
    assert.equal(connectionCounts([stale], own(0, {}), NOW_US)?.unaccounted, 0)
    assert.equal(connectionCounts([stale], own(0, {}), NOW_US)?.total, 97)
  }
  assert.equal(
    connectionCounts([child({ ...leaking, heardUs: undefined })], own(2, {}), NOW_US)?.registered,
    2,
  )
})

test('where the system tells nothing there are no counts, not counts of zero', () => {
  const blind = child({ readings: undefined })
  const self = { report: processReport(3), readings: readings(undefined) }
  assert.equal(connectionCounts([blind], self, NOW_US), undefined)
  assert.equal(unaccountedOf(blind, NOW_US), undefined)
  assert.equal(connectionCounts([blind], own(2, { established: 3 }), NOW_US)?.unaccounted, 1)
})
