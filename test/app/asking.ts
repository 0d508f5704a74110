import { Agent, type OutgoingHttpHeaders, request } from 'node:http'
import { request as requestOverTls } from 'node:https'

/** An answer with all of it that a client sees. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

const LIMIT_MS = 30_000

export interface Asked {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  /** Who vouches for the server. */
  readonly ca?: string
}

/** A request with any method, on a connection of its own. */
export function ask(url: string, { method = 'GET', headers = {}, ca }: Asked = {}): Promise<WholeAnswer> {
  const isSecure = url.startsWith('https:')
  const connection = isSecure ? { agent: false as const, ca } : { agent: new Agent() }
  const send = isSecure ? requestOverTls : request
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, ...connection, timeout: LIMIT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', reject)
    sent.end()
  })
}

/** Resolves once `isSo`; fails with what `told` last after `limitMs`. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  limitMs: number,
  told: () => string = () => '',
): Promise<number> {
  const startMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startMs > limitMs) throw new Error(`${what}: not within ${limitMs} ms. ${told()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return performance.now() - startMs
}
