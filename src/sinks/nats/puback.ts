import { FailureError, type FailureCode } from '../../core/errors.ts'

/** What a server said about one publish. */
export type PubAck =
  | { readonly kind: 'stored' }
  /** It will never take this record. */
  | { readonly kind: 'rejected'; readonly code: FailureCode; readonly reason: string }
  /** It did not take it. */
  | { readonly kind: 'failed'; readonly failure: FailureError }

const STORED: PubAck = { kind: 'stored' }
const LETTER_S = 115
const NO_RESPONDERS = 503
/** `err_code` of a record over `max_msg_size` of the stream. */
const MESSAGE_TOO_LARGE = 10_054
const STREAM_SEALED = 10_109

/** `err_code`s that say that there is no room: of the stream, the account, or the server's memory and disk. */
const FULL: ReadonlySet<number> = new Set([10_001, 10_002, 10_023, 10_028, 10_047, 10_077, 10_120])

/**
 * Reads an acknowledgement: `{"stream":"S","seq":1}`, with `"duplicate":true` for one that was there, or
 * `{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"S","seq":0}`. An empty one with
 * status 503 means that nobody took the record: no stream has the subject, or the cluster has no leader at the moment.
 */
export function readPubAck(data: Uint8Array, status: number): PubAck {
  // The first key decides, and for all but a few it is "stream": no parsing.
  if (data[2] === LETTER_S) return STORED
  if (data.length === 0 && status === NO_RESPONDERS)
    return failed('unreachable', 'no stream takes the subject at the moment', true)
  const error = errorOf(data)
  if (error === undefined) return failed('bad_answer', 'an acknowledgement that is none', true)
  const reason = `${error.description} (${error.errCode})`
  if (error.errCode === MESSAGE_TOO_LARGE) return { kind: 'rejected', code: 'too_large', reason }
  if (FULL.has(error.errCode)) return failed('full', reason, true)
  if (error.errCode === STREAM_SEALED) return failed('mismatch', reason, false)
  return failed('refused', reason, true)
}

function failed(code: FailureCode, message: string, retryable: boolean): PubAck {
  return { kind: 'failed', failure: new FailureError(code, `NATS: ${message}`, { retryable }) }
}

interface ApiError {
  readonly errCode: number
  readonly description: string
}

function errorOf(data: Uint8Array): ApiError | undefined {
  const answer = parse(data)
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined
  const { error } = answer
  if (typeof error !== 'object' || error === null) return undefined
  const errCode = 'err_code' in error && typeof error.err_code === 'number' ? error.err_code : 0
  const description =
    'description' in error && typeof error.description === 'string' ? error.description : 'no reason given'
  return { errCode, description }
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Whether a server's error code says that there is no room. */
export const isFull = (errCode: number): boolean => FULL.has(errCode)
