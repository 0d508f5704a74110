// Acknowledged JetStream records of 300 bytes a second, and the latency to a core subscriber at 2,000 records a second. Client and a
// nats-server of its own share this machine: `node bench/nats.ts`.
import { setTimeout as delay } from 'node:timers/promises'
import { SystemClock, SystemTimers } from '../src/runtime/system-clock.ts'
import { connectTo } from '../src/sinks/nats/connection.ts'
import { NatsSink } from '../src/sinks/nats/sink.ts'
import { NATS_SKIPPED, natsServer } from '../test/sinks/nats-server.ts'
import { optionsFor } from '../test/sinks/nats/options.ts'
import { batchOf, lineOf, mixedBatch } from '../test/sinks/nats/records.ts'

const RUNS = 5
const BATCHES = 10
const BATCH_RECORDS = 14_000
const LATENCY_RATE = 2_000
const LATENCY_RECORDS = 8_000

const clock = new SystemClock()
const outside = { clock, timers: new SystemTimers(clock) }

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** Acknowledged records a second of one run over batches that the stream has not seen. */
async function run(sink: NatsSink, first: number): Promise<number> {
  const batches = Array.from({ length: BATCHES }, (_, index) =>
    mixedBatch(first + index * BATCH_RECORDS, BATCH_RECORDS),
  )
  const startUs = clock.steadyUs()
  for (const batch of batches) await sink.write(batch)
  return (BATCHES * BATCH_RECORDS * 1e6) / (clock.steadyUs() - startUs)
}

async function benchRate(url: string): Promise<void> {
  const options = optionsFor([url])
  // The window of duplicates costs the server memory for each id: longer than a resend takes here.
  const stream = { ...options.stream, maxBytes: 512 * 2 ** 20, duplicateWindowS: 10 }
  const sink = new NatsSink({ ...options, stream }, outside)
  await sink.open()
  await run(sink, 0)
  const rates: number[] = []
  for (let number = 1; number <= RUNS; number++) rates.push(await run(sink, number * BATCHES * BATCH_RECORDS))
  await sink.close()
  rates.sort((one, other) => one - other)
  const [least, middle, most] = [0, 0.5, 1].map((part) =>
    Math.round(quantile(rates, part)).toLocaleString('en'),
  )
  console.log(
    `JetStream: ${middle} acknowledged records/s of 300 bytes, median of ${RUNS}, ${least} to ${most}`,
  )
}

/** Time from the call of `write` to the callback of a subscriber on a connection of its own, in ms. */
async function benchLatency(url: string, mode: 'core' | 'jetstream'): Promise<void> {
  const options = optionsFor([url])
  const modes = { ...options.modes, trade: mode }
  const stream = { ...options.stream, name: `latency-${mode}` }
  const sink = new NatsSink({ ...options, modes, stream, subject: `${mode}.{type}.{symbol}` }, outside)
  await sink.open()
  const { client } = await connectTo(options, new AbortController().signal)
  const latencies: number[] = []
  const sentUs = new Float64Array(LATENCY_RECORDS)
  client.subscribe(`${mode}.>`, {
    callback: (_, message) => {
      const number = Number(/"seq":(\d+)/.exec(message.string())?.[1])
      latencies.push((clock.steadyUs() - (sentUs[number] ?? 0)) / 1_000)
    },
  })
  await client.flush()
  const startUs = clock.steadyUs()
  for (let next = 0; next < LATENCY_RECORDS;) {
    // Each record is due on a grid; those that are due while a batch is written go with the next, and their wait counts.
    const due = Math.min(LATENCY_RECORDS, Math.floor(((clock.steadyUs() - startUs) * LATENCY_RATE) / 1e6))
    const lines: string[] = []
    for (; next < due; next++) {
      sentUs[next] = startUs + (next * 1e6) / LATENCY_RATE
      lines.push(lineOf('trade', next))
    }
    if (lines.length > 0) await sink.write(batchOf(lines))
    else await delay(1)
  }
  while (latencies.length < LATENCY_RECORDS) await delay(1)
  await client.close()
  await sink.close()
  latencies.sort((one, other) => one - other)
  const [p50, p99, most] = [0.5, 0.99, 1].map((part) => quantile(latencies, part).toFixed(2))
  console.log(
    `${mode} to a core subscriber at ${LATENCY_RATE}/s: p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`,
  )
}

if (NATS_SKIPPED === false) {
  await using server = await natsServer()
  await benchRate(server.url)
  await benchLatency(server.url, 'core')
  await benchLatency(server.url, 'jetstream')
} else console.log(NATS_SKIPPED)
