import type { ComponentState, ComponentVerdict, HealthState, Verdict } from './verdict.ts'

/** The words of `application/health+json`. `pass` and `warn` go with 2xx, `fail` with 5xx. */
type Status = 'pass' | 'warn' | 'fail'

const STATUSES: Readonly<Record<HealthState, Status>> = {
  starting: 'warn',
  healthy: 'pass',
  degraded: 'warn',
  unhealthy: 'fail',
  stopping: 'fail',
}

const COMPONENT_STATUSES: Readonly<Record<ComponentState, Status>> = {
  starting: 'warn',
  ok: 'pass',
  recoverable: 'warn',
  permanent: 'fail',
  stopping: 'warn',
  stopped: 'fail',
}

/** A document is smaller than this, whatever it has to say. */
export const DOCUMENT_LIMIT_BYTES = 64_000
/** With the text limits these keep a document below its limit, at three bytes a character. */
const COMPONENT_LIMIT = 40
const REASON_LIMIT = 24
const TEXT_LIMIT = 200
const NAME_LIMIT = 60

/** The HTTP status that goes with a state. */
export const httpStatusOf = (state: HealthState): 200 | 503 => (STATUSES[state] === 'fail' ? 503 : 200)

export interface DocumentOptions {
  /** Steady time of this moment and of the start. */
  readonly nowUs: number
  readonly startUs: number
  /** Wall time of a steady time, in ISO 8601. */
  readonly timeOf: (steadyUs: number) => string
  /** Only this component (`journal`, `venue/deribit`), or all of a kind (`venue`). */
  readonly component?: string | undefined
}

/** The verdict as JSON, always below `DOCUMENT_LIMIT_BYTES`. What does not fit is counted: the worst is told first. */
export function healthDocument(verdict: Verdict, options: DocumentOptions): string {
  const { component, nowUs, startUs, timeOf } = options
  const isWanted = (name: string): boolean =>
    component === undefined || name === component || name.startsWith(`${component}/`)
  const components = verdict.components.filter(({ name }) => isWanted(name))
  const reasons = verdict.reasons.filter((reason) => isWanted(reason.component))
  const worstFirst = components.toSorted((a, b) => Number(a.state === 'ok') - Number(b.state === 'ok'))
  return JSON.stringify({
    status: STATUSES[verdict.state],
    state: verdict.state,
    since: timeOf(verdict.sinceUs),
    uptime_seconds: Math.floor((nowUs - startUs) / 1_000_000),
    live: verdict.isLive,
    ready: verdict.isReady,
    reasons: reasons.slice(0, REASON_LIMIT).map((reason) => ({
      component: plain(reason.component, NAME_LIMIT),
      reason: reason.reason,
      text: plain(reason.text, TEXT_LIMIT),
    })),
    reasons_left_out: leftOut(reasons, REASON_LIMIT),
    components: Object.fromEntries(
      worstFirst
        .slice(0, COMPONENT_LIMIT)
        .map((one) => [plain(one.name, NAME_LIMIT), componentEntry(one, timeOf)]),
    ),
    components_left_out: leftOut(components, COMPONENT_LIMIT),
    transitions: verdict.transitions,
    flaps: verdict.flaps,
  })
}

const componentEntry = (
  { state, sinceUs, reason, text, ageMs }: ComponentVerdict,
  timeOf: (steadyUs: number) => string,
) => ({
  status: COMPONENT_STATUSES[state],
  state,
  since: timeOf(sinceUs),
  reason,
  text: text === undefined ? undefined : plain(text, TEXT_LIMIT),
  age_seconds: ageMs === undefined ? undefined : Math.round(ageMs) / 1_000,
})

const leftOut = (list: readonly unknown[], limit: number): number | undefined =>
  list.length > limit ? list.length - limit : undefined

/** One line without control characters and lone surrogates, which JSON would make six bytes each. */
function plain(text: string, limit: number): string {
  const clean = text.slice(0, limit + 1).replaceAll(/\p{Cc}+/gu, ' ')
  return (clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean).toWellFormed()
}
