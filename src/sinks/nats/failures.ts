import { type FailureCode, FailureError } from '../../core/errors.ts'
import { errorCodeOf, failureCodeOf, reasonOf } from '../../runtime/failure-of.ts'

export function natsFailure(
  code: FailureCode,
  message: string,
  options: { readonly retryable: boolean; readonly cause?: unknown },
): FailureError {
  return new FailureError(code, `NATS: ${message}`, options)
}

/**
 * What an error of the client means. The client names its errors, and gives those of Node's sockets as they are or as `cause`.
 * `unauthorized` and `tls` need a person.
 */
export function failureOf(error: unknown): FailureError {
  if (error instanceof FailureError) return error
  if (!(error instanceof Error))
    return natsFailure('unreachable', 'the connection ended', { retryable: true })
  const known = NAMED.get(error.name)?.(error)
  if (known !== undefined) return natsFailure(known.code, known.message, { ...known, cause: error })
  const cause = errorCodeOf(error) === undefined && error.cause !== undefined ? error.cause : error
  const code = failureCodeOf(cause)
  return natsFailure(code, reasonOf(error), { retryable: code !== 'tls', cause: error })
}

interface Meaning {
  readonly code: FailureCode
  readonly message: string
  readonly retryable: boolean
}

const NAMED: ReadonlyMap<string, (error: Error) => Meaning | undefined> = new Map([
  ['AuthorizationError', refusedLogin],
  ['UserAuthenticationExpiredError', refusedLogin],
  ['PermissionViolationError', refusedLogin],
  ['TimeoutError', () => ({ code: 'timeout' as const, message: 'no answer in time', retryable: true })],
  ['ConnectionError', missingTls],
])

/** A server under load gives up on a login that was too slow: that is nobody's mistake. */
function refusedLogin(error: Error): Meaning {
  const isSlow = /authentication timeout/i.test(error.message)
  return { code: isSlow ? 'timeout' : 'unauthorized', message: error.message, retryable: isSlow }
}

function missingTls(error: Error): Meaning | undefined {
  return error.message.includes("does not support 'tls'")
    ? { code: 'tls', message: 'the server offers no encryption', retryable: false }
    : undefined
}
