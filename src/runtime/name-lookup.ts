import { lookup } from 'node:dns/promises'
import { networkFailure } from './failure-of.ts'

/**
 * Addresses of a host, as the sockets of this program would find them. Rejects with `FailureError`, `dns` as a rule. Has no deadline
 * of its own: the resolver of the system decides.
 */
export async function lookUpName(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  } catch (cause) {
    throw cause instanceof Error ? networkFailure(cause) : cause
  }
}
