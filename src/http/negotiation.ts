/** The two texts in which metrics are told. */
export type MetricsFormat = 'text' | 'openmetrics'

export const METRICS_TYPES: Readonly<Record<MetricsFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

const OPENMETRICS = 'application/openmetrics-text'
/** Versions that our text is good for; one that is not named takes any. */
const OPENMETRICS_VERSIONS: ReadonlySet<string> = new Set(['', '1.0.0'])
/** What the plain text is taken under, a wildcard of all types included. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['text/plain', 'text/*', '*/*'])

/** Entries of an `Accept` header that are looked at. */
const ENTRY_LIMIT = 32

/**
 * Which text an `Accept` header asks for. OpenMetrics has to be named and be liked no less than plain text; a header that takes
 * neither gets plain text.
 */
export function metricsFormat(accept: string | undefined): MetricsFormat {
  let openmetrics = 0
  let text = 0
  for (const entry of (accept ?? '').split(',', ENTRY_LIMIT)) {
    const { type, version, quality } = readEntry(entry)
    if (type === OPENMETRICS && OPENMETRICS_VERSIONS.has(version))
      openmetrics = Math.max(openmetrics, quality)
    if (TEXT_TYPES.has(type)) text = Math.max(text, quality)
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text'
}

function readEntry(entry: string): {
  readonly type: string
  readonly version: string
  readonly quality: number
} {
  const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
  const valueOf = (name: string): string | undefined =>
    parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1)
  const quality = Number(valueOf('q') ?? '1')
  return { type, version: valueOf('version') ?? '', quality: quality > 0 && quality <= 1 ? quality : 0 }
}
