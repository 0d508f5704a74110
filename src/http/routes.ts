import { ADMIN_PATH, type AdminOptions, adminRoutes } from './admin.ts'
import { Gate } from './credentials.ts'
import type { ServerAnswer, ServerReply, ServerRequest } from '../core/http.ts'
import { jsonReply, notAllowed, notFound, textReply } from './exchange.ts'
import { METRICS_TYPES, metricsFormat, type MetricsFormat } from './negotiation.ts'

/** What the routes tell, as functions that are called at each request. */
export interface RouteSources {
  /** Steady time, µs. */
  readonly steadyUs: () => number
  /** Compares in a time that does not depend on the texts. */
  readonly isSame: (left: string, right: string) => boolean
  /** JSON of the whole, or of one component. */
  readonly health: (component: string | undefined) => { readonly status: number; readonly body: string }
  readonly isReady: () => boolean
  readonly isLive: () => boolean
  /** Made into JSON. */
  readonly version: () => object
  /** Made into JSON. */
  readonly status: () => object
  /** Must not depend on health. */
  readonly metrics: (format: MetricsFormat) => string | Uint8Array | Promise<string | Uint8Array>
  /** Who may ask; left out: everybody. */
  readonly user?: { readonly name: string; readonly password: string } | undefined
  readonly admin?: AdminOptions | undefined
}

type Route = (request: ServerRequest) => ServerReply | Promise<ServerReply>

const INDEX = `marketprism

/health   how everything is, as JSON; ?component=NAME for one part
/ready    whether market data comes through
/live     whether a restart would not help
/version  what is running
/status   figures, as JSON
/metrics  for Prometheus`

/** Paths that are counted by name: a closed set, for a label of a metric. */
export const PATHS = [
  '/',
  '/health',
  '/ready',
  '/live',
  '/version',
  '/status',
  '/metrics',
  ADMIN_PATH,
] as const
type RoutePath = Exclude<(typeof PATHS)[number], typeof ADMIN_PATH>

/** Answers every request. What lies below `/admin/` has credentials of its own; all else is GET and HEAD only. */
export function routes(sources: RouteSources): ServerAnswer {
  const { user } = sources
  const gate =
    user === undefined ? undefined : new Gate({ ...sources, credentials: { scheme: 'Basic', ...user } })
  const admin = adminRoutes(sources.admin, sources)
  const table: ReadonlyMap<string, Route> = new Map(Object.entries(tableOf(sources)))
  return (request) => {
    if (request.path.startsWith(ADMIN_PATH)) return admin(request)
    const refusal = gate?.refuse(request)
    if (refusal !== undefined) return refusal
    const route = table.get(request.path)
    if (route === undefined) return notFound()
    return request.method === 'GET' || request.method === 'HEAD' ? route(request) : notAllowed('GET', 'HEAD')
  }
}

function tableOf(sources: RouteSources): Record<RoutePath, Route> {
  return {
    '/': () => textReply(200, INDEX),
    '/health': ({ query }) => {
      const { status, body } = sources.health(query.get('component'))
      return jsonReply(status, body, 'application/health+json')
    },
    '/ready': () => (sources.isReady() ? textReply(200, 'ready') : textReply(503, 'not ready')),
    '/live': () => (sources.isLive() ? textReply(200, 'live') : textReply(503, 'not live')),
    '/version': () => jsonReply(200, JSON.stringify(sources.version())),
    '/status': () => jsonReply(200, JSON.stringify(sources.status())),
    '/metrics': async ({ headers }) => {
      const format = metricsFormat(headers.get('accept'))
      return {
        status: 200,
        headers: { 'content-type': METRICS_TYPES[format], vary: 'accept' },
        body: await sources.metrics(format),
      }
    },
  }
}
