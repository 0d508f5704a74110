/**
 * What the server has read, and what it sends. The same shapes as those of the server in runtime/, which this room does not know:
 * whoever joins the two has them compared by the compiler.
 */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Whom failures are counted against. */
  readonly address: string
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Of a HEAD as of its GET: the server leaves it out. */
  readonly body: string | Uint8Array
}

export type HttpAnswer = (request: HttpRequest) => HttpReply | Promise<HttpReply>

/** Plain text of one line. */
export function textReply(
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` }
}

/** JSON, of `application/json` unless another type is named. */
export function jsonReply(status: number, text: string, contentType = 'application/json'): HttpReply {
  return { status, headers: { 'content-type': contentType }, body: text }
}

/** There is nothing at this path. */
export function notFound(): HttpReply {
  return textReply(404, '404 Not Found')
}

/** There is something at this path, but not for this method. */
export function notAllowed(...methods: readonly string[]): HttpReply {
  return textReply(405, '405 Method Not Allowed', { allow: methods.join(', ') })
}
