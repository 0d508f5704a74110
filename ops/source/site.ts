import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Languages that alerts and dashboards speak. */
const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

const URL_KEYS = ['prometheus_url', 'alertmanager_url', 'grafana_url', 'bridge_url', 'runbook_url'] as const
type UrlKey = (typeof URL_KEYS)[number]

/** Programs of others that rules read of, by the names of their jobs in our own configuration of Prometheus. */
export const FOREIGN_JOBS = ['alertmanager', 'prometheus'] as const
type ForeignJob = (typeof FOREIGN_JOBS)[number]

/** Where the parts of an installation are, as they reach each other. URLs end without a slash. */
export interface Site extends Readonly<Record<UrlKey, string>> {
  /** Tells this installation from others in every alert. */
  readonly name: string
  readonly language: Language
  /** One or more, all with the same scheme and path: they are one job. */
  readonly collector_urls: readonly [first: string, ...others: readonly string[]]
  /** A service outside that misses the heartbeat of the alert path, beside the bridge: it is sent a POST every five minutes. */
  readonly watchdog_url?: string
  /** What the jobs of these are called in a cluster. The rules of one that is not named are left out there. */
  readonly kubernetes_jobs?: Readonly<Partial<Record<ForeignJob, string>>>
}

const KEYS: readonly string[] = [
  'name',
  'language',
  'collector_urls',
  ...URL_KEYS,
  'watchdog_url',
  'kubernetes_jobs',
]
/** A value of a label, and part of names of files. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
/** A job as monitors of a cluster make it, without anything that would end the string of a matcher. */
const JOB = /^[\w./:-]{1,253}$/

/** What `ops/site.json` says. Throws an `Error` that names every fault. */
export function loadSite(path: string = join(import.meta.dirname, '../site.json')): Site {
  return siteOf(readFileSync(path, 'utf8'))
}

/** The site that a JSON text describes. Throws an `Error` that names every fault. */
export function siteOf(text: string): Site {
  const read = parsed(text)
  const faults = faultsOf(read)
  if (faults.length > 0) throw new Error(`ops/site.json: ${faults.join('; ')}`)
  const url = (key: UrlKey): string => trimmed(textOf(read, key))
  const watchdog = read.get('watchdog_url')
  const [first, ...others] = listOf(read.get('collector_urls'))
  return {
    name: textOf(read, 'name'),
    language: LANGUAGES.find((language) => language === read.get('language')) ?? 'en',
    collector_urls: [trimmed(String(first)), ...others.map((one) => trimmed(String(one)))],
    prometheus_url: url('prometheus_url'),
    alertmanager_url: url('alertmanager_url'),
    grafana_url: url('grafana_url'),
    bridge_url: url('bridge_url'),
    runbook_url: url('runbook_url'),
    ...(typeof watchdog === 'string' ? { watchdog_url: watchdog } : {}),
    ...(read.has('kubernetes_jobs')
      ? { kubernetes_jobs: Object.fromEntries(entriesOf(read.get('kubernetes_jobs'))) }
      : {}),
  }
}

type Values = ReadonlyMap<string, unknown>

function parsed(text: string): Values {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Error(`ops/site.json is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('ops/site.json is not an object')
  }
  return new Map(Object.entries(value))
}

function faultsOf(read: Values): readonly string[] {
  const unknown = [...read.keys()].filter((key) => !KEYS.includes(key))
  const name = read.get('name')
  const language = read.get('language')
  return [
    ...unknown.map((key) => `${key} is not known, only ${KEYS.join(', ')} are`),
    ...(typeof name === 'string' && NAME.test(name) ? [] : [`name must match ${NAME.source}`]),
    ...(LANGUAGES.some((each) => each === language) ? [] : [`language must be ${LANGUAGES.join(' or ')}`]),
    ...collectorFaults(read.get('collector_urls')),
    ...URL_KEYS.flatMap((key) => urlFaults(key, read.get(key))),
    ...(read.has('watchdog_url') ? urlFaults('watchdog_url', read.get('watchdog_url')) : []),
    ...(read.has('kubernetes_jobs') ? jobFaults(read.get('kubernetes_jobs')) : []),
  ]
}

/** Of the list as a whole only where each address is sound. */
function collectorFaults(value: unknown): readonly string[] {
  const urls = listOf(value)
  if (urls.length === 0) return ['collector_urls must be a list of one URL or more']
  const faults = urls.flatMap((url, index) => urlFaults(`collector_urls[${index}]`, url))
  if (faults.length > 0) return faults
  const kinds = urls.map((url) => {
    const { protocol, pathname } = new URL(trimmed(String(url)))
    return `${protocol}${pathname}`
  })
  return [
    ...(new Set(urls.map((url) => new URL(String(url)).host)).size < urls.length
      ? ['collector_urls must not name a host and port twice']
      : []),
    ...(new Set(kinds).size > 1 ? ['collector_urls must have the same scheme and path'] : []),
  ]
}

function jobFaults(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return ['kubernetes_jobs must be an object']
  return entriesOf(value).flatMap(([name, job]) => {
    if (!FOREIGN_JOBS.some((known) => known === name))
      return [`kubernetes_jobs.${name} is not known, only ${FOREIGN_JOBS.join(', ')} are`]
    return typeof job === 'string' && JOB.test(job)
      ? []
      : [`kubernetes_jobs.${name} must match ${JOB.source}`]
  })
}

function urlFaults(key: string, value: unknown): readonly string[] {
  if (value === undefined) return [`${key} is missing`]
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return [`${key} must be a URL with http or https`]
  if (url.username !== '' || url.password !== '') return [`${key} must not hold credentials`]
  // A query or an anchor would end up in the middle of the addresses that are made from it.
  return key !== 'watchdog_url' && (url.search !== '' || url.hash !== '')
    ? [`${key} must end with its path`]
    : []
}

const textOf = (read: Values, key: string): string => String(read.get(key))

const trimmed = (url: string): string => url.replace(/\/+$/, '')

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] => Object.entries(Object(value))
