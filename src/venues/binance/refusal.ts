import { FailureError } from '../../core/errors.ts'
import { envelopeOf, type Failure } from '../refusal.ts'
import type { RestAnswer } from '../venue.ts'

/** A failure, and how long to wait when the venue does not say. */
interface Meaning extends Failure {
  readonly retryAfterMs?: number
}

/** The weight window is a minute: whoever is told to wait without being told how long is right after one. */
const MINUTE_MS = 60_000
/** The shortest ban (spot sheet, section 9). */
const BAN_MS = 120_000
/** An error body is a line; a longer body under 200 is what was asked for. */
const ERROR_BODY_BYTES = 4_096

/** Codes of the body that say more than the status (spot sheet section 9, USD-M sheet section 12). */
const CODES: Readonly<Record<string, Meaning>> = {
  '-1000': { code: 'bad_answer', retryable: true },
  '-1001': { code: 'bad_answer', retryable: true },
  '-1003': { code: 'rate_limited', retryable: true, retryAfterMs: MINUTE_MS },
  '-1006': { code: 'bad_answer', retryable: true },
  '-1007': { code: 'timeout', retryable: true },
  '-1008': { code: 'rate_limited', retryable: true },
  '-1016': { code: 'maintenance', retryable: true },
  '-1034': { code: 'rate_limited', retryable: true, retryAfterMs: MINUTE_MS },
  '-1121': { code: 'unknown_instrument', retryable: false },
  '-1122': { code: 'unknown_instrument', retryable: false },
}

/** Statuses that mean one thing whatever the body says. The firewall's 403 is HTML and may come of a burst. */
const STATUSES: Readonly<Record<number, Meaning>> = {
  403: { code: 'refused', retryable: true, retryAfterMs: MINUTE_MS },
  418: { code: 'banned', retryable: true, retryAfterMs: BAN_MS },
  429: { code: 'rate_limited', retryable: true, retryAfterMs: MINUTE_MS },
  451: { code: 'geo_blocked', retryable: false },
}

/**
 * `Venue.refusal` of both Binance venues. `Retry-After` counts in seconds; a ban without it is told in the text, as a time.
 *
 *     {"code":-1003,"msg":"Way too much request weight used; IP banned until 1659146400000. Please use WebSocket Streams …"}
 *     {"code":-1121,"msg":"Invalid symbol."}
 */
export function binanceRefusal(answer: RestAnswer): FailureError | undefined {
  const fault = faultOf(answer)
  if (answer.status >= 200 && answer.status < 300 && fault === undefined) return undefined
  const meaning = STATUSES[answer.status] ?? CODES[fault?.code ?? ''] ?? plainMeaning(answer.status)
  const text = fault === undefined ? 'without an error body' : `${fault.code} ${fault.text}`
  return new FailureError(meaning.code, `HTTP ${answer.status} ${text}`, {
    retryable: meaning.retryable,
    retryAfterMs: meaning.retryable ? (toldDelayMs(answer, fault) ?? meaning.retryAfterMs) : undefined,
  })
}

/** `X-MBX-USED-WEIGHT-1M`: weight spent in the running minute, by this address. */
export function binanceUsedWeight(headers: Readonly<Record<string, string>>): number | undefined {
  return wholeNumber(headers['x-mbx-used-weight-1m'])
}

function plainMeaning(status: number): Meaning {
  if (status === 408) return { code: 'timeout', retryable: true }
  if (status === 503) return { code: 'maintenance', retryable: true }
  if (status >= 400 && status < 500) return { code: 'refused', retryable: false }
  return { code: 'bad_answer', retryable: true }
}

interface Fault {
  readonly code: string
  readonly text: string
}

/** The code and text of an error body; `undefined` for any other body. */
function faultOf(answer: RestAnswer): Fault | undefined {
  if (answer.body.length > ERROR_BODY_BYTES) return undefined
  return envelopeOf(answer.body, (body) => ({ code: body.decimal('code'), text: body.text('msg') }))
}

function toldDelayMs(answer: RestAnswer, fault: Fault | undefined): number | undefined {
  const seconds = wholeNumber(answer.headers['retry-after'])
  if (seconds !== undefined) return seconds * 1_000
  const untilMs = wholeNumber(/banned until (\d+)/.exec(fault?.text ?? '')?.[1])
  if (untilMs === undefined || answer.receiveTimeUs === undefined) return undefined
  return Math.max(0, untilMs - Math.floor(answer.receiveTimeUs / 1_000))
}

/** A number of at most 15 digits. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
