import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection on which bytes are sent as they are, and what came back is kept. */
export class RawClient {
  readonly socket: Socket
  readonly #received: Buffer[] = []
  readonly #ended: Promise<unknown>

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => this.#received.push(bytes))
    // The server may cut it: what counts is what was received until then.
    socket.on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      socket.once('close', resolve)
    })
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  send(bytes: string | Uint8Array): this {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
    return this
  }

  /** Once what was received fits. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) await once(this.socket, 'data')
    return this.text
  }

  /** Everything that was received, once the server has ended the connection. */
  async ended(): Promise<string> {
    await this.#ended
    return this.text
  }
}

/** Connected once the server's system has taken it. */
export async function rawClient(
  port: number,
  options: { readonly localAddress?: string } = {},
): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  const client = new RawClient(socket)
  await once(socket, 'connect')
  return client
}

/** What the server answers to these bytes until it ends the connection. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const client = await rawClient(port)
  return client.send(bytes).ended()
}

/** A whole request, after which the server closes. */
export function requestText(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n')
}

export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}
