import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from './http-request.ts'

/** Which requests may have a body: a POST to one of `paths`, where one that ends in `/` stands for all below it. */
export interface BodyOptions {
  readonly paths: readonly string[]
  /** A longer one is refused with 413. */
  readonly limitBytes: number
}

/** A body that is not there by then is refused with 503: of the statuses, Alertmanager tries again after those of 5xx. Node's own limit for a request comes later, and would answer in between. */
const BODY_LIMIT_MS = 3_000

/** Whether a POST to `path` may have a body. */
export function takesBody(
  bodies: BodyOptions | undefined,
  method: string | undefined,
  path: string,
): boolean {
  if (bodies === undefined || method !== 'POST') return false
  return bodies.paths.some((known) => path === known || (known.endsWith('/') && path.startsWith(known)))
}

/** The body, or the status with which the request is refused. Does not ever resolve where the client leaves first. */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Uint8Array | 413 | 503> {
  if (!hasBody(request)) return Promise.resolve(new Uint8Array())
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.resolve(413)
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    const finish = (outcome: Uint8Array | 413 | 503): void => {
      clearTimeout(deadline)
      request.off('data', take)
      resolve(outcome)
    }
    const deadline = setTimeout(() => {
      finish(503)
    }, BODY_LIMIT_MS)
    const take = (chunk: Uint8Array): void => {
      sizeBytes += chunk.length
      if (sizeBytes > limitBytes) finish(413)
      else chunks.push(chunk)
    }
    response.once('close', () => {
      clearTimeout(deadline)
    })
    request.on('data', take)
    request.once('end', () => {
      finish(Buffer.concat(chunks))
    })
  })
}
