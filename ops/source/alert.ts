import { type CaseSeries, type Duration, series, steady } from './series.ts'

/** critical: somebody is woken. warning: somebody looks at it today. info: kept, sent to nobody. none: the heartbeat of the alert path. */
export type Severity = 'critical' | 'warning' | 'info' | 'none'

/** The identity of a dashboard in its address. */
export type DashboardUid = 'collector-resources' | 'business' | 'venue' | 'delivery' | 'monitoring-path'

/** The same in every language. */
export interface Said {
  readonly en: string
  readonly zh: string
}

/** An alert as Prometheus is to tell it: the labels beside severity and service, and what stands for `$value` in its description. */
export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
}

/** What happens to some series, one sample every 15 s, and whether the alert tells it. Times count from the first sample. */
export interface AlertCase {
  /** A sentence. */
  readonly name: string
  readonly series: CaseSeries
  /** Exactly these alerts of the name fire then. */
  readonly fires: readonly { readonly at: Duration; readonly alerts: readonly ExpectedAlert[] }[]
  /** None of the name fires then. */
  readonly quiet: readonly Duration[]
}

/** One way in which an alert comes to fire. */
export interface AlertRule {
  readonly expr: string
  /** It must hold for so long: two scrapes at least, save where something was lost. */
  readonly for: Duration
  /** It goes on firing for so long once it does not hold, so that what comes and goes is one alert. */
  readonly keepFiringFor?: Duration
  /** Where it is not that of the alert. */
  readonly severity?: Severity
  /** What tells the rules of an alert apart. */
  readonly labels?: Readonly<Record<string, string>>
  /** With value and unit, at most one `$value`. */
  readonly description: Said
  readonly cases: readonly AlertCase[]
}

/** Why a page has no rule for its metric being absent. */
interface NoTwin {
  readonly noTwin: string
}

interface Described {
  readonly name: string
  /** Short and without a value, so that all alerts of a group have the same. */
  readonly summary: Said
  readonly dashboard: DashboardUid
  readonly rules: readonly [AlertRule, ...AlertRule[]]
}

/** An alert: a name, a section in the runbook, and the rules that raise it. A page always says what becomes of it without its metric. */
export type Alert = Described &
  (
    | { readonly severity: 'warning' | 'info' | 'none' }
    | ({ readonly severity: 'critical' } & (NoTwin | { readonly twin: AlertRule }))
  )

/** Both languages. */
export const say = (en: string, zh: string): Said => ({ en, zh })

/** A case of one alert at one time. */
export function fires(name: string, given: CaseSeries, at: Duration, alert: ExpectedAlert): AlertCase {
  return { name, series: given, fires: [{ at, alerts: [alert] }], quiet: [] }
}

/** A case in which nothing fires. */
export const quiet = (name: string, given: CaseSeries, ...at: readonly Duration[]): AlertCase => ({
  name,
  series: given,
  fires: [],
  quiet: at,
})

/** A selector of a metric of the collector, with more matchers where they are given. */
export function of(metric: string, matchers?: string): string {
  return `${metric}{job="collector"${matchers === undefined ? '' : `,${matchers}`}}`
}

/** The labels of every series of the instance that the cases are about. */
export const INSTANCE = { job: 'collector', instance: 'host:9092' } as const

/** What an alert of that instance is expected to look like. */
export function alertOf(value: string, labels: Readonly<Record<string, string>> = {}): ExpectedAlert {
  return { labels: { ...INSTANCE, ...labels }, value }
}

/** A series of that instance. */
export const ours = (metric: string, labels: Readonly<Record<string, string>> = {}): string =>
  series(metric, { ...INSTANCE, ...labels })

/** What a page looks at. */
interface Watched {
  readonly metric: string
  readonly matchers?: string
}

/**
 * The rule for an instance that answers and does not tell what a page looks at: it could never fire. One that does not answer is the
 * matter of CollectorDown. `healthy` has that, and raises no alert of the name.
 */
export function twinOf({ metric, matchers }: Watched, healthy: CaseSeries): AlertRule {
  const up = ours('up')
  return {
    expr: `${of('up')} == 1 unless on (job, instance) ${of(metric, matchers)}`,
    for: '2m',
    labels: { signal: 'absent' },
    description: say(
      `The instance answers scrapes and does not tell ${metric}: whether all is well cannot be known.`,
      `实例响应抓取，但没有提供 ${metric}：无法判断是否正常。`,
    ),
    cases: [
      fires(
        `${metric} is not told by an instance that answers`,
        { [up]: steady(1, 5) },
        '3m',
        alertOf('', { signal: 'absent' }),
      ),
      quiet(`${metric} is told`, { [up]: steady(1, 5), ...healthy }, '3m', '5m'),
      quiet(`${metric} is not told by an instance that does not answer`, { [up]: steady(0, 5) }, '3m'),
    ],
  }
}

/** A counter of what must not happen. */
interface EventCounter {
  readonly job: 'collector' | 'alert-bridge'
  readonly counter: string
  readonly by: string
  readonly window: '5m' | '10m'
  readonly matchers?: string
}

/**
 * How much a counter rose within `window`, where it rose. `increase` alone misses the first event of a series that begins with it, so
 * what a series begins with counts as well, for a process that was started lately: series of others are only seen for the first time,
 * and may tell what is long past.
 */
export function eventsOf({ job, counter, by, window, matchers }: EventCounter): string {
  const selector = `${counter}{job="${job}"${matchers === undefined ? '' : `,${matchers}`}}`
  const labels = `job, instance, ${by}`
  const lately = window === '5m' ? 600 : 1_200
  return [
    `sum by (${labels}) (increase(${selector}[${window}])) > 0`,
    'or',
    `sum by (${labels}) (${selector} unless ${selector} offset ${window}) > 0`,
    `  and on (job, instance) time() - process_start_time_seconds{job="${job}"} < ${lately}`,
  ].join('\n')
}
