import type { VenueId } from '../../src/core/ids.ts'
import { Feed } from '../../src/feed/feed.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { Simulation } from '../../src/runtime/sim.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import { venueOf } from '../../src/venues/venues.ts'

/** Somebody else who reads the trades of `symbols`: the emulated markets go on while there is one. Ends with `stop` of the feed. */
export function onlooker(id: VenueId, host: string, sim: Simulation, symbols: readonly string[]): Feed {
  const venue = venueOf(id)
  const feed = new Feed(
    {
      venue,
      hosts: { stream: `wss://${host}`, rest: `https://${host}` },
      wanted: symbols.map((instrument) => ({ instrument, channels: ['trade'] })),
      choice: { book: venue.options.book[0] ?? '', trade: venue.options.trade[0] ?? '' },
      snapshotDepth: 100,
    },
    sim,
    () => undefined,
    (table, instruments, recovery) =>
      new Pipeline(
        {
          venue,
          symbols: table,
          instruments,
          session: 'onlooker',
          publish: () => ({ deltas: false, depth: 0, everyMs: 1_000 }),
          levelLimit: 100,
        },
        {
          timers: sim.timers,
          append: () => undefined,
          recovery,
          emit: () => undefined,
          counts: new Counts(),
        },
      ),
  )
  feed.start()
  return feed
}
