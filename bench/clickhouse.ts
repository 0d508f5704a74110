// Rows per second that a ClickHouse of two cores, shared with the sink, has acknowledged: `node bench/clickhouse.ts [none|zstd|gzip]`.
import { readFileSync } from 'node:fs'
import { RECORD_TYPES, type RecordType } from '../src/core/record.ts'
import { COMPRESSIONS } from '../src/sinks/clickhouse/client.ts'
import type { ClickHouseSink } from '../src/sinks/clickhouse/sink.ts'
import type { RecordBatch } from '../src/sinks/sink.ts'
import { Engine, missingEngine } from '../test/engines/engine.ts'
import { countOf, lineOf, serverOf, sinkOf } from '../test/sinks/clickhouse/world.ts'
import { median } from './measured.ts'

const RUNS = 5
const BATCHES = 3
const LIMIT_BYTES = 32 * 1024 * 1024
const LIMIT_RECORDS = 50_000
/** Mean of recorded depth frames, both sides together. */
const DELTA_LEVELS = 17
const SYMBOLS = ['BTC', 'ETH', 'SOL', 'XRP', 'DOGE', 'ADA', 'LINK', 'AVAX', 'LTC', 'DOT']
const BEGIN_US = 1_764_000_000_000_000
const STEP_US = 37

/** Uniform in [0, 1), the same row of numbers for a seed. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const random = seededRandom(1)

const price = (): string => (60_000 + Math.floor(random() * 100_000) / 100).toString()
const size = (): string => (Math.floor(random() * 1_000_000) / 100_000 + 0.00001).toFixed(5)
const levels = (count: number): string =>
  JSON.stringify(Array.from({ length: count }, () => [price(), size()]))

/** Record `number` as a line, with text put into a template: fifty thousand times a batch. */
function lineMaker(type: RecordType): (number: number) => string {
  const changes = {
    symbol: '$S-USDT',
    instrument: '$SUSDT',
    seq: '$R',
    venue_time_us: '$V',
    recv_time_us: '$T',
  }
  const own = {
    trade: { id: 'binance:spot:trade:$SUSDT:$N', trade_id: '$N', trade_seq: '$R', price: '$P', size: '$Q' },
    orderbook_delta: {
      id: 'okx:perpetual:orderbook_delta:$SUSDT:$N',
      last_sequence: '$R',
      bids: '$B',
      asks: '$A',
    },
    orderbook: { id: 'deribit:perpetual:orderbook:$SUSDT:$N', full: false, bids: '$B', asks: '$A' },
    gap: { id: 'binance:spot:gap:$SUSDT:$N' },
  }[type]
  const template = lineOf(type, { ...changes, ...own })
  const depth = type === 'orderbook' ? 20 : Math.ceil(DELTA_LEVELS / 2)
  return (number) =>
    template
      .replaceAll('$S', SYMBOLS[number % SYMBOLS.length] ?? '')
      .replaceAll('$N', String(number))
      .replaceAll('"$R"', String(number + 1))
      .replace('"$V"', String(BEGIN_US + number * STEP_US))
      .replace('"$T"', String(BEGIN_US + number * STEP_US + 1_900))
      .replace('$P', price)
      .replace('$Q', size)
      .replace('"$B"', () => levels(depth))
      .replace('"$A"', () => levels(depth))
}

const MAKERS = new Map(RECORD_TYPES.map((type) => [type, lineMaker(type)]))

/** Which type record `number` has. */
type Mix = (number: number) => RecordType
const MIXES: Readonly<Record<string, Mix>> = {
  'trades                      ': () => 'trade',
  'deltas of 18 levels         ': () => 'orderbook_delta',
  '7 trades, 2 deltas, 1 top 20': (number) =>
    number % 10 < 7 ? 'trade' : number % 10 < 9 ? 'orderbook_delta' : 'orderbook',
}

function batchFrom(first: number, mix: Mix): RecordBatch {
  const lines: Buffer[] = []
  const starts = [0]
  const types: number[] = []
  for (let sizeBytes = 0; sizeBytes < LIMIT_BYTES && lines.length < LIMIT_RECORDS;) {
    const number = first + lines.length
    const type = mix(number)
    const line = Buffer.from(`${MAKERS.get(type)?.(number) ?? ''}\n`)
    lines.push(line)
    types.push(RECORD_TYPES.indexOf(type))
    sizeBytes += line.length
    starts.push(sizeBytes)
  }
  return {
    bytes: Buffer.concat(lines),
    starts: Uint32Array.from(starts),
    types: Uint8Array.from(types),
    count: lines.length,
    token: `bench:${first}`,
  }
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en')

/** Ticks of user and system time in /proc are hundredths of a second. */
const TICK_US = 10_000

/** Processor time so far, µs. */
function engineCpuUs(): number {
  const fields = readFileSync(`/proc/${engine.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

function sinkCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function measure(sink: ClickHouseSink, mix: Mix, firstOfAll: number): Promise<number> {
  const rates: number[] = []
  let sent = 0
  let sentBytes = 0
  let sinkUs = 0
  const engineSinceUs = engineCpuUs()
  for (let run = 0; run < RUNS; run++) {
    const batches: RecordBatch[] = []
    for (let batch = 0; batch < BATCHES; batch++) {
      const made = batchFrom(firstOfAll + sent, mix)
      batches.push(made)
      sent += made.count
      sentBytes += made.bytes.length
    }
    const began = performance.now()
    const sinkSinceUs = sinkCpuUs()
    for (const batch of batches) {
      const rejected = await sink.write(batch)
      if (rejected.length > 0) throw new Error(rejected[0]?.reason)
    }
    sinkUs += sinkCpuUs() - sinkSinceUs
    const records = batches.reduce((sum, batch) => sum + batch.count, 0)
    rates.push((records / (performance.now() - began)) * 1_000)
  }
  console.log(
    `rows/s ${thousands(median(rates))} (${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))}), ${Math.round(sentBytes / sent)} bytes a row`,
  )
  const engineUs = engineCpuUs() - engineSinceUs
  console.log(
    `${' '.repeat(30)}processor time a row: sink ${(sinkUs / sent).toFixed(1)} µs, engine with its HTTP front and its merges ${(engineUs / sent).toFixed(1)} µs`,
  )
  return sent
}

const missing = await missingEngine()
if (missing !== false) throw new Error(missing)
const compression = COMPRESSIONS.find((name) => name === process.argv[2]) ?? 'none'
const engine = new Engine()
await engine.start()
const sink = sinkOf(engine, { compression })
const server = serverOf(engine)
try {
  await sink.open()
  console.log(`compression ${compression}, median of ${RUNS} runs of ${BATCHES} batches`)
  let sent = 0
  for (const [name, mix] of Object.entries(MIXES)) {
    process.stdout.write(`${name}  `)
    sent += await measure(sink, mix, sent)
  }
  const counts = await Promise.all(RECORD_TYPES.map((type) => countOf(server, `marketprism.${type}`)))
  const stored = counts.reduce((sum, count) => sum + count, 0)
  console.log(`sent ${thousands(sent)}, stored ${thousands(stored)}`)
  if (stored !== sent) process.exitCode = 1
} finally {
  await sink.close()
  await server.close()
  await engine.remove()
}
