/** Chooses one collector; every dashboard has it. */
export const INSTANCE = { name: 'instance', series: 'up{job="collector"}', of: 'instance' } as const

/** Matchers of the bridge to DingTalk. */
export const BRIDGE = 'job="alert-bridge"'
/** Matchers of Alertmanager. */
export const ALERTMANAGER = 'job="alertmanager"'

/** A metric of the collector that was chosen; `labels` are further matchers. */
export const own = (metric: string, labels = ''): string => `${metric}{${matchers(labels)}}`

/** How often each second, by `labels` of the result. */
export const rateBy = (labels: string, metric: string, only = ''): string =>
  `sum by (${labels}) (rate(${metric}{${matchers(only)}}[$__rate_interval]))`

/** How many each minute, by `labels` of the result. */
export const increaseBy = (labels: string, metric: string, only = ''): string =>
  `sum by (${labels}) (increase(${metric}{${matchers(only)}}[$__rate_interval]))`

/** How many in the time that is shown. */
export const increaseShown = (metric: string, only = ''): string =>
  `sum(increase(${metric}{${matchers(only)}}[$__range]))`

/** Age in seconds of a time that a metric tells, by `labels` of the result. */
export const ageBy = (labels: string, metric: string): string =>
  `time() - max by (${labels}) (${own(metric)})`

/** A quantile of a histogram, by `labels` of the result; nothing where nothing was measured. */
export function quantileBy(labels: readonly string[], quantile: number, metric: string, only = ''): string {
  const by = labels.join(', ')
  const buckets = `sum by (${[...labels, 'le'].join(', ')}) (rate(${metric}_bucket{${matchers(only)}}[$__rate_interval]))`
  const counts = `sum by (${by}) (rate(${metric}_count{${matchers(only)}}[$__rate_interval]))`
  return `histogram_quantile(${quantile}, ${buckets}) and ${onlyWhere(by, counts)}`
}

const onlyWhere = (by: string, counts: string): string => `on (${by}) (${counts} > 0)`

/** Seconds over all order books that were not good, as a share of those that were observed, over a range. */
export const badShare = (range: string, only = ''): string =>
  `1 - sum(rate(collector_book_good_seconds_total{${matchers(only)}}[${range}])) / (sum(rate(collector_book_observed_seconds_total{${matchers(only)}}[${range}])) > 0)`

/** Age in seconds of the oldest record that a sink does not have; 0 for one that has all. */
export const SINK_LAG = `(time() - max by (sink) (${own('collector_sink_oldest_timestamp_seconds')})) or max by (sink) (0 * ${own('collector_sink_behind_bytes')})`

/** Alerts that fire, the dead man's switch left out: it always does. */
export const FIRING = 'ALERTS{alertstate="firing",service="collector",alertname!="Watchdog"}'

function matchers(labels: string): string {
  const chosen = 'job="collector",instance="$instance"'
  return labels === '' ? chosen : `${chosen},${labels}`
}
