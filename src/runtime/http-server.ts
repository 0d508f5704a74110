// Longer than most: the life of one connection, of which each part that stands by itself is in another http-*.ts.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { FailureError } from '../core/errors.ts'
import type { ServerAnswer, ServerReply } from '../core/http.ts'
import { errorCodeOf } from './failure-of.ts'
import { listenPatiently } from './http-listen.ts'
import { type BodyOptions, readBody, takesBody } from './http-body.ts'
import { type Exchange, LINGER_MS, plainReply, plainReplyText, sendReply } from './http-reply.ts'
import { networkOf, refusalOf, requestOf } from './http-request.ts'
import { type Slot, Slots } from './http-slots.ts'
import { createServer } from './node-http.ts'
import { HttpTally, type Rejection, type ServerCounts } from './http-tally.ts'

/** Certificate and its key, PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface HttpServerOptions {
  readonly host: string
  /** Each is listened at; 0: any that is free. */
  readonly ports: readonly number[]
  /** With it HTTPS is spoken in place of HTTP. */
  readonly tls?: TlsFiles
  /** Connections at a time, over all ports. */
  readonly clients?: { readonly total?: number; readonly perAddress?: number }
  /** Paths that are counted by name; one that ends in `/` stands for all below it. The others count as `other`. */
  readonly paths: readonly string[]
  /** Left out: no request may have a body. */
  readonly bodies?: BodyOptions
  /** Asked for one request of a connection at a time. What it throws is answered with 500. */
  readonly answer: ServerAnswer
  /** Told what `answer` threw: a fault of this program. */
  readonly onFault: (fault: unknown) => void
}

/** A server that answers GET, HEAD and what `answer` takes besides, whatever its clients do. */
export interface HttpServer {
  /** Where it listens, in the order of `ports`. */
  readonly ports: readonly number[]
  /** What it has done, and how many connections there are at this moment. */
  counts(): ServerCounts & { readonly connections: number }
  /** Ends everything: answers that are on their way have half a second. Resolves once no connection is left. */
  close(): Promise<void>
}

const CLIENTS = { total: 512, perAddress: 256 }
const LIMITS = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8 * 1024,
  insecureHTTPParser: false,
  // Asked for by `refusalOf`, which answers as everything else is answered.
  requireHostHeader: false,
} as const
const REQUESTS_PER_CONNECTION = 1_000
const TLS_LIMITS = { handshakeTimeout: 3_000, minVersion: 'TLSv1.2' } as const
/** A client that has not taken its answer by then is cut off. */
const WRITE_LIMIT_MS = 5_000
/** Profiles of a process take their time; whatever takes longer is answered with 503. */
const ANSWER_LIMIT_MS = 120_000
/** Requests of one connection that wait for their turn. */
const PIPELINE_LIMIT = 16
/** For answers that are on their way when the server closes. */
const CLOSE_MS = 500
/** A client that speaks no HTTP, by Node's code for it. Whatever else begins with `HPE_` is malformed. */
const CLIENT_ERRORS: ReadonlyMap<string, readonly [Rejection, number]> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', ['slow_request', 408]],
  ['HPE_HEADER_OVERFLOW', ['header_size', 431]],
])

/**
 * Listens at every port, or throws `FailureError`: `locked` naming host and port, where another process still has it after three
 * tries; otherwise what the system says of the address.
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = new GuardedServer(options)
  try {
    await server.listen()
  } catch (cause) {
    await server.close()
    throw cause
  }
  return server
}

interface Refusal {
  /** The connection, above TLS. */
  readonly stream: Duplex
  readonly status: number
}

interface Connection extends Slot {
  readonly socket: Socket
  /** Requests without a whole answer, the one at work first. */
  readonly waiting: Exchange[]
  /** Told as soon as nothing waits; nothing more is read. */
  refusal: Refusal | undefined
}

class GuardedServer implements HttpServer {
  readonly ports: number[] = []
  readonly #options: HttpServerOptions
  readonly #servers = new Map<number, Server>()
  readonly #slots: Slots<Connection>
  /** By `peerOf`, which a TLS socket has in common with the one below it. */
  readonly #connections = new Map<string, Connection>()
  readonly #tally: HttpTally
  #closing: Promise<void> | undefined

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#slots = new Slots({ ...CLIENTS, ...options.clients })
    this.#tally = new HttpTally(options.paths)
  }

  async listen(): Promise<void> {
    for (const port of this.#options.ports) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: the first that fails is the one that is named
      this.ports.push(this.#servers.has(port) ? port : await this.#open(port))
    }
  }

  counts(): ServerCounts & { readonly connections: number } {
    return { ...this.#tally.counts(), connections: this.#connections.size }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const closed = [...this.#servers.values()].map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve()
          })
        }),
    )
    for (const { waiting, socket } of this.#slots.open()) if (waiting.length === 0) socket.destroy()
    const limit = setTimeout(() => {
      for (const { socket } of this.#slots.open()) socket.destroy()
    }, CLOSE_MS)
    await Promise.all(closed)
    clearTimeout(limit)
  }

  async #open(wanted: number): Promise<number> {
    const server = this.#make()
    const port = await listenPatiently(server, this.#options.host, wanted)
    server.on('error', () => {
      this.#tally.rejected('accept')
    })
    this.#servers.set(port, server)
    return port
  }

  #make(): Server {
    const { tls } = this.#options
    const server = tls === undefined ? createServer(LIMITS) : tlsServer(tls)
    server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
    // Node would leave the rest of the headers out, unseen; the size is limited anyway.
    server.maxHeadersCount = 0
    const hear = (request: IncomingMessage, response: ServerResponse): void => {
      this.#hear(request, response)
    }
    server.on('connection', (socket: Socket) => {
      this.#connect(socket)
    })
    server.on('request', hear).on('checkContinue', hear).on('checkExpectation', hear)
    server.on('connect', (_, socket: Duplex) => {
      this.#turnAway(socket, 'method', 405)
    })
    server.on('clientError', (error, socket) => {
      this.#clientFailed(error, socket)
    })
    return server
  }

  #connect(socket: Socket): void {
    // A client that cuts its end is no fault here; 'close' follows.
    socket.on('error', () => undefined)
    const peer = peerOf(socket)
    if (peer === undefined) {
      socket.destroy()
      return
    }
    const address = networkOf(socket.remoteAddress ?? '')
    const connection: Connection = {
      address,
      stage: 'reading',
      turn: 0,
      socket,
      waiting: [],
      refusal: undefined,
    }
    this.#connections.set(peer, connection)
    socket.on('close', () => {
      this.#slots.remove(connection)
      if (this.#connections.get(peer) === connection) this.#connections.delete(peer)
    })
    const crowded = this.#slots.add(connection)
    if (crowded === undefined) return
    this.#tally.rejected(crowded.reason)
    crowded.ended.socket.destroy()
  }

  #hear(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf(request.socket)
    if (connection === undefined || connection.refusal !== undefined) {
      request.socket.destroy()
      return
    }
    if (connection.waiting.push({ request, response }) > PIPELINE_LIMIT) {
      this.#tally.rejected('pipeline')
      request.socket.destroy()
      return
    }
    response.once('close', () => {
      connection.waiting.shift()
      this.#proceed(connection)
    })
    if (connection.waiting.length === 1) this.#proceed(connection)
  }

  /** On to the next request of a connection. One at a time, so that a client cannot have more made than it takes. */
  #proceed(connection: Connection): void {
    const [exchange] = connection.waiting
    if (connection.socket.destroyed) return
    if (exchange !== undefined) {
      void this.#serve(connection, exchange)
    } else if (connection.refusal !== undefined) {
      this.#refuse(connection, connection.refusal)
    } else if (this.#closing !== undefined) {
      connection.socket.destroy()
    } else {
      this.#slots.move(connection, 'kept')
    }
  }

  /** Never rejects. */
  async #serve(connection: Connection, { request, response }: Exchange): Promise<void> {
    this.#slots.move(connection, 'reading')
    const reply = await this.#reply({ request, response }, connection)
    if (response.destroyed) return
    this.#slots.move(connection, 'writing')
    const deadline = setTimeout(() => {
      this.#tally.rejected('slow_reader')
      connection.socket.destroy()
    }, WRITE_LIMIT_MS)
    response.once('close', () => {
      clearTimeout(deadline)
    })
    this.#tally.answered(requestOf(request, '').path, reply.status)
    try {
      sendReply({ request, response }, reply, { isLast: this.#closing !== undefined })
    } catch (fault) {
      this.#options.onFault(fault)
      connection.socket.destroy()
    }
  }

  /** Need not ever resolve where the client leaves first. */
  async #reply({ request, response }: Exchange, connection: Connection): Promise<ServerReply> {
    const { bodies } = this.#options
    const asked = requestOf(request, connection.address)
    const hasRoom = takesBody(bodies, asked.method, asked.path)
    const refusal = refusalOf(request, hasRoom)
    if (refusal !== undefined) return plainReply(refusal)
    // Until it is there the connection counts as one that keeps the server waiting.
    const body = hasRoom ? await readBody(request, response, bodies?.limitBytes ?? 0) : undefined
    if (body === 503) this.#tally.rejected('slow_request')
    if (typeof body === 'number') return plainReply(body)
    this.#slots.move(connection, 'answering')
    let limit: NodeJS.Timeout | undefined
    const late = new Promise<ServerReply>((resolve) => {
      limit = setTimeout(() => {
        this.#tally.rejected('slow_answer')
        resolve(plainReply(503))
      }, ANSWER_LIMIT_MS)
    })
    response.once('close', () => {
      clearTimeout(limit)
    })
    try {
      return await Promise.race([this.#options.answer(body === undefined ? asked : { ...asked, body }), late])
    } catch (fault) {
      this.#options.onFault(fault)
      return plainReply(500)
    } finally {
      clearTimeout(limit)
    }
  }

  #clientFailed(error: Error, socket: Duplex): void {
    const code = errorCodeOf(error) ?? ''
    const known = CLIENT_ERRORS.get(code)
    if (known !== undefined) this.#turnAway(socket, ...known)
    else if (code.startsWith('HPE_')) this.#turnAway(socket, 'malformed', 400)
    else {
      if (/^ERR_(SSL|TLS)_/.test(code)) this.#tally.rejected('tls')
      socket.destroy()
    }
  }

  /** Told once of a connection: what comes after is not read as HTTP. */
  #turnAway(socket: Duplex, reason: Rejection, status: number): void {
    const connection = this.#connectionOf(socket)
    if (connection === undefined) socket.destroy()
    if (connection === undefined || connection.refusal !== undefined) return
    this.#tally.rejected(reason)
    connection.refusal = { stream: socket, status }
    if (connection.waiting.length === 0) this.#refuse(connection, connection.refusal)
  }

  #refuse(connection: Connection, { stream, status }: Refusal): void {
    this.#slots.move(connection, 'refused')
    const limit = setTimeout(() => connection.socket.destroy(), LINGER_MS)
    connection.socket.once('close', () => {
      clearTimeout(limit)
    })
    stream.end(plainReplyText(status))
  }

  #connectionOf(stream: Duplex): Connection | undefined {
    const peer = stream instanceof Socket ? peerOf(stream) : undefined
    return peer === undefined ? undefined : this.#connections.get(peer)
  }
}

/** What sets one connection apart from every other that is open; `undefined` once its client is gone. */
function peerOf({ localPort, remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${localPort} ${remoteAddress} ${remotePort}`
}

/** Throws `FailureError` with code `tls` for what is no certificate with its key. */
function tlsServer({ cert, key }: TlsFiles): Server {
  try {
    return createTlsServer({ ...LIMITS, ...TLS_LIMITS, cert, key })
  } catch (cause) {
    throw new FailureError('tls', `certificate and key cannot be used: ${String(cause)}`, {
      retryable: false,
      cause,
    })
  }
}
