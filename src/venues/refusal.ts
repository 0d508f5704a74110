import { DecodeError, type FailureCode } from '../core/errors.ts'
import { Reader } from './reader.ts'

/** What went wrong with a REST request, and whether the same request may succeed later. */
export interface Failure {
  readonly code: FailureCode
  readonly retryable: boolean
}

/** What an HTTP status says where the venue's own words are missing. Redirects and 403 are how regions are turned away. */
export function failureOf(status: number): Failure {
  if (status === 403 || status === 451) return { code: 'geo_blocked', retryable: false }
  if (status >= 300 && status < 400) return { code: 'geo_blocked', retryable: false }
  if (status === 429) return { code: 'rate_limited', retryable: true }
  if (status === 503) return { code: 'maintenance', retryable: true }
  if (status >= 500) return { code: 'refused', retryable: true }
  return status < 300 ? { code: 'bad_answer', retryable: true } : { code: 'refused', retryable: false }
}

/** The body as `read` sees it; `undefined` where it is not what that expects. */
export function envelopeOf<Envelope>(
  body: Uint8Array,
  read: (reader: Reader) => Envelope,
): Envelope | undefined {
  try {
    return read(Reader.parse(body))
  } catch (cause) {
    if (cause instanceof DecodeError) return undefined
    throw cause
  }
}
