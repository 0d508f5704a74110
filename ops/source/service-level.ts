import { of } from './alert.ts'
import type { Duration } from './series.ts'

/** What is promised of verified books: so much of all book seconds. */
export const SERVICE_LEVEL = { objective: '99.5 %', budget: 0.005 } as const

/** A metric that Prometheus works out and keeps. */
export interface Recording {
  readonly record: string
  /** Its windows are divided by whoever quickens the rules; the seconds that it is held against, by what it is given here. */
  readonly expr: (faster: number) => string
}

const BY = 'by (job, instance, venue)'
const GOOD = of('collector_book_good_seconds_total')
const OBSERVED = of('collector_book_observed_seconds_total')

/** Windows that the service level is shown over. */
const SHOWN_WINDOWS = ['5m', '1h', '1d'] as const satisfies readonly Duration[]

const BURN_SECONDS = {
  '5m': 300,
  '30m': 1_800,
  '1h': 3_600,
  '6h': 21_600,
  '3d': 259_200,
} as const satisfies Partial<Record<Duration, number>>
/** Windows over which the budget is watched. */
export type BurnWindow = keyof typeof BURN_SECONDS

/** The recorded share of verified book seconds within a window. */
export const goodRatio = (window: (typeof SHOWN_WINDOWS)[number]): string =>
  `venue:collector_book_good:ratio_rate${window}`

/** The recorded share of the book seconds of a window that were bad. */
export const badRatio = (window: BurnWindow): string => `venue:collector_book_bad:ratio_increase${window}`

/**
 * The service level by venue: seconds in which a book was live and fresh, of those in which it was meant to be. While the collector
 * does not run there are neither: that is the matter of CollectorDown and CollectorNoData.
 */
export const RECORDINGS: readonly Recording[] = [
  ...SHOWN_WINDOWS.map((window) => ({
    record: goodRatio(window),
    expr: () => `sum ${BY} (rate(${GOOD}[${window}]))\n/ (sum ${BY} (rate(${OBSERVED}[${window}])) > 0)`,
  })),
  // Of the whole window, not of what there was of it: of an instance that has run for ten minutes, the seconds that its books took to
  // become live would be most of its life.
  ...Object.entries(BURN_SECONDS).map(([window, seconds]) => ({
    record: `venue:collector_book_bad:ratio_increase${window}`,
    expr: (faster: number) =>
      [
        `(sum ${BY} (increase(${OBSERVED}[${window}])) - sum ${BY} (increase(${GOOD}[${window}])))`,
        `/ (sum ${BY} (${of('collector_books_expected')} > 0) * ${seconds / faster})`,
      ].join('\n'),
  })),
]
