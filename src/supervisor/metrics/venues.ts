import { DECODE_CODES } from '../../core/errors.ts'
import type { Instance } from '../instance.ts'
import { counter, type Family, gauge, type Sample } from './metric.ts'
import {
  asNumber,
  epochSeconds,
  inSeconds,
  perVenue,
  perVenueAnd,
  secondsBefore,
  venuesOf,
  withZeros,
} from './reading.ts'

const VENUE = ['venue']

/** A channel that has had nothing counts from the start of its collector: a venue that never comes would otherwise never be missed. */
function lastMessageSeconds(instance: Instance): readonly Sample[] {
  return venuesOf(instance).flatMap(({ child, venue }) =>
    venue.channels.map((channel): Sample => {
      const goodSeconds = secondsBefore(instance, child, venue.ageMs[channel])
      const startSeconds = child.startUs === undefined ? undefined : epochSeconds(instance, child.startUs)
      return [venue.venue, channel, goodSeconds ?? startSeconds]
    }),
  )
}

/** Absent while the venue takes requests. */
function banUntilSeconds(instance: Instance): readonly Sample[] {
  return venuesOf(instance).flatMap(({ child, venue }): readonly Sample[] =>
    venue.restHeldMs > 0 ? [[venue.venue, secondsBefore(instance, child, -venue.restHeldMs)]] : [],
  )
}

/** What comes from the venues. */
export const VENUES_FAMILY: Family = {
  title: 'Venues',
  doc: 'Told by the collector, once a second, for each venue.',
  metrics: [
    gauge(
      'collector_ws_connections',
      'WebSocket connections, number, by state: opening, open, closing.',
      ['venue', 'state'],
      perVenueAnd(({ sockets: { opening, open, closing } }) => Object.entries({ opening, open, closing })),
    ),
    gauge(
      'collector_ws_connections_planned',
      'WebSocket connections that the venue is meant to have, number.',
      VENUE,
      perVenue(({ sockets }) => sockets.planned),
    ),
    gauge(
      'collector_ws_connections_peak',
      'The most WebSocket connections that there were at once, number.',
      VENUE,
      perVenue(({ sockets }) => sockets.peak),
    ),
    counter(
      'collector_ws_reconnects_total',
      'WebSocket connections that were given up and are made again, number, by why they ended.',
      ['venue', 'reason'],
      perVenueAnd(({ reconnectsBy }) => Object.entries(reconnectsBy)),
    ),
    gauge(
      'collector_subscriptions',
      'Streams, number: wanted, those of them that have been heard, and those that the venue refuses.',
      ['venue', 'state'],
      perVenueAnd(({ streams: { wanted, heard, refused } }) => Object.entries({ wanted, heard, refused })),
    ),
    counter(
      'collector_silences_total',
      'Streams that were acknowledged and stayed mute, number of times.',
      VENUE,
      perVenue(({ silences }) => silences),
    ),
    counter(
      'collector_messages_received_total',
      'Messages received, number, of all channels, refused ones included.',
      VENUE,
      perVenue(({ frames }) => frames),
    ),
    counter(
      'collector_bytes_received_total',
      'Messages received, bytes.',
      VENUE,
      perVenue(({ bytes }) => bytes),
    ),
    counter(
      'collector_messages_unscanned_total',
      'Messages with data that took the slow way, because they are not of the shape in which the venue writes most of its data, number. Where most do, the venue has changed its format.',
      VENUE,
      perVenue(({ unscanned }) => unscanned),
    ),
    gauge(
      'collector_last_message_timestamp_seconds',
      'When the last good message of a channel came, seconds since 1970. Of a channel that has had none: when the collector was started.',
      ['venue', 'channel'],
      lastMessageSeconds,
    ),
    counter(
      'collector_decode_errors_total',
      'Messages refused because they said what their venue is not known to say, number. What they would have told is covered by gap records.',
      ['venue', 'error_code'],
      perVenueAnd(({ refusedBy }) =>
        Object.entries({ ...Object.fromEntries(withZeros(DECODE_CODES, {})), ...refusedBy }),
      ),
    ),
    counter(
      'collector_unexpected_total',
      'Events of instruments that nobody asked for, number.',
      VENUE,
      perVenue(({ unknown }) => unknown),
    ),
    counter(
      'collector_ignored_total',
      'Messages or parts of them of channels that are not read, number.',
      VENUE,
      perVenue(({ ignored }) => ignored),
    ),
    counter(
      'collector_duplicates_total',
      'Events that had come before, number.',
      VENUE,
      perVenue(({ duplicates }) => duplicates),
    ),
    gauge(
      'collector_event_lag_p50_seconds',
      "From the venue's time of an event to its receipt, seconds, median of recent events: the way and the difference of the clocks.",
      VENUE,
      perVenue(({ lagP50Ms }) => inSeconds(lagP50Ms)),
    ),
    gauge(
      'collector_event_lag_p99_seconds',
      "From the venue's time of an event to its receipt, seconds, 99th percentile of recent events.",
      VENUE,
      perVenue(({ lagP99Ms }) => inSeconds(lagP99Ms)),
    ),
    gauge(
      'collector_venue_maintenance',
      'Whether the venue says that it is in maintenance: 1 yes, 0 no.',
      VENUE,
      perVenue(({ isMaintenance }) => asNumber(isMaintenance)),
    ),
    gauge(
      'collector_venue_ban_until_timestamp_seconds',
      'Until when the venue wants no REST requests, seconds since 1970. Absent while it takes them.',
      VENUE,
      banUntilSeconds,
    ),
  ],
}
