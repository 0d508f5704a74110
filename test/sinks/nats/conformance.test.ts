import { after, before } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { MadeSink } from '../../../src/app/sinks.ts'
import { systemRuntime } from '../../../src/runtime/system.ts'
import { NatsSink } from '../../../src/sinks/nats/sink.ts'
import { conformance, type FarSide, type Fault, slowed } from '../conformance.ts'
import { type Held, heldOf, lineAt } from '../course.ts'
import { NATS_SKIPPED, type NatsServer, natsServer } from '../nats-server.ts'
import { optionsFor } from './options.ts'
import { storedIn } from './rig.ts'

/** Small, so that a test has many of them. */
const BATCH_BYTES = 32 * 1024
/** Long enough to be noticed, and far below the duplicate window. */
const OUTAGE_MS = 500

let server: NatsServer | undefined
let streams = 0

before(async () => {
  if (NATS_SKIPPED === false) server = await natsServer()
})
after(() => server?.[Symbol.asyncDispose]())

function running(): NatsServer {
  if (server === undefined) throw new Error('no server')
  return server
}

/** A stream, and subjects of its own, on the one server of this file. */
class Stream implements FarSide {
  readonly #name = `TEST${++streams}`

  make(): MadeSink {
    const options = optionsFor([running().url], {
      subject: `${this.#name}.{type}.{exchange}.{market_type}.{symbol}`,
      batchBytes: BATCH_BYTES,
    })
    const stream = { ...options.stream, name: this.#name }
    return { kind: 'records', sink: new NatsSink({ ...options, stream }, systemRuntime()) }
  }

  async stored(): Promise<readonly Held[]> {
    return (await storedIn(running().url, this.#name)).map(({ text }) => heldOf(text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The server goes with everything that it holds.
  }
}

const frozen: Fault<Stream> = {
  begin: () => running().freeze(),
  end: async () => running().thaw(),
}

conformance<Stream>({
  skip: NATS_SKIPPED,
  open: async () => new Stream(),
  repeats: 'dropped',
  records: 1_000,
  segmentBytes: 200_000,
  outage: {
    begin: () => running().kill(),
    end: async () => {
      await delay(OUTAGE_MS)
      await running().start()
    },
  },
  slow: slowed(frozen),
  frozen,
  restart: async () => {
    await running().kill()
    await running().start()
  },
  poison: [
    // No id, and so nothing to drop repeats by.
    lineAt(0, false).replace(/"id":"[^"]*",/, ''),
    // No symbol, and so no subject.
    lineAt(1, false).replace(/"symbol":"[^"]*"/, '"symbol":""'),
    // Over the largest message of the server.
    JSON.stringify({ ...JSON.parse(lineAt(2, false)), padding: 'x'.repeat(1_100_000) }),
  ],
})
