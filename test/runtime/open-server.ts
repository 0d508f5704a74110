import type { ServerReply, ServerRequest } from '../../src/core/http.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../src/runtime/http-server.ts'

/** A plain reply. */
export const text = (body: string, status = 200): ServerReply => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})

/** Tells what was asked. */
export const echo = ({ method, path, query }: ServerRequest): ServerReply =>
  text(`${method} ${path} ${JSON.stringify([...query])}`)

export interface Opened extends AsyncDisposable {
  readonly server: HttpServer
  readonly port: number
  readonly faults: unknown[]
}

/** A server on loopback that knows the paths `/`, `/a` and `/admin/`. */
export async function open(options: Partial<HttpServerOptions> = {}): Promise<Opened> {
  const faults: unknown[] = []
  const server = await openHttpServer({
    host: '127.0.0.1',
    ports: [0],
    paths: ['/', '/a', '/admin/'],
    answer: echo,
    onFault: (fault) => faults.push(fault),
    ...options,
  })
  return {
    server,
    port: server.ports[0] ?? 0,
    faults,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** Counts that are not 0. */
export const only = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
