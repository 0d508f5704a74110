import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import { createHash } from 'node:crypto'
import { freePorts } from '../../scripts/programs.ts'

/** A server on a free loopback port that knows its sockets, so that it can be closed at once and asked whether all are gone. */
export class Loopback<Kind extends Server> implements AsyncDisposable {
  readonly server: Kind
  readonly sockets = new Set<TcpSocket>()
  port = 0
  #whenEmpty: (() => void) | undefined

  constructor(server: Kind) {
    this.server = server
    server.on('connection', (socket: TcpSocket) => {
      this.sockets.add(socket)
      // A client that cuts its end is no fault of the server.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.sockets.delete(socket)
        if (this.sockets.size === 0) this.#whenEmpty?.()
      })
    })
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    const address = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    this.port = address.port
    return this
  }

  /** Resolves once no client socket is left. */
  async empty(): Promise<void> {
    if (this.sockets.size === 0) return
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

/** A plain TCP server. It reads what comes, since a socket that nobody reads does not notice its end. */
export function tcp(
  serve: (socket: TcpSocket) => void,
  options = { allowHalfOpen: false },
): Promise<Loopback<Server>> {
  const read = (socket: TcpSocket): void => {
    serve(socket)
    socket.resume()
  }
  return new Loopback(createServer(options, read)).listen()
}

export function http(serve: RequestListener): Promise<Loopback<HttpServer>> {
  return new Loopback(createHttpServer(serve)).listen()
}

/** A server that accepts a WebSocket by hand, then does what `serve` does and nothing else: no pong, no answer to a close. */
export function bareWebSocket(
  serve: (socket: TcpSocket) => void,
  first: Uint8Array = new Uint8Array(),
): Promise<Loopback<Server>> {
  const accept = (socket: TcpSocket): void => {
    socket.once('data', (request: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request.toString('latin1'))?.[1] ?? ''
      const answer = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`
      socket.write(Buffer.concat([Buffer.from(head), first]))
      serve(socket)
    })
  }
  return tcp(accept, { allowHalfOpen: true })
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** Turns of the event loop after which a destroyed socket has long given back its handle. */
const TURNS = 100

/**
 * What this process holds once the sockets that were destroyed are gone: open descriptors (`undefined` where /proc does not
 * tell), and what keeps it alive, by kind. Sockets that are still in use are in it.
 */
export async function held(): Promise<Readonly<Record<string, number | undefined>>> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { descriptors: descriptorCount(), ...resources() }
}

function descriptorCount(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
