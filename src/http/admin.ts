import type { ServerReply, ServerRequest } from '../core/http.ts'
import { notAllowed, notFound, textReply } from './exchange.ts'
import { Gate, type GateOptions } from './credentials.ts'

/** Everything below it is for who has the token. */
export const ADMIN_PATH = '/admin/'

/** Something that is done on request, with the parameters of the query. */
export type AdminAction = (query: ReadonlyMap<string, string>) => Promise<ServerReply>

export interface AdminOptions {
  readonly token: string
  /** Each at `/admin/NAME`. */
  readonly actions: Readonly<Record<string, AdminAction>>
}

/** The answer to paths below `/admin/`. Without a token there is nothing there. */
export function adminRoutes(
  options: AdminOptions | undefined,
  gate: Omit<GateOptions, 'credentials'>,
): (request: ServerRequest) => ServerReply | Promise<ServerReply> {
  // An empty token would let in everybody who shows one.
  if (options === undefined || options.token === '') return notFound
  const { token } = options
  const guard = new Gate({ ...gate, credentials: { scheme: 'Bearer', token } })
  const actions = new Map(Object.entries(options.actions))
  const list = [...actions.keys()].map((name) => `POST ${ADMIN_PATH}${name}`).join('\n')
  return (request) => {
    const refusal = guard.refuse(request)
    if (refusal !== undefined) return refusal
    const name = request.path.slice(ADMIN_PATH.length)
    if (name === '') return request.method === 'POST' ? notAllowed('GET', 'HEAD') : textReply(200, list)
    const action = actions.get(name)
    if (action === undefined) return notFound()
    return request.method === 'POST' ? action(request.query) : notAllowed('POST')
  }
}
