import { BYTES_LIMIT, LABEL_LIMIT, SERIES_LIMIT } from '../../src/supervisor/metrics/bounds.ts'
import { yamlOf } from './generated-yaml.ts'
import type { Site } from './site.ts'

/** Two of these are the least that an alert holds for. */
const SCRAPE_INTERVAL = '15s'
/** An instance that hangs is found by the scrape, not by the one after it. */
const SCRAPE_TIMEOUT = '10s'
/** Rules are worked out as often as there is something for them. */
export const EVALUATION_INTERVAL = '15s'
/** Metrics have three labels at most, and a scrape adds two. */
const LABELS_LIMIT = 16
/** The longest names are half as long. */
const LABEL_NAME_LIMIT = 128
/** UTF-8 takes at most so many. */
const BYTES_PER_CHARACTER = 4
/** A scrape above its limit is refused whole, so it is far from what the collector keeps to. */
const SLACK = 2
/** Of the bridge: some series for each robot and what it answers. */
const BRIDGE_SERIES_LIMIT = 2_000
/** Of Prometheus and Alertmanager, which keep to nothing: several times what they tell. */
const OTHER_SERIES_LIMIT = 20_000

/** What Prometheus scrapes, whom it tells, and which rules it works by. */
export function prometheusConfig(site: Site): string {
  const bounded = { label_limit: LABELS_LIMIT, label_name_length_limit: LABEL_NAME_LIMIT }
  return yamlOf({
    global: {
      scrape_interval: SCRAPE_INTERVAL,
      scrape_timeout: SCRAPE_TIMEOUT,
      evaluation_interval: EVALUATION_INTERVAL,
      external_labels: { site: site.name },
    },
    rule_files: ['rules/*.yml'],
    alerting: {
      alertmanagers: [
        { ...endpointsOf(site.alertmanager_url), path_prefix: prefixOf(site.alertmanager_url) },
      ],
    },
    scrape_configs: [
      {
        job_name: 'collector',
        ...scraped(...site.collector_urls),
        ...bounded,
        sample_limit: SLACK * SERIES_LIMIT,
        body_size_limit: `${(SLACK * BYTES_LIMIT) / 1_000_000}MB`,
        label_value_length_limit: LABEL_LIMIT * BYTES_PER_CHARACTER,
      },
      {
        job_name: 'alert-bridge',
        ...scraped(site.bridge_url),
        ...bounded,
        sample_limit: BRIDGE_SERIES_LIMIT,
      },
      { job_name: 'alertmanager', ...scraped(site.alertmanager_url), sample_limit: OTHER_SERIES_LIMIT },
      { job_name: 'prometheus', ...scraped(site.prometheus_url), sample_limit: OTHER_SERIES_LIMIT },
    ],
  })
}

const prefixOf = (url: string): string => new URL(url).pathname

type Urls = readonly [first: string, ...others: readonly string[]]

/** Several have one scheme. */
function endpointsOf(...urls: Urls): object {
  const isSecure = new URL(urls[0]).protocol === 'https:'
  const targets = urls.map((url) => {
    const { hostname, port } = new URL(url)
    return `${hostname}:${port === '' ? (isSecure ? '443' : '80') : port}`
  })
  return { scheme: isSecure ? 'https' : 'http', static_configs: [{ targets }] }
}

/** Several have one scheme and one path. */
const scraped = (...urls: Urls): object => ({
  metrics_path: `${prefixOf(urls[0]).replace(/\/$/, '')}/metrics`,
  ...endpointsOf(...urls),
})
