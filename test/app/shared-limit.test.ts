import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from '../../src/app/collector.ts'
import { readConfig } from '../../src/config/loader.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { venueOf } from '../../src/venues/venues.ts'

const STREAM_HOST = 'stream.test'
/** At fewer than thirty books a socket that makes four sockets for each. */
const INSTRUMENTS = 100
const VENUES: readonly VenueId[] = ['okx-spot', 'okx-derivatives']

test('both markets of OKX together open no more sockets than an address may', async () => {
  const sim = new Simulation({ seed: 1 })
  const symbols = VENUES.map((id) => {
    const model = venueModel(id, sim, { seed: 1, instruments: INSTRUMENTS, depth: 5 })
    sim.network.register(`${id}.test`, model)
    sim.network.register(STREAM_HOST, model)
    return model.symbols
  })
  const venues = Object.fromEntries(
    VENUE_IDS.map((id) => {
      const urls = { stream_url: `wss://${STREAM_HOST}`, rest_url: `https://${id}.test` }
      const instruments = symbols[VENUES.indexOf(id)]
      return [id, instruments === undefined ? { enabled: false } : { ...urls, instruments }]
    }),
  )
  const outcome = readConfig(new TextEncoder().encode(JSON.stringify({ venues })))
  assert.ok('config' in outcome, JSON.stringify(outcome))
  const openedUs: number[] = []
  const runtime: Runtime = {
    clock: sim.clock,
    timers: sim.timers,
    random: sim.random,
    http: sim.http,
    files: sim.files,
    sockets: {
      open: (...given) => {
        openedUs.push(sim.clock.steadyUs())
        return sim.sockets.open(...given)
      },
    },
  }
  const collector = new Collector(outcome.config, runtime, () => undefined)
  collector.start()
  await sim.advance(20_000)
  const carried = collector.collections.map(({ feed }) => feed.status().sockets.desired)
  assert.ok(
    carried.every((count) => count >= 4),
    `${carried.join(' and ')} sockets are wanted`,
  )
  const { count, perMs } = venueOf('okx-spot').limits.connects
  for (const [at, us] of openedUs.slice(count).entries())
    assert.ok(us - (openedUs[at] ?? 0) >= perMs * 1_000, `socket ${at + count + 1} came too early`)
  assert.ok(openedUs.length >= 8, `${openedUs.length} sockets were opened`)
  const stopped = collector.stop()
  await sim.advance(15_000)
  await stopped
})
