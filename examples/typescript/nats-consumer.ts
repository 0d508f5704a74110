// Follows the stream that the sink `nats` fills, from where this consumer came to, and tells of holes and of the books.
//
//     node examples/typescript/nats-consumer.ts --server nats://127.0.0.1:4222 --stream MARKETPRISM --state state.json
//
// `--once` ends it when there is nothing left to read.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { best, Market, type MarketRecord, type MarketState } from './market.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'nats://127.0.0.1:4222' },
    stream: { type: 'string', default: 'MARKETPRISM' },
    durable: { type: 'string', default: 'example' },
    state: { type: 'string', default: 'state.json' },
    once: { type: 'boolean', default: false },
  },
})

const state: MarketState | undefined = existsSync(values.state)
  ? JSON.parse(readFileSync(values.state, 'utf8'))
  : undefined
const market = new Market(state)
const connection = await connect({ servers: values.server, maxReconnectAttempts: -1 })
const manager = await jetstreamManager(connection)
await manager.consumers.add(values.stream, {
  durable_name: values.durable,
  deliver_policy: DeliverPolicy.All,
  // One acknowledgement settles everything before it.
  ack_policy: AckPolicy.All,
  max_ack_pending: 1_000,
})
const consumer = await jetstream(connection).consumers.get(values.stream, values.durable)

const counts = { records: 0, repeats: 0, holes: 0 }
for (;;) {
  const messages = await consumer.fetch({ max_messages: 500, expires: 1_000 })
  let last: JsMsg | undefined
  for await (const message of messages) {
    const { stream, missing, isRepeat } = market.take(message.json<MarketRecord>())
    if (isRepeat) counts.repeats++
    else counts.records++
    if (missing > 0) {
      counts.holes++
      console.log(`${missing} missing in ${stream}`)
    }
    last = message
  }
  if (last === undefined) {
    if (values.once) break
    continue
  }
  // First what was learnt, then the acknowledgement: after a crash in between some records come again, and none is left out.
  writeFileSync(`${values.state}.tmp`, JSON.stringify(market.state))
  renameSync(`${values.state}.tmp`, values.state)
  await last.ackAck()
}

console.log(`${counts.records} records, ${counts.repeats} repeats dropped, ${counts.holes} holes`)
for (const instrument of [...market.books.keys()].toSorted((one, other) => one.localeCompare(other))) {
  const { epoch = 0, bids = {}, asks = {} } = market.books.get(instrument) ?? {}
  console.log(`${instrument} epoch ${epoch}: ${best(bids, 'bids')} / ${best(asks, 'asks')}`)
}
await connection.close()
