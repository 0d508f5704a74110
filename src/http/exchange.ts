import type { ServerReply } from '../core/http.ts'

/** Plain text of one line. */
export function textReply(
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): ServerReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` }
}

/** JSON, of `application/json` unless another type is named. */
export function jsonReply(status: number, text: string, contentType = 'application/json'): ServerReply {
  return { status, headers: { 'content-type': contentType }, body: text }
}

/** There is nothing at this path. */
export function notFound(): ServerReply {
  return textReply(404, '404 Not Found')
}

/** There is something at this path, but not for this method. */
export function notAllowed(...methods: readonly string[]): ServerReply {
  return textReply(405, '405 Method Not Allowed', { allow: methods.join(', ') })
}
