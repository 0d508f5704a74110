/** Why a frame was refused. Closed: each is a label of a metric. */
export const DECODE_CODES = [
  'syntax',
  'truncated',
  'depth',
  'too_large',
  'duplicate_key',
  'missing_field',
  'wrong_type',
  'bad_number',
  'negative',
  'precision',
  'unknown_shape',
  'utf8',
] as const
export type DecodeCode = (typeof DECODE_CODES)[number]

/** A frame that says something its venue is not known to say. The frame is refused; nothing of it is applied. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeCode
  /** Byte offset in the frame, where one is known. */
  readonly offset: number | undefined

  constructor(code: DecodeCode, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} at byte ${offset}`)
    this.code = code
    this.offset = offset
  }
}

/**
 * What can go wrong outside of this process. Of sinks: `unauthorized` (wrong or missing credentials, permission denied), `full` (the
 * far side has no room), `mismatch` (it is set up otherwise than configured), `bad_record` (it will never take this record).
 * `corrupt`: bytes on the disk are not what was written.
 */
export const FAILURE_CODES = [
  'unreachable',
  'dns',
  'tls',
  'timeout',
  'refused',
  'rate_limited',
  'banned',
  'geo_blocked',
  'maintenance',
  'unknown_instrument',
  'bad_answer',
  'too_large',
  'locked',
  'disk',
  'unauthorized',
  'full',
  'mismatch',
  'bad_record',
  'corrupt',
] as const
export type FailureCode = (typeof FAILURE_CODES)[number]

/** A failure outside: typed, with whether the same request may succeed later, and when at the earliest. */
export class FailureError extends Error {
  override readonly name = 'FailureError'
  readonly code: FailureCode
  readonly retryable: boolean
  /** Not before this delay, where the other side said so. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: FailureCode,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs
  }
}
