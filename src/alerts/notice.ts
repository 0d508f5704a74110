/** How urgent an alert is, the most urgent first. What carries no known `severity` counts as a warning: it must not be overlooked. */
export const SEVERITIES = ['critical', 'warning', 'info', 'none'] as const
export type Severity = (typeof SEVERITIES)[number]

export type Texts = Readonly<Record<string, string>>

interface AlertFacts {
  readonly labels: Texts
  readonly annotations: Texts
  /** Epoch ms. */
  readonly startsAtMs: number
  /** What Alertmanager knows the alert by; without one, its labels. */
  readonly fingerprint: string
  /** The expression at Prometheus; may be empty. */
  readonly generatorUrl: string
}

/** One alert of a webhook. */
export type Alert = AlertFacts &
  ({ readonly status: 'firing' } | { readonly status: 'resolved'; readonly endsAtMs: number })

/** What one webhook of Alertmanager says: a group of alerts, of which some fire and some are resolved. */
export interface Notice {
  readonly groupKey: string
  readonly status: 'firing' | 'resolved'
  /** Alertmanager itself, as it calls itself; may be empty. */
  readonly externalUrl: string
  /** Alerts that Alertmanager has left out (`max_alerts`). */
  readonly truncatedAlerts: number
  readonly alerts: readonly Alert[]
}

/** Characters kept of a label or annotation: more than a message could show. */
export const TEXT_LIMIT = 4_000
/** Labels, and annotations, kept of one alert. */
const TEXTS_LIMIT = 64
const NO_TEXTS: Texts = {}

/** Epoch ms of a time of RFC 3339; `undefined` for anything else. */
export type TimeReader = (text: string) => number | undefined

/** Reads the body of a webhook (version 4). Answers what is wrong with one that cannot be read; never throws. */
export function readNotice(body: Uint8Array, timeOf: TimeReader): Notice | { readonly fault: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    return noticeOf(fieldsOf(JSON.parse(text), 'the body'), timeOf)
  } catch (cause) {
    if (cause instanceof SyntaxError) return { fault: 'not JSON' }
    if (cause instanceof TypeError) return { fault: 'not UTF-8' }
    if (cause instanceof RangeError) return { fault: cause.message }
    throw cause
  }
}

/** What sets this alert, in this state, apart from every other. */
export const alertKey = ({ fingerprint, status, startsAtMs }: Alert): string =>
  `${status} ${startsAtMs} ${fingerprint}`

/** What two webhooks that say the same have in common: group, status, fingerprints, states and starts. */
export function noticeKey({ groupKey, status, alerts }: Notice): string {
  return [groupKey, status, ...alerts.map(alertKey).toSorted()].join('\n')
}

export function severityOf({ labels }: Alert): Severity {
  return SEVERITIES.find((severity) => severity === labels['severity']?.toLowerCase()) ?? 'warning'
}

const labelsKey = (labels: Texts): string =>
  Object.entries(labels)
    .map((entry) => JSON.stringify(entry))
    .toSorted((one, other) => (one < other ? -1 : 1))
    .join(',')

type Fields = ReadonlyMap<string, unknown>

function noticeOf(fields: Fields, timeOf: TimeReader): Notice {
  const alerts = fields.get('alerts')
  if (!Array.isArray(alerts)) throw new RangeError('alerts: no list')
  const truncated = fields.get('truncatedAlerts')
  return {
    groupKey: textOf(fields, 'groupKey'),
    status: statusOf(fields, 'status'),
    externalUrl: textOf(fields, 'externalURL'),
    truncatedAlerts: typeof truncated === 'number' && truncated > 0 ? Math.floor(truncated) : 0,
    alerts: alerts.map((alert: unknown, at) => alertOf(fieldsOf(alert, `alerts[${at}]`), timeOf)),
  }
}

function alertOf(fields: Fields, timeOf: TimeReader): Alert {
  const labels = textsOf(fields, 'labels')
  const fingerprint = textOf(fields, 'fingerprint')
  const facts: AlertFacts = {
    labels,
    annotations: textsOf(fields, 'annotations'),
    startsAtMs: readTime(fields, 'startsAt', timeOf),
    fingerprint: fingerprint === '' ? labelsKey(labels) : fingerprint,
    generatorUrl: textOf(fields, 'generatorURL'),
  }
  const status = statusOf(fields, 'status')
  return status === 'firing'
    ? { ...facts, status }
    : { ...facts, status, endsAtMs: readTime(fields, 'endsAt', timeOf) }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${what}: no object`)
  return new Map(Object.entries(value))
}

function statusOf(fields: Fields, name: string): 'firing' | 'resolved' {
  const value = fields.get(name)
  if (value === 'firing' || value === 'resolved') return value
  throw new RangeError(`${name}: neither firing nor resolved`)
}

function readTime(fields: Fields, name: string, timeOf: TimeReader): number {
  const value = fields.get(name)
  const timeMs = typeof value === 'string' ? timeOf(value) : undefined
  if (timeMs === undefined) throw new RangeError(`${name}: no time`)
  return timeMs
}

function textOf(fields: Fields, name: string): string {
  const value = fields.get(name) ?? ''
  if (typeof value !== 'string') throw new RangeError(`${name}: no text`)
  return cut(value)
}

function textsOf(fields: Fields, name: string): Texts {
  const value = fields.get(name)
  if (value === undefined || value === null) return NO_TEXTS
  const entries = [...fieldsOf(value, name)].slice(0, TEXTS_LIMIT)
  return Object.fromEntries(
    entries.map(([key, text]) => {
      if (typeof text !== 'string') throw new RangeError(`${name}: a value that is no text`)
      return [cut(key), cut(text)]
    }),
  )
}

/** Also takes halves of characters out, which no encoding of text has. */
const cut = (text: string): string => text.slice(0, TEXT_LIMIT).toWellFormed()
