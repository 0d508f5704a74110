import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Status, statusOf } from '../../src/app/status.ts'
import { Viewer } from '../../src/app/view.ts'
import { fullInstance, venueReport } from '../supervisor/metrics/instance.ts'

/** A status with one venue, which has had so many frames. */
function statusWith(frames: number, some: Partial<Status> = {}): Status {
  const status = statusOf(fullInstance())
  const venue = venueReport('okx-spot', {
    frames,
    deltas: frames / 2,
    trades: frames / 4,
    gapsBy: { sequence: 2, reset: 1 },
  })
  return { ...status, venues: [venue], ...some }
}

const viewer = (): Viewer => new Viewer('marketprism', 'http://127.0.0.1:8087')

test('the first view has no rates, and the second those since the first', () => {
  const views = viewer()
  assert.deepEqual(views.view({ status: statusWith(1_000), atMs: 0 }, []).venues[0]?.rates, {
    frames: 0,
    deltas: 0,
    trades: 0,
  })
  const [venue] = views.view({ status: statusWith(1_400), atMs: 2_000 }, []).venues
  assert.deepEqual(venue?.rates, { frames: 200, deltas: 100, trades: 50 })
  assert.equal(venue?.gaps, 3)
})

test('a view of the same report keeps the rates of the last one', () => {
  const views = viewer()
  views.view({ status: statusWith(1_000), atMs: 0 }, [])
  views.view({ status: statusWith(1_400), atMs: 2_000 }, [])
  assert.equal(views.view({ status: statusWith(1_400), atMs: 2_500 }, []).venues[0]?.rates.frames, 200)
  assert.equal(views.view({ status: statusWith(1_500), atMs: 3_000 }, []).venues[0]?.rates.frames, 100)
})

test('a collector that began anew has no negative rates, and no negative load', () => {
  const views = viewer()
  const withCpu = (frames: number, cpuSeconds: number): Status => {
    const status = statusWith(frames)
    return { ...status, processes: status.processes.map((process) => Object.assign(process, { cpuSeconds })) }
  }
  views.view({ status: withCpu(1_000, 50), atMs: 0 }, [])
  const view = views.view({ status: withCpu(10, 1), atMs: 1_000 }, [])
  assert.equal(view.venues[0]?.rates.frames, 0)
  assert.equal(view.cpuShare, 0)
})

test('the load is that of all processes, in cores', () => {
  const views = viewer()
  const withCpu = (frames: number, cpuSeconds: number): Status => {
    const status = statusWith(frames)
    return { ...status, processes: status.processes.map((process) => Object.assign(process, { cpuSeconds })) }
  }
  assert.equal(views.view({ status: withCpu(0, 10), atMs: 0 }, []).cpuShare, undefined)
  // Three processes, each 1 s of 4.
  assert.equal(views.view({ status: withCpu(1, 11), atMs: 4_000 }, []).cpuShare, 0.75)
})

test('why it is not healthy is said, but not that it has just begun', () => {
  const status = statusWith(1)
  assert.deepEqual(viewer().view({ status, atMs: 0 }, ['first']).notices, [
    'first',
    'sink/clickhouse: no route',
  ])
  assert.deepEqual(viewer().view({ status: { ...status, state: 'starting' }, atMs: 0 }, []).notices, [])
})

test('a venue that is told for the first time has no rates yet', () => {
  const views = viewer()
  views.view({ status: { ...statusWith(0), venues: [] }, atMs: 0 }, [])
  assert.equal(views.view({ status: statusWith(500), atMs: 1_000 }, []).venues[0]?.rates.frames, 0)
})
