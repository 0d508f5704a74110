import type { Alert } from './alert.ts'
import { BOOK_ALERTS } from './alerts/books.ts'
import { DELIVERY_ALERTS } from './alerts/delivery.ts'
import { MONITORING_ALERTS } from './alerts/monitoring.ts'
import { RESOURCE_ALERTS } from './alerts/resources.ts'
import { SUPERVISION_ALERTS } from './alerts/supervision.ts'
import { VENUE_ALERTS } from './alerts/venues.ts'
import type { Site } from './site.ts'

/**
 * Every alert there is. There is none for the clock of the host: its difference from that of a venue cannot be told from the way of
 * the messages (collector_event_lag_p50_seconds is the sum of both), and nothing else measures it.
 */
export const ALERTS: readonly Alert[] = [
  ...SUPERVISION_ALERTS,
  ...RESOURCE_ALERTS,
  ...VENUE_ALERTS,
  ...BOOK_ALERTS,
  ...DELIVERY_ALERTS,
  ...MONITORING_ALERTS,
]

/** Those of a site. Where Alertmanager sends the heartbeat outside by itself, it does not matter that the bridge keeps it. */
export function alertsOf(site: Site): readonly Alert[] {
  return site.watchdog_url === undefined
    ? ALERTS
    : ALERTS.filter(({ name }) => name !== 'CollectorHeartbeatUnwatched')
}
