// One candidate on one input, in a process of its own: `node bench/speed/run.ts CANDIDATE VENUE FILE [MESSAGES]`, of which the last MESSAGES
// are measured. Prints one line of JSON.
import { GCProfiler } from 'node:v8'
import { isVenueId } from '../../src/core/ids.ts'
import { type Candidate, CANDIDATES } from './candidates.ts'
import { type Item, load } from './inputs.ts'

/** What is measured of a candidate. Times per message in µs. */
export interface Figures {
  readonly messages: number
  /** Messages per second of processor time, of all threads of the process. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly longestCollectionMs: number
  readonly bytesAMessage: number
  readonly rssMb: number
  readonly digest: number | null
}

const TURN = 256
const WARM_UP_MS = 2_500

const [name = '', venue = '', file = '', counted] = process.argv.slice(2)
const items = load(file)

function begun(): Candidate {
  const make = CANDIDATES[name]
  if (make === undefined || !isVenueId(venue)) throw new Error(`${name} ${venue}: no such candidate or venue`)
  return make(venue, items)
}

/** Books that an input begins with, a change and a snapshot each, are there before anything is measured. */
function behindFirstBooks(): number {
  const answers = items.filter(({ symbol }) => symbol !== undefined).length
  const lastAnswer = items.findLastIndex(({ symbol }) => symbol !== undefined)
  return lastAnswer < answers * 2 ? lastAnswer + 1 : 0
}

const begin = counted === undefined ? behindFirstBooks() : items.length - Number(counted)
const messages = items.length - begin

/** Takes the messages from one place to another; lets the loop turn now and then, as sockets do. */
async function pass(take: (item: Item) => void, from = begin, to = items.length): Promise<void> {
  for (let at = from; at < to; at += TURN) {
    const end = Math.min(at + TURN, to)
    for (let index = at; index < end; index++) {
      const item = items[index]
      if (item !== undefined) take(item)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function fresh<Result>(
  work: (take: (item: Item) => void) => Promise<Result>,
): Promise<Result & { digest: number | null }> {
  const candidate = begun()
  await pass(candidate.take, 0, begin)
  const result = await work(candidate.take)
  await candidate.close?.()
  return { ...result, digest: candidate.digest?.() ?? null }
}

/** Bytes that were allocated on the heap, from `beganBytes` in use to `endedBytes`: what it gained between collections. */
function allocated(profile: ReturnType<GCProfiler['stop']>, beganBytes: number, endedBytes: number): number {
  let sum = 0
  let last = beganBytes
  for (const { beforeGC, afterGC } of profile?.statistics ?? []) {
    sum += Math.max(0, beforeGC.heapStatistics.usedHeapSize - last)
    last = afterGC.heapStatistics.usedHeapSize
  }
  return sum + Math.max(0, endedBytes - last)
}

/** What runs for months is measured warm: the optimizing compilers take a second or two, and a first pass would be mostly theirs. */
const warmUntilMs = performance.now() + WARM_UP_MS
do
  await fresh(async (take) => {
    await pass(take)
    return {}
  })
while (performance.now() < warmUntilMs)
const timed = await fresh(async (take) => {
  const profiler = new GCProfiler()
  const beganBytes = process.memoryUsage().heapUsed
  profiler.start()
  const before = process.cpuUsage()
  await pass(take)
  const { user, system } = process.cpuUsage(before)
  const endedBytes = process.memoryUsage().heapUsed
  const profile = profiler.stop()
  const costs = (profile?.statistics ?? []).map(({ cost }) => cost / 1_000)
  return {
    rate: (messages * 1e6) / (user + system),
    longestCollectionMs: Math.max(0, ...costs),
    bytesAMessage: allocated(profile, beganBytes, endedBytes) / messages,
    rssMb: process.memoryUsage().rss / 1e6,
  }
})
const { micros } = await fresh(async (take) => {
  const taken = new Float64Array(messages)
  let at = 0
  await pass((item) => {
    const start = performance.now()
    take(item)
    taken[at++] = (performance.now() - start) * 1_000
  })
  return { micros: taken.toSorted() }
})
const quantile = (share: number): number => micros[Math.floor((micros.length - 1) * share)] ?? NaN
const figures: Figures = {
  messages,
  p50: quantile(0.5),
  p99: quantile(0.99),
  p999: quantile(0.999),
  ...timed,
}
console.log(JSON.stringify(figures))
