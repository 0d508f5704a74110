import type { Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf, failureCodeOf, reasonOf } from './failure-of.ts'

/** Between tries to get a port: whoever had it may be ending. */
const WAITS_MS = [500, 1_000] as const

/**
 * Listens at a port, 0 for any that is free; answers which. Throws `FailureError`, naming host and port: `locked` where the port is
 * in use at each of three tries, otherwise what the system says of the address.
 */
export async function listenPatiently(server: Server, host: string, port: number): Promise<number> {
  for (const waitMs of WAITS_MS) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const bound = await listen(server, host, port)
    if (bound !== 'in use') return bound
    // oxlint-disable-next-line no-await-in-loop -- see above
    await wait(waitMs)
  }
  const bound = await listen(server, host, port)
  if (bound !== 'in use') return bound
  throw new FailureError('locked', `${host}:${port}: another process listens there`, { retryable: true })
}

function listen(server: Server, host: string, port: number): Promise<number | 'in use'> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      if (errorCodeOf(cause) === 'EADDRINUSE') {
        resolve('in use')
        return
      }
      const text = `${host}:${port}: cannot be listened at: ${reasonOf(cause)}`
      reject(new FailureError(failureCodeOf(cause), text, { retryable: false, cause }))
    }
    server.once('error', fail)
    server.listen({ host, port }, () => {
      server.off('error', fail)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
