import { VENUE_IDS } from '../core/ids.ts'
import * as field from './field.ts'

const seconds = (doc: string, value: number, max: number) => field.integer(doc, { value, min: 1, max })

/** What counts as healthy. */
export const HEALTH = field.section(
  'What counts as healthy. The verdict is made of the age of verified data.',
  {
    grace_seconds: field.integer(
      'So long after the start nothing is called unhealthy for want of data. The environment variable HEALTH_GRACE_SECONDS goes before it.',
      { value: 120, min: 0, max: 3_600 },
    ),
    required: field.choices(
      'Venues that must deliver: when none of them that is enabled does, all is unhealthy. One that is not named here makes it degraded at most.',
      VENUE_IDS,
    ),
    book_seconds: seconds('Books of a venue without anything good for so long make it degraded.', 60, 3_600),
    trade_seconds: seconds('A venue without any trade for so long is degraded.', 60, 86_400),
    down_seconds: seconds('A venue of which nothing good has come for so long is down.', 60, 3_600),
    stale_percent: field.integer('More of its books than this not live or stale make a venue degraded.', {
      value: 20,
      min: 0,
      max: 100,
    }),
    sink_seconds: seconds('A sink that is so far behind the journal is degraded.', 300, 86_400),
  },
)
