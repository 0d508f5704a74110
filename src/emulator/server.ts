import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { VenueId } from '../core/ids.ts'
import type { Timers } from '../runtime/runtime.ts'
import { askBackDoor, BACK_DOOR, type CuttingServer } from './back-door.ts'
import type { Connection, EmulatedVenue, Peer, Refusal, Reply } from './model.ts'

/** A venue on real sockets. Base URLs are as in `Venue.hosts`: without a trailing slash. */
export interface EmulatedServer {
  readonly venue: VenueId
  readonly model: EmulatedVenue
  readonly port: number
  readonly streamUrl: string
  readonly restUrl: string
  /** Cuts every WebSocket that is open, without a close frame; answers how many. */
  cut(): number
  /** Cuts all sockets and frees the port. */
  stop(): Promise<void>
}

/** Requests of clients are short. */
const CLIENT_FRAME_LIMIT_BYTES = 1024 * 1024
/** What a slow client may leave unread before it is cut. */
const BACKLOG_LIMIT_BYTES = 128 * 1024 * 1024

/** Serves a model over WebSocket and HTTP on one port; port 0 takes a free one. */
export async function serveVenue(
  model: EmulatedVenue,
  timers: Timers,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<EmulatedServer> {
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: CLIENT_FRAME_LIMIT_BYTES,
  })
  const raw = new Set<Duplex>()
  const upgraded = new Set<Duplex>()
  const cut = (): number => {
    const open = [...upgraded].filter((socket) => !socket.destroyed)
    for (const socket of open) socket.destroy()
    return open.length
  }
  const server = createServer((request, response) => {
    answer(model, { timers, cut }, request, response)
  })
  server.on('connection', (socket) => {
    raw.add(socket)
    socket.on('close', () => raw.delete(socket))
  })
  server.on('upgrade', (request, socket: Duplex, head) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    upgrade(model, sockets, { request, socket, head })
  })
  const bound = await listen(server, port, host)
  return {
    venue: model.venue,
    model,
    port: bound,
    streamUrl: `ws://${host}:${bound}`,
    restUrl: `http://${host}:${bound}`,
    cut,
    stop: () =>
      new Promise((resolve) => {
        model.stop()
        server.close(() => {
          resolve()
        })
        for (const socket of raw) socket.destroy()
      }),
  }
}

/** Serves several models; when one cannot be served, none is. */
export async function serveVenues(
  models: readonly EmulatedVenue[],
  timers: Timers,
  hostOptions: { readonly host?: string; readonly firstPort?: number } = {},
): Promise<readonly EmulatedServer[]> {
  const { host = '127.0.0.1', firstPort = 0 } = hostOptions
  const attempts = models.map((model, index) =>
    serveVenue(model, timers, { host, port: firstPort === 0 ? 0 : firstPort + index }),
  )
  const settled = await Promise.allSettled(attempts)
  const servers = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed === undefined) return servers
  await Promise.all(servers.map((server) => server.stop()))
  throw new Error('an emulated venue could not be served', { cause: failed.reason })
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function answer(
  model: EmulatedVenue,
  server: CuttingServer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = request.url ?? '/'
  const reply = ({ status, headers, body }: Reply): void => {
    if (response.destroyed) return
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    response.end(body)
  }
  if (path.startsWith(BACK_DOOR)) askBackDoor(model, server, path, reply)
  else model.request(path, reply)
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

function upgrade(model: EmulatedVenue, sockets: WebSocketServer, { request, socket, head }: Upgrade): void {
  const client = new SocketPeer(socket)
  const connection = model.connect(request.url ?? '/', client)
  if ('refused' in connection) {
    refuse(socket, connection)
    return
  }
  // A client that is gone before the handshake is complete never gets its socket.
  socket.once('close', () => {
    if (!client.isOpen) connection.ended()
  })
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    client.open(webSocket, connection)
  })
}

function refuse(socket: Duplex, { refused, headers, body }: Refusal): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${refused} ${STATUS_CODES[refused] ?? ''}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  socket.end(`${head}${lines.join('')}\r\n${body}`)
}

/** A client's end over `ws`. Frames of one tick leave in one write. */
class SocketPeer implements Peer {
  readonly #raw: Duplex
  #webSocket: WebSocket | undefined
  #isFrozen = false
  #isCorked = false
  /** What the model says before the handshake is complete. */
  readonly #early: (() => void)[] = []

  constructor(raw: Duplex) {
    this.#raw = raw
  }

  get isOpen(): boolean {
    return this.#webSocket !== undefined
  }

  open(webSocket: WebSocket, connection: Connection): void {
    this.#webSocket = webSocket
    webSocket.on('message', (bytes: Buffer) => {
      connection.receive(bytes.toString('utf8'))
    })
    webSocket.on('ping', (payload: Buffer) => {
      if (!this.#isFrozen) webSocket.pong(payload)
      connection.pinged()
    })
    webSocket.on('pong', (payload: Buffer) => {
      connection.pong(payload.toString('utf8'))
    })
    webSocket.on('close', () => {
      connection.ended()
    })
    // A broken frame or a reset ends the socket; 'close' follows and says all there is to say.
    webSocket.on('error', () => {
      webSocket.terminate()
    })
    for (const say of this.#early) say()
    this.#early.length = 0
  }

  send(text: string): void {
    if (!this.#hasOpened(() => this.send(text))) return
    if (this.#isFrozen || this.#webSocket?.readyState !== 1) return
    if (this.#webSocket.bufferedAmount > BACKLOG_LIMIT_BYTES) {
      this.cut()
      return
    }
    this.#cork()
    this.#webSocket.send(text)
  }

  ping(payload: string): void {
    if (this.#hasOpened(() => this.ping(payload)) && this.#webSocket?.readyState === 1)
      this.#webSocket.ping(payload)
  }

  close(code: number, reason: string): void {
    if (this.#hasOpened(() => this.close(code, reason))) this.#webSocket?.close(code, reason)
  }

  cut(): void {
    this.#raw.destroy()
  }

  freeze(): void {
    this.#isFrozen = true
    this.#webSocket?.pause()
  }

  #hasOpened(later: () => void): boolean {
    if (this.#webSocket !== undefined) return true
    this.#early.push(later)
    return false
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#raw.cork()
    queueMicrotask(() => {
      this.#isCorked = false
      this.#raw.uncork()
    })
  }
}
