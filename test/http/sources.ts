import type { ServerReply, ServerRequest } from '../../src/core/http.ts'
import type { RouteSources } from '../../src/http/routes.ts'

/** Routes of an instance that is well; `given` in place of what it says. */
export function sourcesOf(given: Partial<RouteSources> = {}): RouteSources {
  return {
    steadyUs: () => 0,
    isSame: (left, right) => left === right,
    health: (component) => ({ status: 200, body: JSON.stringify({ state: 'healthy', component }) }),
    isReady: () => true,
    isLive: () => true,
    version: () => ({ version: '1.2.3' }),
    status: () => ({ figures: 1 }),
    metrics: (format) => `# ${format}\n`,
    ...given,
  }
}

/** As the server reads it: `GET /path?query`. */
export function requestOf(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  address = '127.0.0.1',
): ServerRequest {
  const [method = '', target = ''] = line.split(' ')
  const [path = '', query = ''] = target.split('?')
  return {
    method,
    path,
    query: new Map(new URLSearchParams(query)),
    headers: new Map(Object.entries(headers)),
    address,
  }
}

/** Status and body in one line. */
export function told({ status, body }: ServerReply): string {
  return `${status} ${typeof body === 'string' ? body : Buffer.from(body).toString()}`.trimEnd()
}

export const basic = (name: string, password: string): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})

export const bearer = (token: string): { readonly authorization: string } => ({
  authorization: `Bearer ${token}`,
})
