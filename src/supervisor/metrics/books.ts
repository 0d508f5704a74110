import { GAP_CAUSES, type GapCause } from '../../core/gap.ts'
import type { VenueReport } from '../../telemetry/report.ts'
import { counter, type Family, gauge } from './metric.ts'
import { perVenue, perVenueAnd, sumOf, venuesOf, withZeros } from './reading.ts'

const VENUE = ['venue']
/** The venue's own chain of numbers is broken. */
const CHAIN_CAUSES = ['sequence', 'reset'] as const satisfies readonly GapCause[]
/** The chain holds, and the book is wrong. */
const INTEGRITY_CAUSES = ['checksum', 'crossed', 'drift'] as const satisfies readonly GapCause[]

const inMemory = ({ books: { live, waiting, buffering } }: VenueReport): number => live + waiting + buffering

/** Order books and gaps. */
export const BOOKS_FAMILY: Family = {
  title: 'Order books and gaps',
  doc: 'Told by the collector, once a second, for each venue.',
  metrics: [
    gauge(
      'collector_orderbook_objects',
      'Order books in memory, number, of all venues, whatever their state. Their price levels: collector_orderbook_levels.',
      [],
      (instance) => [[sumOf(venuesOf(instance).map(({ venue }) => inMemory(venue)))]],
    ),
    gauge(
      'collector_orderbook_levels',
      'Price levels in memory, number, both sides of all books.',
      VENUE,
      perVenue(({ books }) => books.levels),
    ),
    gauge(
      'collector_books_expected',
      'Order books that are meant to be live, number.',
      VENUE,
      perVenue(({ books }) => books.expected),
    ),
    gauge(
      'collector_books_synced',
      'Order books that are verified and live, number, stale ones included.',
      VENUE,
      perVenue(({ books }) => books.live),
    ),
    gauge(
      'collector_book_state',
      'Order books, number, by state: fresh and stale are live; waiting and buffering have no snapshot yet.',
      ['venue', 'state'],
      perVenueAnd(({ books: { live, stale, waiting, buffering } }) =>
        Object.entries({ fresh: live - stale, stale, waiting, buffering }),
      ),
    ),
    counter(
      'collector_gaps_total',
      'Gaps in books and trades, number, by cause. Each is a gap record.',
      ['venue', 'cause'],
      perVenueAnd(({ gapsBy }) => withZeros(GAP_CAUSES, gapsBy)),
    ),
    counter(
      'collector_book_sequence_gaps_total',
      "Gaps, in books and trades, that the venue's own numbers show, number: one is missing (sequence) or they went back (reset).",
      ['venue', 'reason'],
      perVenueAnd(({ gapsBy }) => withZeros(CHAIN_CAUSES, gapsBy)),
    ),
    counter(
      'collector_book_integrity_failures_total',
      'Order books found wrong though no number was missing, number of times.',
      ['venue', 'kind'],
      perVenueAnd(({ gapsBy }) => withZeros(INTEGRITY_CAUSES, gapsBy)),
    ),
    {
      type: 'histogram',
      name: 'collector_book_resync_seconds',
      help: 'Time that order books took from lost to live, seconds.',
      labels: VENUE,
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
      read: (report) =>
        report.role === 'collector'
          ? report.venues.flatMap(({ venue, resyncSeconds }) =>
              resyncSeconds.map((seconds) => [venue, seconds] as const),
            )
          : [],
    },
    counter(
      'collector_book_unsynced_total',
      'Changes of order books that found no book to change, number.',
      VENUE,
      perVenue(({ unsynced }) => unsynced),
    ),
    counter(
      'collector_book_snapshots_total',
      'Snapshots of order books, number: received, those of them that were too old, and those that could not be had.',
      ['venue', 'outcome'],
      perVenueAnd(({ snapshots, snapshotsStale, snapshotFailures }) =>
        Object.entries({ received: snapshots, stale: snapshotsStale, failed: snapshotFailures }),
      ),
    ),
    counter(
      'collector_book_renewals_total',
      'Live order books whose known depth was renewed by a snapshot, number of times.',
      VENUE,
      perVenue(({ renewals }) => renewals),
    ),
    counter(
      'collector_book_observed_seconds_total',
      'Seconds over all order books that were meant to be live: what the share of good ones is of.',
      VENUE,
      perVenue(({ observedSeconds }) => observedSeconds),
    ),
    counter(
      'collector_book_good_seconds_total',
      'Seconds over all order books that were live and fresh.',
      VENUE,
      perVenue(({ goodSeconds }) => goodSeconds),
    ),
  ],
}
