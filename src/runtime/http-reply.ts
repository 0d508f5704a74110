import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerReply } from '../core/http.ts'
import { isBodyUnread } from './http-request.ts'
import { STATUS_CODES } from './node-http.ts'

/** For so long a client that was refused is read, so that it sees why: cut at once, it could lose the answer. */
export const LINGER_MS = 500

const FIXED_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const

/** After these the connection is closed: who asks like that may send what nobody reads. */
const LAST: ReadonlySet<number> = new Set([400, 405, 408, 413])

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A status in words, and nothing else. */
export function plainReply(status: number): ServerReply {
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {}
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...allow },
    body: `${status} ${STATUS_CODES[status]}\n`,
  }
}

/** Throws, with nothing sent, for headers that cannot be sent. */
export function sendReply(
  { request, response }: Exchange,
  reply: ServerReply,
  options: { readonly isLast: boolean },
): void {
  const isUnread = isBodyUnread(request)
  if (options.isLast || LAST.has(reply.status) || isUnread) response.shouldKeepAlive = false
  response.writeHead(reply.status, headersOf(reply))
  if (!isUnread) {
    response.end(reply.body)
    return
  }
  response.write(reply.body)
  const limit = setTimeout(() => response.end(), LINGER_MS)
  response.once('close', () => {
    clearTimeout(limit)
  })
  request.once('end', () => response.end())
  request.resume()
}

/** As it goes over the wire, for a client with which there is no exchange. */
export function plainReplyText(status: number): string {
  const reply = plainReply(status)
  const headers = Object.entries({ ...headersOf(reply), connection: 'close' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${String(reply.body)}`
}

function headersOf({ headers, body }: ServerReply): Record<string, string | number> {
  return { ...headers, ...FIXED_HEADERS, 'content-length': Buffer.byteLength(body) }
}
