import { BOOKS_FAMILY } from './books.ts'
import { JOURNAL_FAMILY, SINKS_FAMILY } from './delivery.ts'
import { EVENTS_FAMILY } from './events.ts'
import { GOVERNOR_FAMILY } from './governor.ts'
import { CHILDREN_FAMILY, HEALTH_FAMILY } from './health.ts'
import { INSTANCE_FAMILY } from './http.ts'
import type { Family, Metric } from './metric.ts'
import { NODEJS_FAMILY } from './nodejs.ts'
import { PROCESS_FAMILY } from './process.ts'
import { VENUES_FAMILY } from './venues.ts'

/** Every metric there is. */
export const FAMILIES: readonly Family[] = [
  HEALTH_FAMILY,
  CHILDREN_FAMILY,
  PROCESS_FAMILY,
  NODEJS_FAMILY,
  VENUES_FAMILY,
  BOOKS_FAMILY,
  EVENTS_FAMILY,
  JOURNAL_FAMILY,
  SINKS_FAMILY,
  GOVERNOR_FAMILY,
  INSTANCE_FAMILY,
]

/** All of them, in the order in which they are told. */
export const METRICS: readonly Metric[] = FAMILIES.flatMap(({ metrics }) => metrics)
