import { readFileSync } from 'node:fs'
import type { NatsOptions } from '../../../src/sinks/nats/options.ts'

/** Options of a sink for tests: quick to give up, everything in a stream that is held in memory. */
export function optionsFor(servers: readonly string[], changes: Partial<NatsOptions> = {}): NatsOptions {
  return {
    servers,
    credentials: { kind: 'none' },
    tls: { enabled: false, caFile: undefined, certFile: undefined, keyFile: undefined },
    modes: { trade: 'jetstream', orderbook_delta: 'jetstream', orderbook: 'jetstream', gap: 'jetstream' },
    subject: '{type}.{exchange}.{market_type}.{symbol}',
    inboxPrefix: '_INBOX',
    stream: {
      name: 'TEST',
      storage: 'file',
      replicas: 1,
      maxAgeS: 3_600,
      maxBytes: 0,
      discard: 'old',
      duplicateWindowS: 120,
    },
    window: { maxRecords: 8_192, maxBytes: 8_388_608 },
    batchBytes: 4_194_304,
    connectTimeoutMs: 1_000,
    ackTimeoutMs: 1_000,
    readSecret: (path) => readFileSync(path, 'utf8'),
    ...changes,
  }
}
