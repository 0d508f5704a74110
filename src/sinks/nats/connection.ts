import {
  type Authenticator,
  credsAuthenticator,
  createInbox,
  headers,
  type Msg,
  NatsConnectionImpl,
  type NatsConnection,
  nkeyAuthenticator,
  setTransportFactory,
  type Server,
  type ConnectionOptions,
  type TlsOptions,
  type Transport,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
// Not exported by the package's main file; the version is pinned, and the outage tests would tell.
import { NodeTransport, nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js'
import type { FailureError } from '../../core/errors.ts'
import { failureOf, natsFailure } from './failures.ts'
import type { NatsOptions } from './options.ts'

export type { NatsConnection } from '@nats-io/transport-node'

/** A dead connection is noticed within three of these, also when nothing is being published. */
const PING_INTERVAL_MS = 2_000
const PINGS_UNANSWERED = 2

/** What is told while somebody listens to a connection. */
export interface ConnectionListener {
  /** The answer to the publish with this number. `status` is 0 but for the client's own messages, such as 503. */
  onAck(number: number, data: Uint8Array, status: number): void
  /** The server refused something, or the connection has ended. */
  onFailure(failure: FailureError): void
}

/** What one connection needs of the options of the sink. */
export type ConnectionSettings = Pick<
  NatsOptions,
  'servers' | 'credentials' | 'tls' | 'inboxPrefix' | 'connectTimeoutMs' | 'readSecret'
>

/**
 * The socket of the client, with the difference that it is gone at once when it is given up. The transport itself first waits until
 * the other side has taken what was written, which a frozen server never does, and forgets a socket on which no login came about.
 */
class Wire implements Transport {
  readonly #inner = new NodeTransport()
  readonly #discarded = Promise.withResolvers<never>()
  readonly lang = this.#inner.lang
  readonly version = this.#inner.version
  closeError?: Error

  constructor() {
    // Most are discarded when nobody waits for them.
    this.#discarded.promise.catch(() => undefined)
  }

  get isClosed(): boolean {
    return this.#inner.isClosed
  }

  connect(server: Server, options: ConnectionOptions): Promise<void> {
    return Promise.race([this.#connect(server, options), this.#discarded.promise])
  }

  #connect(server: Server, options: ConnectionOptions): Promise<void> {
    if (!options.tls) return this.#inner.connect(server, options)
    // For a server that is named by its address there is no server name, and Node would look for `localhost` in the certificate.
    const tls = { ...options.tls, host: server.hostname }
    return this.#inner.connect(server, { ...options, tls })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this.#inner[Symbol.asyncIterator]()
  }

  isEncrypted(): boolean {
    return this.#inner.isEncrypted()
  }

  send(frame: Uint8Array): void {
    this.#inner.send(frame)
  }

  async close(error?: Error): Promise<void> {
    await this.#inner.close(error)
    this.discard()
  }

  disconnect(): void {
    void this.#inner.close()
  }

  async closed(): Promise<void | Error> {
    const error = await this.#inner.closed()
    if (error instanceof Error) this.closeError = error
    return error
  }

  discard(): void {
    this.#inner.discard()
    this.#discarded.reject(natsFailure('unreachable', 'the connection was given up', { retryable: true }))
  }
}

/**
 * One life of a connection. It does not come back: the client drops without a word what is published while it reconnects, so
 * whoever needs another connection opens one and sends again what was not acknowledged.
 */
export class Connection {
  readonly client: NatsConnection
  readonly #inbox: string
  /** One object for all publishes; the client asks it for its bytes during the call. */
  readonly #id: { bytes: Uint8Array } = { bytes: new Uint8Array() }
  readonly #headers = Object.assign(headers(), { encode: () => this.#id.bytes })
  #listener: ConnectionListener | undefined
  #failure: FailureError | undefined
  #marker: (() => void) | undefined

  /** Listens to acknowledgements and to what the server refuses. */
  constructor(client: NatsConnection, inboxPrefix: string) {
    this.client = client
    this.#inbox = `${createInbox(inboxPrefix)}.`
    client.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => (error === null ? this.#take(message) : this.#fail(failureOf(error))),
    })
    void this.#watch()
    void this.#awaitEnd()
  }

  /** Why it ended, where that is known. */
  get failure(): FailureError {
    return this.#failure ?? failureOf(undefined)
  }

  get isOpen(): boolean {
    return this.#failure === undefined && !this.client.isClosed()
  }

  /** Largest message that the server takes, headers included. */
  get maxPayloadBytes(): number {
    return this.client.info?.max_payload ?? 0
  }

  /** Only one listens at a time; what comes while nobody does is dropped. */
  listen(listener: ConnectionListener | undefined): void {
    this.#listener = listener
  }

  publish(subject: string, payload: Uint8Array): void {
    this.client.publish(subject, payload)
  }

  /** Publishes with a header block as it goes over the wire; the answer comes to the listener under `number`. */
  publishForAck(subject: string, payload: Uint8Array, header: Uint8Array, number: number): void {
    this.#id.bytes = header
    this.client.publish(subject, payload, { reply: this.#inbox + number, headers: this.#headers })
  }

  /** Resolves once the server has read all that was published, and what it refused of that has been told. */
  async flush(): Promise<void> {
    await this.client.flush()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#marker = resolve
    if (!(this.client instanceof NatsConnectionImpl))
      throw new TypeError('another client than that of its version')
    // Refusals come through a queue. A mark put into it now comes out after all of them.
    this.client.protocol.dispatchStatus({ type: 'forceReconnect' })
    await promise
  }

  async close(): Promise<void> {
    this.#end(natsFailure('unreachable', 'the connection was closed', { retryable: true }))
    await this.client.close()
  }

  #take(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length))
    const { data } = message
    this.#listener?.onAck(number, data, data.length === 0 ? (message.headers?.code ?? 0) : 0)
  }

  /** Reads the statuses of the client until it has ended. */
  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.type === 'error') this.#fail(failureOf(status.error))
      else if (status.type === 'forceReconnect') this.#marker?.()
    }
  }

  async #awaitEnd(): Promise<void> {
    const error = await this.client.closed()
    this.#end(error instanceof Error ? failureOf(error) : failureOf(undefined))
  }

  #end(failure: FailureError): void {
    this.#failure ??= failure
    this.#fail(failure)
    this.#marker?.()
  }

  #fail(failure: FailureError): void {
    this.#listener?.onFailure(failure)
  }
}

/**
 * Connects to one of the servers. Rejects with `FailureError`: `unauthorized`, `tls`, `dns`, `unreachable`, `timeout`; with the
 * reason of `signal` when that is given first.
 */
export async function connectTo(settings: ConnectionSettings, signal: AbortSignal): Promise<Connection> {
  const options = await clientOptions(settings)
  signal.throwIfAborted()
  let wire: Wire | undefined
  setTransportFactory({
    factory: () => {
      wire = new Wire()
      if (signal.aborted) wire.discard()
      return wire
    },
    dnsResolveFn: nodeResolveHost,
  })
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => {
    wire?.discard()
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  const opening = NatsConnectionImpl.connect(options)
  try {
    return new Connection(await Promise.race([opening, aborted.promise]), settings.inboxPrefix)
  } catch (error) {
    if (!signal.aborted) throw failureOf(error)
    // Whether it comes about all the same or not: nobody wants it any more.
    opening.then((client) => client.close()).catch(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function clientOptions(settings: ConnectionSettings): Promise<ConnectionOptions> {
  const authenticator = await authenticatorOf(settings)
  const tls = await tlsOf(settings)
  return {
    servers: [...settings.servers],
    name: 'marketprism',
    reconnect: false,
    timeout: settings.connectTimeoutMs,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_UNANSWERED,
    inboxPrefix: settings.inboxPrefix,
    noAsyncTraces: true,
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
  }
}

async function authenticatorOf(settings: ConnectionSettings): Promise<Authenticator | undefined> {
  const { credentials } = settings
  switch (credentials.kind) {
    case 'none':
      return undefined
    case 'password': {
      const password = await readSecret(settings, credentials.passwordFile)
      return usernamePasswordAuthenticator(credentials.user, password)
    }
    case 'nkey': {
      const seed = await readSecret(settings, credentials.seedFile)
      return tried(nkeyAuthenticator(new TextEncoder().encode(seed)), credentials.seedFile)
    }
    case 'credentials': {
      const text = await readSecret(settings, credentials.file)
      return tried(credsAuthenticator(new TextEncoder().encode(`${text}\n`)), credentials.file)
    }
  }
}

/** A seed that is none would throw in the middle of a login, and say what it is. */
function tried(authenticator: Authenticator, path: string): Authenticator {
  try {
    authenticator('nonce')
  } catch {
    throw natsFailure('unauthorized', `${path} does not hold what it should`, { retryable: false })
  }
  return authenticator
}

async function tlsOf(settings: ConnectionSettings): Promise<TlsOptions | undefined> {
  const { tls } = settings
  if (!tls.enabled) return undefined
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : readSecret(settings, path)
  const ca = await read(tls.caFile)
  const cert = await read(tls.certFile)
  const key = await read(tls.keyFile)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** Content of a file without the line end that editors put there. */
async function readSecret(settings: ConnectionSettings, path: string): Promise<string> {
  try {
    return (await settings.readSecret(path)).trimEnd()
  } catch (cause) {
    throw natsFailure('unauthorized', `${path} cannot be read`, { retryable: false, cause })
  }
}
