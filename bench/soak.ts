// An instance, as a user starts it, on emulated venues with faults at random from a seed: `node bench/soak.ts [MINUTES=60] [SEED=1]`.
// The first fifth is to warm up and does not count. Exit 1 where a bound is missed: the heap of the collector after collection may grow by
// 1 MB/h or more (compiled code alone makes 0.3 to 0.6 in the first hour, as seldom used functions are optimized); a loss that the
// ledger does not tell; a scrape that failed.
// A loss is found when the ledger (`marketprism gaps`) has a gap of its venue and symbol that ended after the fault began and began
// before all books were live again. Faults come one after the other, so that no gap counts for two of them. A reconnect is a loss of
// every instrument of the venue.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { processNamed, Scraper, SupervisedInstance } from '../test/app/supervised.ts'
import { type Loss, SoakFaults } from './soak-faults.ts'
import { quantile, type Reading, slopeOf, stretches } from './trend-interval.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const LOOK_MS = 1_000
const SCRAPE_MS = 1_000
/** What is left after collection is asked for so often: by itself a small heap is collected every few minutes. */
const COLLECT_MS = 15_000
/** Readings are taken together over so long: those of one second depend on those of the last. */
const STRETCH_HOURS = 20 / 3_600
const WARM_SHARE = 0.2
const GROWTH_LIMIT_MB = 1
const MEGABYTE = 1e6
const PROCESSES = ['supervisor', 'collector', 'delivery']
const GAUGES = {
  memory: 'collector_process_resident_memory_bytes',
  heap: 'collector_heap_after_major_gc_bytes',
  lagP50: 'nodejs_eventloop_lag_p50_seconds',
  lagP99: 'nodejs_eventloop_lag_p99_seconds',
  collecting: 'nodejs_gc_time_ratio',
} as const

/** What was read of each process, by gauge and process. */
type Series = Map<string, Reading[]>

interface GapLine {
  readonly instrument: string
  readonly from_time: string
  readonly to_time: string | null
}

const [minutes = '60', seed = '1'] = process.argv.slice(2)
const runMs = Number(minutes) * 60_000
const series: Series = new Map()
const books = { live: 0, expected: 0 }

function note(name: string, of: string, reading: Reading): void {
  const key = `${name} ${of}`
  const readings = series.get(key) ?? []
  readings.push(reading)
  series.set(key, readings)
}

const of = (name: string, process: string): readonly Reading[] => series.get(`${name} ${process}`) ?? []

/** Reads everything once. */
async function look(instance: SupervisedInstance, hours: number): Promise<void> {
  const status = await instance.status()
  for (const { name, descriptors } of status.processes)
    if (descriptors !== undefined) note('descriptors', name, { hours, value: descriptors })
  for (const { books: counts } of status.venues) {
    books.live += counts.live
    books.expected += counts.expected
  }
  const { text } = await instance.get('/metrics')
  for (const line of text.split('\n')) {
    for (const [name, metric] of Object.entries(GAUGES)) {
      if (!line.startsWith(`${metric}{`)) continue
      const process = PROCESSES.find((candidate) => line.includes(`process="${candidate}"`))
      if (process !== undefined) note(name, process, { hours, value: Number(line.split(' ').at(-1)) })
    }
  }
}

/** Gaps of a venue as the ledger has them. */
function gapsOf(instance: SupervisedInstance, venue: string): readonly GapLine[] {
  const config = join(instance.folder, 'marketprism.yaml')
  const args = [PROGRAM, 'gaps', '--json', '--config', config, '--venue', venue]
  const text = execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): GapLine => JSON.parse(line))
}

const isOf = (loss: Loss, { instrument, from_time, to_time }: GapLine): boolean =>
  loss.symbol === instrument &&
  Date.parse(from_time) <= loss.toMs &&
  (to_time === null || Date.parse(to_time) >= loss.fromMs)

/** Injects faults until the time is over. */
async function trouble(faults: SoakFaults, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) await faults.next()
}

async function watch(instance: SupervisedInstance, untilMs: number): Promise<void> {
  const startMs = performance.now()
  const warmMs = startMs + (untilMs - startMs) * WARM_SHARE
  let collectedMs = startMs
  while (performance.now() < untilMs) {
    const nowMs = performance.now()
    if (nowMs - collectedMs > COLLECT_MS) {
      collectedMs = nowMs
      instance.fault('collect')
    }
    if (nowMs > warmMs) await look(instance, (nowMs - startMs) / 3_600_000)
    await passed(LOOK_MS)
  }
}

/** Growth an hour over all stretches, in `unit`. */
function growthText(name: string, process: string, unit: number): string {
  const { middle, low, high } = slopeOf(stretches(of(name, process), STRETCH_HOURS))
  const [text, from, to] = [middle, low, high].map((value) => (value / unit).toFixed(2))
  return `${text} (${from} to ${to})`
}

const last = (readings: readonly Reading[]): number => readings.at(-1)?.value ?? NaN
const middleOf = (name: string, process: string): number =>
  quantile(
    of(name, process).map(({ value }) => value),
    0.5,
  )

function reportProcess(process: string): void {
  console.log(
    [
      process.padEnd(12),
      `RSS ${(last(of('memory', process)) / MEGABYTE).toFixed(1)} MB, ${growthText('memory', process, MEGABYTE)} MB/h`,
      `heap after collection ${(last(of('heap', process)) / MEGABYTE).toFixed(1)} MB, ${growthText('heap', process, MEGABYTE)} MB/h`,
      `descriptors ${last(of('descriptors', process))}, ${growthText('descriptors', process, 1)} /h`,
      `loop delay p50 ${(middleOf('lagP50', process) * 1_000).toFixed(1)} ms, p99 ${(middleOf('lagP99', process) * 1_000).toFixed(1)} ms`,
      `collection ${(middleOf('collecting', process) * 100).toFixed(2)} %`,
    ].join('; '),
  )
}

/** Prints what became of the losses; answers how many were not found. */
function reportLosses(instance: SupervisedInstance, faults: SoakFaults): number {
  const ledgers = new Map(instance.venues.venues.map(({ id }) => [id, gapsOf(instance, id)]))
  const missed = faults.losses.filter((loss) => !ledgers.get(loss.venue)?.some((gap) => isOf(loss, gap)))
  for (const { fault, venue, symbol, fromMs } of missed)
    console.log(`NOT FOUND: ${fault} at ${venue} ${symbol} ${new Date(fromMs).toISOString()}`)
  const resyncSeconds = [...ledgers.values()]
    .flat()
    .flatMap(({ from_time, to_time }) =>
      to_time === null ? [] : [(Date.parse(to_time) - Date.parse(from_time)) / 1_000],
    )
  console.log([...faults.counts].map(([name, count]) => `${name} ${count}`).join(', '))
  console.log(
    `losses ${faults.losses.length}, found ${faults.losses.length - missed.length}; ${resyncSeconds.length} gap records, length p50 ${quantile(resyncSeconds, 0.5).toFixed(2)} s, p99 ${quantile(resyncSeconds, 0.99).toFixed(2)} s`,
  )
  return missed.length
}

await using instance = await SupervisedInstance.start()
await instance.untilVerified()
const faults = new SoakFaults(instance, seed)
await using scraper = new Scraper(instance.url, ['/metrics', '/health'], SCRAPE_MS)
const untilMs = performance.now() + runMs
await Promise.all([trouble(faults, untilMs), watch(instance, untilMs)])
const scrapes = await scraper.stop()
const status = await instance.status()
await instance.stop()

for (const process of PROCESSES) reportProcess(process)
const missed = reportLosses(instance, faults)
for (const name of ['collector', 'delivery']) {
  const { restarts, lastEnd } = processNamed(status, name)
  console.log(`${name}: ${restarts} restarts${lastEnd === undefined ? '' : `, the last: ${lastEnd}`}`)
}
console.log(`books live ${((books.live / books.expected) * 100).toFixed(2)} % of the time`)
console.log(
  `${scrapes.answers.length} scrapes, ${scrapes.failures.length} failed, p99 ${scrapes.p99Ms.toFixed(0)} ms`,
)
for (const failure of scrapes.failures.slice(0, 5)) console.log(failure)
const heap = slopeOf(stretches(of('heap', 'collector'), STRETCH_HOURS))
const isFlat = heap.high / MEGABYTE < GROWTH_LIMIT_MB
console.log(isFlat ? 'the heap of the collector does not grow' : 'THE HEAP OF THE COLLECTOR GROWS')
process.exitCode = isFlat && missed === 0 && scrapes.failures.length === 0 ? 0 : 1
