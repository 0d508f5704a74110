import { type FailureCode, FailureError } from '../core/errors.ts'

/** Codes of Node, OpenSSL and the C library, by what they mean here. A code that is in no list begins like one of `PREFIXES`. */
const CODES: ReadonlyMap<string, FailureCode> = new Map<string, FailureCode>([
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['EAI_FAIL', 'dns'],
  ['EAI_NODATA', 'dns'],
  ['EAI_NONAME', 'dns'],
  ['ETIMEDOUT', 'timeout'],
  ['EPROTO', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['HOSTNAME_MISMATCH', 'tls'],
  ['INVALID_CA', 'tls'],
  ['INVALID_PURPOSE', 'tls'],
  ['PATH_LENGTH_EXCEEDED', 'tls'],
])

const PREFIXES: readonly (readonly [string, FailureCode])[] = [
  ['ERR_TLS_', 'tls'],
  ['ERR_SSL_', 'tls'],
  ['CERT_', 'tls'],
  ['CRL_', 'tls'],
  ['UNABLE_TO_', 'tls'],
  ['ERR_DNS_', 'dns'],
  ['HPE_', 'bad_answer'],
]

/** What an error of Node's network layer means. Whatever is not known is `unreachable`. */
export function failureCodeOf(error: unknown): FailureCode {
  const code = errorCodeOf(error)
  if (code === undefined) return 'unreachable'
  return CODES.get(code) ?? PREFIXES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'unreachable'
}

/** An error of Node's network layer as a `FailureError`. A certificate does not get better by asking again. */
export function networkFailure(error: Error): FailureError {
  const code = failureCodeOf(error)
  return new FailureError(code, reasonOf(error), { retryable: code !== 'tls', cause: error })
}

/** The text of an error; of several (one per address tried), the text of the first. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    const first: unknown = error.errors[0]
    if (first instanceof Error) return first.message
  }
  return error.message
}

/** The `code` of a Node error; of several, that of the first. */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? errorCodeOf(error.errors[0]) : undefined
}
