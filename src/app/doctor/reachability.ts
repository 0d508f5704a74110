import { isIP } from 'node:net'
import type { FailureCode, FailureError } from '../../core/errors.ts'
import { type Finding, fault, milliseconds, ok, warning } from './check.ts'

const NETWORK_ADVICE =
  'open the way out of this machine: firewall, route, egress rule of the container. The program uses no proxy (HTTPS_PROXY is not read)'

/** What to do, by why a venue does not serve. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  dns: "ask the name elsewhere; then mend /etc/resolv.conf, the resolver, or the venue's stream_url and rest_url",
  tls: 'look who answers in place of the venue (a proxy, a filter); install its authority, or go around it; look at the clock as well',
  timeout: `${NETWORK_ADVICE}. It was silent: packets are dropped, or the other side is overloaded`,
  unreachable: NETWORK_ADVICE,
  geo_blocked:
    'the venue turns this address or region away: run elsewhere, or set stream_url and rest_url to hosts of the venue that serve it',
  banned:
    'end everything that asks the venue from this address, and wait that long; starting again and again makes it longer',
  rate_limited: 'something else asks the venue from this address: find it, or wait a minute',
  maintenance: 'wait: collecting begins by itself when the venue is back',
  refused: 'read the answer; a firewall of the venue, of the region or of a proxy may have given it',
  bad_answer:
    'something else than the venue answers: look at rest_url and stream_url, and for a proxy or a login page',
}
/** These pass by themselves, and the collector waits for them. */
const PASSING: ReadonlySet<FailureCode> = new Set(['rate_limited', 'maintenance'])

/** What is told of a venue that did not answer as it should. */
export function judgeFailure(failure: FailureError): Finding {
  const { code, retryAfterMs } = failure
  const wait = retryAfterMs === undefined ? '' : `, for ${milliseconds(retryAfterMs)}`
  const text = `${code.replaceAll('_', ' ')}: ${failure.message}${wait}`
  const advice = ADVICE[code] ?? NETWORK_ADVICE
  return PASSING.has(code) ? warning(text, advice) : fault(text, advice)
}

const NOWHERE = /^(127\.|0\.0\.0\.0$|::1$|::$)/

/** What is told of a name that was found. A public name that leads to this machine itself was put there by a filter. */
export function judgeAddresses(host: string, addresses: readonly string[], tookMs: number): Finding {
  if (isIP(host) !== 0) return ok(`${host} is an address`)
  const [first = 'no address', ...others] = addresses
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  const text = `${host} is ${first}${more}, ${milliseconds(tookMs)}`
  const isOwnName = host === 'localhost' || host.endsWith('.localhost')
  const isFiltered = !isOwnName && addresses.every((address) => NOWHERE.test(address))
  if (!isFiltered) return ok(text)
  return warning(
    `${text}: that is this machine itself`,
    'a block list of the resolver or /etc/hosts is in the way, unless you have put the venue there',
  )
}
