import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

/** As large as a page of metrics. */
const PAGE = 'x'.repeat(50_000)

/** A process that only answers requests: what it needs at a moment is what the machine costs anyone who answers. */
export class PlainServer implements AsyncDisposable {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.url = `http://127.0.0.1:${port}`
  }

  /** It ends with this process, however that ends. */
  static async start(): Promise<PlainServer> {
    const child = fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const [port] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    assert.ok(typeof port === 'number' && port > 0, 'the plain server listens')
    return new PlainServer(child, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.disconnect()
    await ended
  }
}

async function serveUntilLeft(): Promise<void> {
  const server = createServer((_, response) => response.end(PAGE)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
  await once(process, 'disconnect')
  server.closeAllConnections()
  server.close()
}

if (import.meta.main) await serveUntilLeft()
