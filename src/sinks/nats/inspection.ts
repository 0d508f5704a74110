import { type Connection, connectTo } from './connection.ts'
import type { NatsOptions } from './options.ts'
import { streamDifferences, streamOf } from './streams.ts'

/** What is found at the server, without changing anything there. */
export interface NatsInspection {
  /** `2.9.10` */
  readonly version: string
  readonly stream: StreamFinding
}

/** `unwanted`: nothing is to be stored. `missing`: the sink makes it when it opens. */
export type StreamFinding =
  | { readonly name: 'unwanted' }
  | { readonly name: 'missing' }
  | { readonly name: 'as_wanted' }
  | { readonly name: 'different'; readonly differences: readonly string[] }

/**
 * Logs in as the sink would and looks at its stream. Rejects with `FailureError` as `NatsSink.open`, or with the reason of `signal`
 * when that is given first; the connection is gone either way.
 */
export async function inspectNats(options: NatsOptions, signal: AbortSignal): Promise<NatsInspection> {
  const connection = await connectTo(options, signal)
  const given = Promise.withResolvers<never>()
  const abort = (): void => given.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  // What the server refuses is told beside the answers.
  connection.listen({ onAck: () => undefined, onFailure: given.reject })
  try {
    return await Promise.race([look(connection, options), given.promise])
  } finally {
    signal.removeEventListener('abort', abort)
    connection.listen(undefined)
    void connection.close()
  }
}

async function look(connection: Connection, options: NatsOptions): Promise<NatsInspection> {
  await connection.flush()
  const version = connection.client.info?.version ?? 'unknown'
  return { version, stream: await lookAtStream(connection, options) }
}

async function lookAtStream({ client }: Connection, options: NatsOptions): Promise<StreamFinding> {
  const wanted = streamOf(options)
  if (wanted === undefined) return { name: 'unwanted' }
  const differences = await streamDifferences(client, wanted, options.connectTimeoutMs)
  if (differences === undefined) return { name: 'missing' }
  return differences.length === 0 ? { name: 'as_wanted' } : { name: 'different', differences }
}
