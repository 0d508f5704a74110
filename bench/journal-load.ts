// Fills a journal with trades of about 300 bytes at a steady rate until SIGTERM, and prints how many: `node bench/journal-load.ts
// FOLDER RATE`. It stands for a collector where a bench needs more records a second than emulated venues make.
import { once } from 'node:events'
import { Journal } from '../src/journal/journal.ts'
import { placesOf } from '../src/journal/cursor.ts'
import { systemRuntime } from '../src/runtime/system.ts'

const TICK_MS = 5
const SYMBOLS = ['BTC-USDT', 'ETH-USDT', 'SOL-USDT', 'XRP-USDT']
const GIBIBYTE = 1024 ** 3

const [folder = '', rate = '20000'] = process.argv.slice(2)
const runtime = systemRuntime()
const { clock, files } = runtime
const session = `load-${process.pid}`
const journal = new Journal(
  {
    folder,
    segmentBytes: 64 * 1024 * 1024,
    segmentMs: 600_000,
    flushMs: 2,
    fsyncMs: 200,
    limits: { limitBytes: 40 * GIBIBYTE, keepMs: 60_000, freeBytes: 5 * GIBIBYTE },
    places: () => placesOf(folder, ['nats'], files),
  },
  runtime,
  { emit: () => undefined },
)
const encoder = new TextEncoder()
const heads = SYMBOLS.map((symbol) => {
  const instrument = symbol.replace('-', '')
  return `{"type":"trade","exchange":"binance","market_type":"spot","symbol":"${symbol}","instrument":"${instrument}","session":"${session}","seq":`
})
let made = 0
const startUs = clock.steadyUs()
const timer = runtime.timers.every(TICK_MS, () => {
  const due = Math.floor(((clock.steadyUs() - startUs) / 1e6) * Number(rate))
  for (; made < due; made++) {
    const at = made % SYMBOLS.length
    const seq = Math.floor(made / SYMBOLS.length) + 1
    const nowUs = clock.now()
    const line = `${heads[at]}${seq},"venue_time_us":${nowUs},"recv_time_us":${nowUs},"id":"binance:spot:trade:${session}:${made}","size_unit":"base","stream":"trade","trade_id":"${made}","trade_seq":${made},"price":"16500.1","size":"0.002","aggressor":"sell"}\n`
    journal.append(encoder.encode(line), nowUs)
  }
})
let peakRss = 0
const watch = runtime.timers.every(1_000, () => (peakRss = Math.max(peakRss, process.memoryUsage.rss())))
await once(process, 'SIGTERM')
timer.cancel()
watch.cancel()
await journal.close()
console.log(
  JSON.stringify({
    made,
    rssMb: Math.round(process.memoryUsage.rss() / 1e6),
    peakRssMb: Math.round(peakRss / 1e6),
  }),
)
