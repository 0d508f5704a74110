import type {
  HealthFacts,
  HealthWindows,
  ProcessFacts,
  SinkFacts,
  VenueFacts,
} from '../../src/health/facts.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'

/** The windows that docs/CONFIG.md gives when nothing is configured. */
export const WINDOWS: HealthWindows = {
  graceMs: 120_000,
  bookMs: 60_000,
  tradeMs: 60_000,
  downMs: 60_000,
  staleShare: 0.2,
  sinkMs: 300_000,
  stallingMs: 5_000,
  unhealthyMs: 10_000,
}

/** An hour after the start. */
export const NOW_US = 3_600_000_000

export const processFacts = (given: Partial<ProcessFacts> = {}): ProcessFacts => ({
  name: 'collector',
  isVital: true,
  isRunning: true,
  silentMs: 400,
  isLooping: false,
  ending: undefined,
  ...given,
})

export const venueFacts = (venue: VenueId, given: Partial<VenueFacts> = {}): VenueFacts => ({
  venue,
  isRequired: true,
  channels: ['book', 'trade'],
  ageMs: { book: 90, trade: 700 },
  isMaintenance: false,
  trouble: undefined,
  books: { expected: 50, live: 50, stale: 0 },
  ...given,
})

export const sinkFacts = (given: Partial<SinkFacts> = {}): SinkFacts => ({
  sink: 'nats',
  trouble: undefined,
  behindMs: 200,
  lostLately: 0,
  isPaused: false,
  ...given,
})

/** All five venues, both processes, one sink, and nothing wrong. */
export const healthFacts = (given: Partial<HealthFacts> = {}): HealthFacts => ({
  nowUs: NOW_US,
  startUs: 0,
  isStopping: false,
  fault: undefined,
  processes: [processFacts(), processFacts({ name: 'delivery', isVital: false })],
  venues: VENUE_IDS.map((venue) => venueFacts(venue)),
  journal: { heldMs: undefined, lostLately: 0 },
  sinks: [sinkFacts()],
  governor: { level: 0, sinceUs: 0 },
  ...given,
})

/** Facts in which the first venue, or all of them, are otherwise. */
export const withFirst = (given: Partial<VenueFacts>): HealthFacts =>
  healthFacts({ venues: VENUE_IDS.map((venue, at) => venueFacts(venue, at === 0 ? given : {})) })

export const withAll = (given: Partial<VenueFacts>): HealthFacts =>
  healthFacts({ venues: VENUE_IDS.map((venue) => venueFacts(venue, given)) })

export const withCollector = (given: Partial<ProcessFacts>): HealthFacts =>
  healthFacts({ processes: [processFacts(given), processFacts({ name: 'delivery', isVital: false })] })

export const withDelivery = (given: Partial<ProcessFacts>): HealthFacts =>
  healthFacts({
    processes: [processFacts(), processFacts({ name: 'delivery', isVital: false, ...given })],
  })

/** Facts so long after the start, in which no venue has delivered anything. */
export const justStarted = (startAgeMs: number, given: Partial<HealthFacts> = {}): HealthFacts => ({
  ...withAll({ ageMs: {}, books: { expected: 0, live: 0, stale: 0 } }),
  nowUs: startAgeMs * 1_000,
  ...given,
})
