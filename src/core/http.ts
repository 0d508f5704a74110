/** What an HTTP server has read of a request, as far as it counts. */
export interface ServerRequest {
  /** `GET`, `HEAD` or `POST`. */
  readonly method: string
  /** Begins with `/`; escapes are left as they are. */
  readonly path: string
  /** The first of each name. */
  readonly query: ReadonlyMap<string, string>
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Whom failures are counted against: the address, or the network of one that has many. */
  readonly address: string
  /** Of a POST to a path that takes one; every other request with a body is refused. */
  readonly body?: Uint8Array
}

/** What it sends. */
export interface ServerReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Left out by the server where a HEAD was asked. */
  readonly body: string | Uint8Array
}

/** What answers the requests of a server. */
export type ServerAnswer = (request: ServerRequest) => ServerReply | Promise<ServerReply>
