import { readFile } from 'node:fs/promises'
import type { Config } from '../../config/schema.ts'
import { type FailureCode, FailureError } from '../../core/errors.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { inspectNats, type NatsInspection } from '../../sinks/nats/inspection.ts'
import { natsOptionsOf } from '../../sinks/nats/options.ts'
import { type Finding, fault, milliseconds, ok, REQUEST_MS } from './check.ts'
import type { PathOf } from './path-of.ts'
import { judgeSinkFailure } from './sink-failure.ts'

type Keys = Config['sinks']['nats']

const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  unauthorized: 'give this user the right password, seed or permissions: sinks.nats.auth, and inbox_prefix',
  mismatch: 'change sinks.nats or the account of the server: JetStream must be allowed to it',
  tls: 'look at sinks.nats.tls, and at the certificate of the server',
}

/** Logs in to NATS and looks at the stream. Makes nothing. */
export async function checkNats(keys: Keys, runtime: Runtime, pathOf: PathOf): Promise<Finding> {
  const closing = new AbortController()
  const timer = runtime.timers.after(REQUEST_MS, () => closing.abort(lateFailure()))
  try {
    const connectTimeoutMs = Math.min(keys.connectTimeoutMs, REQUEST_MS)
    const options = natsOptionsOf({ ...keys, connectTimeoutMs }, (path) => readFile(pathOf(path), 'utf8'))
    return judgeNats(await inspectNats(options, closing.signal), keys.stream.name)
  } catch (failure) {
    return judgeSinkFailure(failure, keys.servers.join(', '), ADVICE)
  } finally {
    timer.cancel()
  }
}

const lateFailure = (): FailureError =>
  new FailureError('timeout', `no answer within ${milliseconds(REQUEST_MS)}`, { retryable: true })

/** What is told of a server that took the login. */
export function judgeNats({ version, stream }: NatsInspection, name: string): Finding {
  const server = `nats-server ${version}`
  switch (stream.name) {
    case 'unwanted':
      return ok(`${server}; no records are to be stored`)
    case 'missing':
      return ok(`${server}; there is no stream ${name}: it is made at the first start`)
    case 'as_wanted':
      return ok(`${server}; stream ${name} is as configured`)
    case 'different':
      return fault(
        `${server}; stream ${name} is set up otherwise: ${stream.differences.join('; ')}`,
        'change sinks.nats.stream or the stream: it is never changed by itself',
      )
  }
}
