import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Languages that alerts and dashboards speak. */
const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

const URL_KEYS = [
  'collector_url',
  'prometheus_url',
  'alertmanager_url',
  'grafana_url',
  'bridge_url',
  'runbook_url',
] as const
type UrlKey = (typeof URL_KEYS)[number]

/** Where the parts of an installation are, as they reach each other. URLs end without a slash. */
export interface Site extends Readonly<Record<UrlKey, string>> {
  /** Tells this installation from others in every alert. */
  readonly name: string
  readonly language: Language
  /** A service outside that misses the heartbeat of the alert path, beside the bridge: it is sent a POST every five minutes. */
  readonly watchdog_url?: string
}

const KEYS: readonly string[] = ['name', 'language', ...URL_KEYS, 'watchdog_url']
/** A value of a label, and part of names of files. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** What `ops/site.json` says. Throws an `Error` that names every fault. */
export function loadSite(path: string = join(import.meta.dirname, '../site.json')): Site {
  return siteOf(readFileSync(path, 'utf8'))
}

/** The site that a JSON text describes. Throws an `Error` that names every fault. */
export function siteOf(text: string): Site {
  const read = parsed(text)
  const faults = faultsOf(read)
  if (faults.length > 0) throw new Error(`ops/site.json: ${faults.join('; ')}`)
  const url = (key: UrlKey): string => textOf(read, key).replace(/\/+$/, '')
  const watchdog = read.get('watchdog_url')
  return {
    name: textOf(read, 'name'),
    language: LANGUAGES.find((language) => language === read.get('language')) ?? 'en',
    collector_url: url('collector_url'),
    prometheus_url: url('prometheus_url'),
    alertmanager_url: url('alertmanager_url'),
    grafana_url: url('grafana_url'),
    bridge_url: url('bridge_url'),
    runbook_url: url('runbook_url'),
    ...(typeof watchdog === 'string' ? { watchdog_url: watchdog } : {}),
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
    ...URL_KEYS.flatMap((key) => urlFaults(key, read.get(key))),
    ...(read.has('watchdog_url') ? urlFaults('watchdog_url', read.get('watchdog_url')) : []),
  ]
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
