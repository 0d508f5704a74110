import type { Agent as NodeAgent, ClientRequest, IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as requestTls } from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf, networkFailure } from './failure-of.ts'
import { Agent as PlainAgent, request as requestPlain } from './node-http.ts'
import type { OpenSockets } from './open-sockets.ts'
import type { Clock, Http, HttpAnswer, HttpRequest } from './runtime.ts'

/** Few sockets a host: venues count connections per address, Deribit 32 with WebSockets. More requests wait for one. */
const AGENT = {
  keepAlive: true,
  maxSockets: 4,
  maxFreeSockets: 1,
  timeout: 15_000,
  scheduling: 'lifo',
} as const

/** Errors of a kept connection that the server closed just as it was used again. */
const STALE = new Set(['ECONNRESET', 'EPIPE'])

const unzip = promisify(gunzip)

/** HTTP over Node's own client. Every request ends with its body read or its connection destroyed. */
export class SystemHttp implements Http {
  readonly #clock: Clock
  readonly #plain: NodeAgent
  readonly #tls: TlsAgent

  constructor(clock: Clock, door: Pick<OpenSockets, 'own'>) {
    this.#clock = clock
    this.#plain = owning(new PlainAgent(AGENT), door)
    this.#tls = owning(new TlsAgent(AGENT), door)
  }

  /** Throws `TypeError` (as a rejection) for what is no `http:` or `https:` URL. */
  get(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const first = this.#send(request)
      const exchange = new Exchange(request, this.#clock, (outcome) => {
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      })
      exchange.run(first, (error) => {
        if (!first.reusedSocket || !STALE.has(errorCodeOf(error) ?? '')) return false
        exchange.run(this.#send(request), () => false)
        return true
      })
    })
  }

  #send({ url, headers }: HttpRequest): ClientRequest {
    const target = new URL(url)
    const all = { 'accept-encoding': 'gzip', 'user-agent': 'marketprism', ...headers }
    if (target.protocol === 'https:') return requestTls(target, { agent: this.#tls, headers: all })
    return requestPlain(target, { agent: this.#plain, headers: all })
  }
}

/** The agent, with its connections opened through `door`: it opens them by itself, when others have ended. */
function owning<Agent extends NodeAgent>(agent: Agent, door: Pick<OpenSockets, 'own'>): Agent {
  const create = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => door.own(() => create(options, callback))
  return agent
}

/** One request until its outcome: told once, and by then nothing of it is left open. */
class Exchange {
  readonly #request: HttpRequest
  readonly #clock: Clock
  readonly #tell: (outcome: HttpAnswer | Error) => void
  readonly #deadline: NodeJS.Timeout
  #sent: ClientRequest | undefined
  #isOver = false

  constructor(request: HttpRequest, clock: Clock, tell: (outcome: HttpAnswer | Error) => void) {
    this.#request = request
    this.#clock = clock
    this.#tell = tell
    this.#deadline = setTimeout(() => {
      this.#fail(
        new FailureError('timeout', `no answer within ${request.deadlineMs} ms`, { retryable: true }),
      )
    }, request.deadlineMs)
  }

  /** Sends it. `retried` may answer true to an error after which it runs the exchange anew. */
  run(sent: ClientRequest, retried: (error: Error) => boolean): void {
    this.#sent = sent
    let hasAnswer = false
    sent.on('response', (response) => {
      hasAnswer = true
      this.#read(response)
    })
    sent.on('error', (error) => {
      if (this.#isOver || sent !== this.#sent) return
      if (hasAnswer || !retried(error)) this.#fail(networkFailure(error))
    })
    sent.end()
  }

  #read(response: IncomingMessage): void {
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    response.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (sizeBytes > this.#request.bodyLimitBytes) this.#fail(this.#tooLarge())
    })
    response.on('error', (error) => this.#fail(networkFailure(error)))
    response.on('end', () => {
      const receiveTimeUs = this.#clock.now()
      const { statusCode: status = 0 } = response
      const headers = headersOf(response)
      this.#unpack(Buffer.concat(chunks), headers['content-encoding']).then(
        (body) => this.#finish({ status, headers, body, receiveTimeUs }),
        (cause: unknown) => this.#fail(cause instanceof Error ? cause : new Error(String(cause))),
      )
    })
  }

  async #unpack(packed: Uint8Array, encoding = 'identity'): Promise<Uint8Array> {
    if (encoding === 'identity' || packed.length === 0) return packed
    if (encoding !== 'gzip' && encoding !== 'x-gzip') throw badAnswer(`content-encoding ${encoding}`)
    try {
      return await unzip(packed, { maxOutputLength: this.#request.bodyLimitBytes })
    } catch (cause) {
      throw errorCodeOf(cause) === 'ERR_BUFFER_TOO_LARGE'
        ? this.#tooLarge()
        : badAnswer('a body that is no gzip', cause)
    }
  }

  #tooLarge(): FailureError {
    return new FailureError('too_large', `a body over ${this.#request.bodyLimitBytes} bytes`, {
      retryable: false,
    })
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#finish(error)
    this.#sent?.destroy()
  }

  #finish(outcome: HttpAnswer | Error): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#deadline)
    this.#tell(outcome)
  }
}

function badAnswer(text: string, cause?: unknown): FailureError {
  return new FailureError('bad_answer', text, { retryable: true, cause })
}

function headersOf(response: IncomingMessage): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
