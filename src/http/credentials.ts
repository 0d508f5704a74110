import type { ServerReply, ServerRequest } from '../core/http.ts'
import { textReply } from './exchange.ts'
import { Failures } from './failures.ts'

/** Who may ask. */
export type Credentials =
  | { readonly scheme: 'Basic'; readonly name: string; readonly password: string }
  | { readonly scheme: 'Bearer'; readonly token: string }

export interface GateOptions {
  readonly credentials: Credentials
  /** Compares in a time that does not depend on the texts. */
  readonly isSame: (left: string, right: string) => boolean
  /** Steady time, µs. */
  readonly steadyUs: () => number
}

/**
 * Lets in who has the credentials. After `FAILURE_LIMIT` wrong ones within a minute an address has to wait: with the token of the
 * admin also when it shows the right one, otherwise it could go on guessing. Who shows none has guessed nothing.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #expected: string
  readonly #failures: Failures

  constructor(options: GateOptions) {
    this.#options = options
    this.#expected = expectedOf(options.credentials)
    this.#failures = new Failures(options.steadyUs)
  }

  /** The reply for who is kept out; `undefined`: come in. */
  refuse({ headers, address }: ServerRequest): ServerReply | undefined {
    const waitSeconds = this.#failures.waitSeconds(address)
    const shown = headers.get('authorization')
    const isRight = shown !== undefined && this.#isRight(shown)
    // Behind one address may be many: somebody's wrong password must not hide what this one is there to tell.
    if (isRight && (waitSeconds === undefined || this.#options.credentials.scheme === 'Basic'))
      return undefined
    if (waitSeconds !== undefined) {
      return textReply(429, '429 Too Many Requests', { 'retry-after': String(waitSeconds) })
    }
    if (shown !== undefined) this.#failures.add(address)
    const { scheme } = this.#options.credentials
    const charset = scheme === 'Basic' ? ', charset="UTF-8"' : ''
    return textReply(401, '401 Unauthorized', {
      'www-authenticate': `${scheme} realm="marketprism"${charset}`,
    })
  }

  #isRight(shown: string): boolean {
    const mark = shown.indexOf(' ')
    if (shown.slice(0, mark).toLowerCase() !== this.#options.credentials.scheme.toLowerCase()) return false
    return this.#options.isSame(shown.slice(mark + 1).trim(), this.#expected)
  }
}

/** What follows the scheme in the header. */
function expectedOf(credentials: Credentials): string {
  if (credentials.scheme === 'Bearer') return credentials.token
  return Buffer.from(`${credentials.name}:${credentials.password}`).toString('base64')
}
