import type { HealthFacts } from '../../src/health/facts.ts'
import type { ComponentState, HealthState, Reason } from '../../src/health/verdict.ts'
import {
  healthFacts,
  justStarted,
  NOW_US,
  processFacts,
  sinkFacts,
  venueFacts,
  withAll,
  withCollector,
  withDelivery,
  withFirst,
} from './rig.ts'

export interface Case {
  readonly name: string
  readonly facts: HealthFacts
  readonly state: HealthState
  /** The first reason and its words, and the state of its component. */
  readonly first?: readonly [string, Reason, ComponentState, RegExp]
}

const SPOT = 'venue/binance-spot'
const MINUTE_AGO_US = NOW_US - 61_000_000

/** Facts, what they make of the whole, and what is said of it first. */
export const CASES: readonly Case[] = [
  { name: 'nothing wrong', facts: healthFacts(), state: 'healthy' },
  // The whole.
  {
    name: 'a configuration that cannot be used is unhealthy',
    facts: healthFacts({ fault: 'Port 8087 is taken' }),
    state: 'unhealthy',
    first: ['config', 'fault', 'permanent', /^Port 8087 is taken$/],
  },
  {
    name: 'somebody asked it to stop',
    facts: healthFacts({ isStopping: true }),
    state: 'stopping',
  },
  {
    name: 'stopping goes before a fault',
    facts: healthFacts({ isStopping: true, fault: 'x' }),
    state: 'stopping',
    first: ['config', 'fault', 'permanent', /^x$/],
  },
  // Processes.
  {
    name: 'a collector that is started again is degraded',
    facts: withCollector({ isRunning: false, silentMs: undefined, ending: 'heap: exit code 134' }),
    state: 'degraded',
    first: ['collector', 'not_running', 'recoverable', /^Not running: heap: exit code 134$/],
  },
  {
    name: 'a collector silent for 5 s is degraded',
    facts: withCollector({ silentMs: 5_000 }),
    state: 'degraded',
    first: ['collector', 'stalling', 'recoverable', /^Not heard from for 5 s \(allowed: 5 s\)$/],
  },
  {
    name: 'a collector silent for 10 s is unhealthy',
    facts: withCollector({ silentMs: 10_001 }),
    state: 'unhealthy',
    first: ['collector', 'stalled', 'recoverable', /^Hangs: not heard from for 10 s \(allowed: 10 s\)$/],
  },
  {
    name: 'a collector in a crash loop is unhealthy',
    facts: withCollector({ isRunning: false, silentMs: undefined, isLooping: true, ending: 'exit code 70' }),
    state: 'unhealthy',
    first: ['collector', 'crash_loop', 'permanent', /^Ends again and again, last: exit code 70$/],
  },
  {
    name: 'a delivery that hangs is degraded',
    facts: withDelivery({ silentMs: 3_600_000 }),
    state: 'degraded',
    first: ['delivery', 'stalled', 'recoverable', /60 min 0 s/],
  },
  {
    name: 'a delivery in a crash loop is degraded',
    facts: withDelivery({ isRunning: false, isLooping: true }),
    state: 'degraded',
    first: ['delivery', 'crash_loop', 'permanent', /^Ends again and again$/],
  },
  // Venues.
  {
    name: 'all trades dead for 61 s while everything else is fine is degraded',
    facts: withAll({ ageMs: { book: 90, trade: 61_000 } }),
    state: 'degraded',
    first: [SPOT, 'trade_stale', 'recoverable', /^Stale: no trade for 61 s \(allowed: 60 s\)$/],
  },
  {
    name: 'trades of one venue dead while its books are fresh is degraded',
    facts: withFirst({ ageMs: { book: 90, trade: 61_000 } }),
    state: 'degraded',
    first: [SPOT, 'trade_stale', 'recoverable', /no trade for 61 s/],
  },
  {
    name: 'trades that never came are as old as the instance',
    facts: withFirst({ ageMs: { book: 90 } }),
    state: 'degraded',
    first: [SPOT, 'trade_stale', 'recoverable', /no trade for 60 min 0 s/],
  },
  {
    name: 'books of one venue without an update for 60 s is degraded',
    facts: withFirst({ ageMs: { book: 60_000, trade: 100 } }),
    state: 'degraded',
    first: [SPOT, 'book_stale', 'recoverable', /^Stale: no book update for 60 s \(allowed: 60 s\)$/],
  },
  {
    name: 'one venue down is degraded',
    facts: withFirst({ ageMs: { book: 75_000, trade: 80_000 } }),
    state: 'degraded',
    first: [SPOT, 'no_data', 'recoverable', /^Down: no good data for 75 s \(allowed: 60 s\)$/],
  },
  {
    name: 'all venues down is unhealthy',
    facts: withAll({ ageMs: { book: 75_000, trade: 80_000 } }),
    state: 'unhealthy',
    first: [SPOT, 'no_data', 'recoverable', /75 s/],
  },
  {
    name: 'all venues that never delivered are down',
    facts: justStarted(121_000),
    state: 'unhealthy',
    first: [SPOT, 'no_data', 'recoverable', /^Down: no good data for 2 min 1 s/],
  },
  {
    name: 'a venue of which something is wrong while it delivers is degraded, and is not called unreachable',
    facts: withFirst({ trouble: 'not listed there: FOO-USDT' }),
    state: 'degraded',
    first: [SPOT, 'incomplete', 'recoverable', /^Not all of it comes: not listed there: FOO-USDT$/],
  },
  {
    name: 'a channel that is stale is told first, whatever else is wrong',
    facts: withFirst({ trouble: 'not listed there: FOO-USDT', ageMs: { book: 100, trade: 61_000 } }),
    state: 'degraded',
    first: [SPOT, 'trade_stale', 'recoverable', /^Stale: no trade for 61 s .*; not listed there: FOO-USDT$/],
  },
  {
    name: 'a venue that says why nothing comes is degraded',
    facts: withFirst({ trouble: 'dns: api.binance.com is not known', ageMs: { book: 700_000 } }),
    state: 'degraded',
    first: [
      SPOT,
      'unreachable',
      'recoverable',
      /^dns: api.binance.com is not known; last good data 11 min 40 s ago$/,
    ],
  },
  {
    name: 'records that went from the journal before they were read are a loss, whatever the delivery says',
    facts: healthFacts({ journal: { heldMs: undefined, lostLately: 7 } }),
    state: 'unhealthy',
    first: ['journal', 'data_lost', 'recoverable', /^7 records went within 5 minutes before a sink/],
  },
  {
    name: 'a venue in maintenance is degraded',
    facts: withFirst({ isMaintenance: true, ageMs: { book: 700_000 } }),
    state: 'degraded',
    first: [SPOT, 'maintenance', 'recoverable', /^Maintenance at the venue; last good data 11 min 40 s ago$/],
  },
  {
    name: 'all venues down in maintenance is degraded',
    facts: withAll({ isMaintenance: true, ageMs: { book: 700_000, trade: 700_000 } }),
    state: 'degraded',
    first: [SPOT, 'maintenance', 'recoverable', /Maintenance/],
  },
  {
    name: 'a vital process that has told of no venue at all is unhealthy',
    facts: healthFacts({ venues: [] }),
    state: 'unhealthy',
    first: [
      'collector',
      'no_data',
      'recoverable',
      /^Has told of no venue in the 60 min 0 s since the start$/,
    ],
  },
  // Books.
  {
    name: 'a fifth of the books of a venue may rest',
    facts: withFirst({ books: { expected: 50, live: 45, stale: 5 } }),
    state: 'healthy',
  },
  {
    name: 'more than a fifth of its books not live or stale is degraded',
    facts: withFirst({ books: { expected: 50, live: 44, stale: 5 } }),
    state: 'degraded',
    first: [
      'books/binance-spot',
      'books_unsynced',
      'recoverable',
      /^11 of 50 books are bad \(allowed: 10\): 6 not live, 5 live but stale$/,
    ],
  },
  {
    name: 'most of its books stale is degraded',
    facts: withFirst({ books: { expected: 50, live: 50, stale: 30 } }),
    state: 'degraded',
    first: ['books/binance-spot', 'book_stale', 'recoverable', /^30 of 50 books are bad/],
  },
  // Journal, sinks, governor.
  {
    name: 'a journal that the disk refuses is degraded at once',
    facts: healthFacts({ journal: { heldMs: 10, lostLately: 0 } }),
    state: 'degraded',
    first: [
      'journal',
      'disk_full',
      'recoverable',
      /^The disk has taken nothing for 0 s: books are kept, and nothing is recorded$/,
    ],
  },
  {
    name: 'a journal that the disk refuses for more than 60 s is unhealthy',
    facts: healthFacts({ journal: { heldMs: 61_000, lostLately: 0 } }),
    state: 'unhealthy',
    first: [
      'journal',
      'disk_full',
      'recoverable',
      /nothing for 61 s: books are kept, and nothing is recorded$/,
    ],
  },
  {
    name: 'a sink that fails is degraded',
    facts: healthFacts({ sinks: [sinkFacts({ trouble: { code: 'timeout', text: 'no answer in 5 s' } })] }),
    state: 'degraded',
    first: ['sink/nats', 'sink_failing', 'recoverable', /^timeout: no answer in 5 s; 0 s behind$/],
  },
  {
    name: 'a sink that refuses the password needs a person',
    facts: healthFacts({ sinks: [sinkFacts({ trouble: { code: 'unauthorized', text: 'denied' } })] }),
    state: 'degraded',
    first: ['sink/nats', 'sink_failing', 'permanent', /^unauthorized: denied/],
  },
  {
    name: 'a sink far behind is degraded',
    facts: healthFacts({ sinks: [sinkFacts({ behindMs: 301_000 })] }),
    state: 'degraded',
    first: [
      'sink/nats',
      'sink_behind',
      'recoverable',
      /^Behind the journal by 5 min 1 s \(allowed: 5 min 0 s\)$/,
    ],
  },
  {
    name: 'a sink that the governor has paused is degraded, however far behind',
    facts: healthFacts({ sinks: [sinkFacts({ isPaused: true, behindMs: 4_000_000 })] }),
    state: 'degraded',
    first: ['sink/nats', 'shedding', 'recoverable', /^Paused by the governor; 66 min 40 s behind$/],
  },
  {
    name: 'records lost to a sink is unhealthy',
    facts: healthFacts({ sinks: [sinkFacts({ lostLately: 12, isPaused: true })] }),
    state: 'unhealthy',
    first: ['sink/nats', 'data_lost', 'recoverable', /^12 records left the journal/],
  },
  ...[1, 2, 3].map((level): Case => ({
    name: `level ${level} of the governor is degraded`,
    facts: healthFacts({ governor: { level, sinceUs: 0 } }),
    state: 'degraded',
    first: ['governor', 'shedding', 'recoverable', new RegExp(`^Level ${level} for 60 min 0 s`)],
  })),
  {
    name: 'level 4 of the governor is degraded for a minute',
    facts: healthFacts({ governor: { level: 4, sinceUs: NOW_US - 59_000_000 } }),
    state: 'degraded',
    first: ['governor', 'overload', 'recoverable', /^Level 4 for 59 s/],
  },
  {
    name: 'level 4 of the governor for 60 s is unhealthy',
    facts: healthFacts({ governor: { level: 4, sinceUs: MINUTE_AGO_US } }),
    state: 'unhealthy',
    first: ['governor', 'overload', 'recoverable', /^Level 4 for 61 s/],
  },
  // The grace.
  { name: 'nothing has come yet', facts: justStarted(1_000), state: 'starting' },
  {
    name: 'want of data is not held against it within the grace',
    facts: justStarted(119_999),
    state: 'starting',
    first: [SPOT, 'no_data', 'starting', /^Starting: nothing has come in the 119 s since the start$/],
  },
  {
    name: 'processes are on their way within the grace',
    facts: justStarted(100, {
      venues: [],
      processes: [processFacts({ isRunning: false, silentMs: undefined })],
    }),
    state: 'starting',
    first: ['collector', 'not_running', 'starting', /^Not running yet$/],
  },
  {
    name: 'the first venue that is synced ends the grace',
    facts: { ...healthFacts(), nowUs: 3_000_000 },
    state: 'healthy',
  },
  {
    name: 'the first venue that is synced ends the grace for the others',
    facts: justStarted(61_000, {
      venues: [venueFacts('binance-spot'), venueFacts('deribit', { ageMs: {} })],
    }),
    state: 'degraded',
    first: ['venue/deribit', 'no_data', 'recoverable', /^Down: no good data for 61 s/],
  },
  {
    name: 'a single live book does not end the grace',
    facts: { ...withAll({ books: { expected: 50, live: 1, stale: 0 } }), nowUs: 5_000_000 },
    state: 'starting',
    first: ['books/binance-spot', 'books_unsynced', 'recoverable', /^49 of 50/],
  },
  {
    name: 'a fault breaks the grace',
    facts: justStarted(1_000, { fault: 'x' }),
    state: 'unhealthy',
    first: ['config', 'fault', 'permanent', /^x$/],
  },
  {
    name: 'a crash loop breaks the grace',
    facts: justStarted(30_000, { processes: [processFacts({ isRunning: false, isLooping: true })] }),
    state: 'unhealthy',
    first: ['collector', 'crash_loop', 'permanent', /Ends/],
  },
  {
    name: 'a stall breaks the grace',
    facts: justStarted(30_000, { processes: [processFacts({ silentMs: 12_000 })] }),
    state: 'unhealthy',
    first: ['collector', 'stalled', 'recoverable', /12 s/],
  },
  {
    name: 'a stalling process does not break the grace',
    facts: justStarted(30_000, { processes: [processFacts({ silentMs: 6_000 })] }),
    state: 'starting',
    first: ['collector', 'stalling', 'recoverable', /6 s/],
  },
  {
    name: 'lost data breaks the grace',
    facts: justStarted(30_000, { sinks: [sinkFacts({ lostLately: 1 })] }),
    state: 'unhealthy',
    first: ['sink/nats', 'data_lost', 'recoverable', /^1 record left/],
  },
]
