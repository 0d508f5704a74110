import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import type { ServerRequest } from '../core/http.ts'

/** `POST` is for the answer to allow or refuse. */
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST'])

/**
 * Status with which a request is refused before anybody is asked; `undefined`: it is not. `takesBody`: whether a body may follow.
 */
export function refusalOf(request: IncomingMessage, takesBody: boolean): 400 | 405 | 413 | undefined {
  if (!METHODS.has(request.method)) return 405
  if (hasBody(request) && !takesBody) return 413
  // More than one is an error as well; Node joins none of them and keeps the first.
  if (request.httpVersion === '1.1' && (request.headersDistinct['host'] ?? []).length !== 1) return 400
  return targetOf(request.url) === undefined ? 400 : undefined
}

/** Whether a body follows, or is said to. */
export function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  const length = headers['content-length']
  return length !== undefined && !/^0+$/.test(length)
}

/** Whether a body, or more of one, is to come. */
export const isBodyUnread = (request: IncomingMessage): boolean => hasBody(request) && !request.readableEnded

/** Of a request that `refusalOf` refuses, the path may be `*`. */
export function requestOf(request: IncomingMessage, address: string): ServerRequest {
  const { path, query } = splitTarget(targetOf(request.url) ?? '*')
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return { method: request.method ?? '', path, query, headers, address }
}

/** Path and query of a request target; `undefined` for one that has none (`*`). A proxy's whole URL is taken as well. */
function targetOf(url = ''): string | undefined {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '')
  if (target === '' || target.startsWith('?')) return url === '' ? undefined : `/${target}`
  return target.startsWith('/') ? target : undefined
}

function splitTarget(target: string): Pick<ServerRequest, 'path' | 'query'> {
  const [plain = ''] = target.split('#', 1)
  const mark = plain.indexOf('?')
  const query = new Map<string, string>()
  if (mark === -1) return { path: plain, query }
  for (const [name, value] of new URLSearchParams(plain.slice(mark + 1))) {
    if (!query.has(name)) query.set(name, value)
  }
  return { path: plain.slice(0, mark), query }
}

/** Whom an address stands for: itself, but of IPv6 its /64, of which one client has every address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [left = '', right] = address.split('::')
  const first = groupsOf(left)
  const last = groupsOf(right ?? '')
  const zeros = right === undefined ? 0 : 8 - first.length - last.length
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  return `${groups.slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':')
}
