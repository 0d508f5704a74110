import { RECORD_TYPES } from '../../core/record.ts'
import type { Instance } from '../instance.ts'
import { counter, type Family, type Sample } from './metric.ts'
import { collectorsOf, perVenue, perVenueAnd, sinksOf, sumOf, venuesOf, withZeros } from './reading.ts'

/** What was lost or left out, where and why. Each is counted in one place only. */
function dropped(instance: Instance): readonly Sample[] {
  const sinks = sinksOf(instance).map(({ sink }) => sink)
  const unrecorded = venuesOf(instance).map(({ venue }) => venue.unrecorded)
  const shed = collectorsOf(instance).flatMap(({ report }) => report.shedding.shedBy['slow_tops'] ?? 0)
  const hasCollector = collectorsOf(instance).length > 0
  return [
    ['processing', 'unrecorded', 'false', sumOf(unrecorded)],
    ['processing', 'governor', 'true', hasCollector ? (sumOf(shed) ?? 0) : undefined],
    ['sending', 'lost', 'false', sumOf(sinks.map(({ lost }) => lost))],
    ['sending', 'rejected', 'false', sumOf(sinks.map(({ rejected }) => rejected))],
  ]
}

function acked(instance: Instance): readonly Sample[] {
  return sinksOf(instance).flatMap(({ sink: { sink, delivered } }) =>
    withZeros(RECORD_TYPES, delivered).map(([type, count]): Sample => [sink, type, count]),
  )
}

/** Where every event stays. */
export const EVENTS_FAMILY: Family = {
  title: 'Conservation: where every event stays',
  doc: 'Nothing may vanish uncounted. What was decoded and is to be recorded is published, or dropped at stage `processing`. For each sink, what was published is acked, dropped at stage `sending` (for this sink alone: collector_sink_lost_total and collector_quarantined_rows_total), of a type that the sink does not take, or still unread in the journal (collector_sink_behind_bytes). The processes count from their own starts: compare increases, or instances that have not been restarted.',
  metrics: [
    counter(
      'collector_events_decoded_total',
      'Good events, number: trades that were recorded, changes that were applied to books, and books that were recorded, in full or their tops.',
      ['venue', 'kind'],
      perVenueAnd(({ trades, deltas, tops }) => Object.entries({ trade: trades, delta: deltas, book: tops })),
    ),
    counter(
      'collector_events_published_total',
      'Records that the journal has taken, number: trades, changes of books, books and gaps.',
      ['venue'],
      perVenue(({ records }) => records),
    ),
    counter(
      'collector_published_bytes_total',
      'Records that the journal has taken, bytes.',
      ['venue'],
      perVenue(({ recordBytes }) => recordBytes),
    ),
    counter(
      'collector_events_acked_total',
      'Records that a sink has taken for good, number.',
      ['sink', 'type'],
      acked,
    ),
    counter(
      'collector_events_dropped_total',
      'Records, number, that were not made because the journal took nothing (processing, unrecorded) or the governor asked to leave them out (processing, governor: intentional), that went from the journal unread (sending, lost), or that a sink will never take (sending, rejected); those of stage sending over all sinks.',
      ['stage', 'reason', 'intentional'],
      dropped,
    ),
  ],
}
