// How fast frames are taken, side by side with parsing alone and with other libraries: `npm run bench [-- --quick] [--rounds N] [--json FILE]
// [--only NAME]`. Speed is messages per second of processor time. Every candidate runs in a process of its own, and in each round all
// run one after the other: a ratio is the median over the rounds of two runs that stood beside each other.
// Then what more books and more levels cost, and what memory they take. Exit 1 where candidates with books do not end with the same ones;
// then nothing is kept.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installFolder } from '../scripts/install.ts'
import { keep, median, parsed, refuse, type SpeedMeasured } from './measured.ts'
import { type Input, inputs, save } from './speed/inputs.ts'
import { NO_RECORDINGS } from './recordings.ts'
import { manyMarkets, MARKETS } from './speed/market.ts'
import { mix } from './speed/mix.ts'
import type { Figures } from './speed/run.ts'

const RUN = join(import.meta.dirname, 'speed/run.ts')
const MEMORY = join(import.meta.dirname, 'speed/memory.ts')
const OWN = ['parse', 'strict', 'decode', 'book', 'journal']
const PEERS = ['tardis', 'ccxt']
/** Candidates that sum up the best prices after each update: the sums have to be the same. */
const WITH_BOOKS = ['book', ...PEERS]
/** Equal but for the rounding of a million additions: one price that is wrong once by a tick is seen. */
const SAME = 1e-12
const QUICK_INPUTS = 2
const ofBooks = (books: number) => ({ markets: manyMarkets(books), levels: 400 })
/** Rows of inputs that are held against their first: the same levels a side, markets of the same kinds (but no large one among ten). */
const GROWTH = [
  { candidate: 'book', shapes: [100, 10, 1_000, 5_000].map(ofBooks) },
  { candidate: 'book', shapes: [100, 1_000, 5_000].map((levels) => ({ markets: MARKETS, levels })) },
  { candidate: 'journal', shapes: [100, 1_000, 5_000].map(ofBooks) },
]
const GROWTH_FRAMES = 200_000
/**
 * So many messages a book come before those that are measured: books that were just read have no gaps, and their first changes cost more.
 * Of the same number of messages many books have few each.
 */
const GROWN = 100
const MEMORY_BOOKS = 1_000
const MEMORY_LEVELS = 1_000

const USAGE = 'npm run bench [-- --quick] [--rounds N] [--json FILE] [--only NAME]'
const values = parsed(
  () =>
    parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        json: { type: 'string' },
        only: { type: 'string' },
      },
    }),
  USAGE,
)
const isQuick = values.quick
const rounds = Number(values.rounds ?? (isQuick ? 1 : 5))
const candidates = isQuick ? OWN : [...OWN, ...PEERS]

/** All runs of one input, by candidate. */
type Runs = ReadonlyMap<string, readonly Figures[]>

function measure({ venue }: Input, file: string): Runs {
  const runs = new Map<string, Figures[]>(candidates.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of turned(candidates, round)) runs.get(name)?.push(figuresOf(name, venue, file))
  }
  return runs
}

/** Each has each place in turn: what the machine does meanwhile favours none. */
function turned<T>(row: readonly T[], round: number): readonly T[] {
  const first = round % row.length
  return [...row.slice(first), ...row.slice(0, first)]
}

/** Of the last so many messages, where that is given. */
function figuresOf(name: string, venue: string, file: string, messages?: number): Figures {
  const args = [RUN, name, venue, file, ...(messages === undefined ? [] : [String(messages)])]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

const of = (runs: Runs, name: string, figure: keyof Figures): readonly number[] =>
  (runs.get(name) ?? []).map((figures) => figures[figure] ?? NaN)

/** How many times as fast one candidate is as another. */
function ratios(runs: Runs, name: string, to: string): readonly number[] {
  const others = of(runs, to, 'rate')
  return of(runs, name, 'rate').map((rate, at) => rate / (others[at] ?? NaN))
}

function rangeText(numbers: readonly number[], write: (value: number) => string): string {
  return `${write(median(numbers))} (${write(Math.min(...numbers))} to ${write(Math.max(...numbers))})`
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const tenth = (value: number): string => value.toFixed(1)

function table(runs: Runs): readonly string[] {
  return candidates.map((name) => {
    const micros = (['p50', 'p99', 'p999'] as const).map((key) => median(of(runs, name, key)).toFixed(2))
    return [
      `  ${name.padEnd(8)}`,
      `${rangeText(of(runs, name, 'rate'), whole)}/s`.padEnd(36),
      `p50, p99, p99.9 ${micros.join(', ')} µs`.padEnd(44),
      `longest collection ${tenth(Math.max(...of(runs, name, 'longestCollectionMs')))} ms`,
      `${whole(median(of(runs, name, 'bytesAMessage')))} B a message`,
      `RSS ${whole(median(of(runs, name, 'rssMb')))} MB`,
    ].join('  ')
  })
}

/** Names the candidates whose books are not those of `book`. */
function strangers(runs: Runs): readonly string[] {
  const [own = NaN] = of(runs, 'book', 'digest')
  return WITH_BOOKS.filter((name) =>
    of(runs, name, 'digest').some((sum) => !(Math.abs(sum / own - 1) < SAME)),
  )
}

function report(input: Input, runs: Runs): void {
  console.log(`${input.name} (${input.kind}, ${whole(of(runs, 'parse', 'messages')[0] ?? 0)} messages)`)
  for (const line of table(runs)) console.log(line)
  const others = candidates.filter((name) => name === 'parse' || PEERS.includes(name))
  for (const name of ['strict', 'decode', 'book']) {
    const texts = others.map((other) => `${rangeText(ratios(runs, name, other), tenth)} times ${other}`)
    console.log(`  ${name} is ${texts.join(', ')}`)
  }
  const strange = strangers(runs)
  if (strange.length === 0) return
  console.log(`  DIFFERENT BOOKS: ${strange.join(', ')}`)
  process.exitCode = 1
}

/** What a message costs as there are more books, or more levels, against the first of the row. */
async function growth(
  { candidate, shapes }: (typeof GROWTH)[number],
  folder: string,
): Promise<SpeedMeasured['growth'][number]> {
  const path = candidate === 'journal' ? ', down to the journal' : ''
  const taken = await Promise.all(
    shapes.map(async (shape) => {
      const name = `${whole(shape.markets.length)} books of ${whole(shape.levels)} levels a side${path}`
      const file = join(folder, name)
      const before = shape.markets.length * GROWN
      await save(file, mix('binance-derivatives', before + GROWTH_FRAMES, shape))
      return { name, file, costs: new Array<number>() }
    }),
  )
  for (let round = 0; round < rounds; round++)
    for (const { file, costs } of turned(taken, round))
      costs.push(1e9 / figuresOf(candidate, 'binance-derivatives', file, GROWTH_FRAMES).rate)
  const [first] = taken
  for (const { name, costs } of taken) {
    const ratio = costs.map((cost, at) => cost / (first?.costs[at] ?? NaN))
    const times = rangeText(ratio, (value) => value.toFixed(2))
    console.log(`${name.padEnd(56)} ${rangeText(costs, whole)} ns a message, ${times} times the first`)
  }
  return taken.map(({ name, costs }) => ({ name, costs }))
}

function memory(): SpeedMeasured['memory'] {
  const args = [MEMORY, String(MEMORY_BOOKS), String(MEMORY_LEVELS)]
  const taken = Array.from({ length: rounds }, (): Omit<SpeedMeasured['memory'], 'books' | 'levels'> =>
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
  )
  const bytesALevel = taken.map((one) => one.bytesALevel)
  const rssMb = taken.map((one) => one.rssMb)
  console.log(
    `${whole(MEMORY_BOOKS)} books of ${whole(MEMORY_LEVELS)} levels: ${rangeText(bytesALevel, tenth)} bytes a level, RSS ${rangeText(rssMb, whole)} MB`,
  )
  return {
    books: MEMORY_BOOKS,
    levels: MEMORY_LEVELS,
    bytesALevel: median(bytesALevel),
    rssMb: median(rssMb),
  }
}

const isWanted = (name: string): boolean => values.only === undefined || name.includes(values.only)
const there = inputs()
const wanted = there.filter(({ name }) => isWanted(name))
if (wanted.length === 0 && !isWanted('growth'))
  refuse(`--only ${values.only}: none of ${there.map(({ name }) => name).join('; ')}; growth`, USAGE)
if (there.every(({ kind }) => kind === 'generated')) {
  if (values.json !== undefined) refuse(`${NO_RECORDINGS} --json wants all of it`, USAGE)
  console.log(`${NO_RECORDINGS} Only mixes are measured.`)
}
if (!isQuick && !installFolder(join(import.meta.dirname, 'peers')))
  throw new Error('tardis-dev and ccxt could not be installed into bench/peers; --quick goes without them')
const folder = mkdtempSync(join(tmpdir(), 'marketprism-speed-'))
try {
  const taken = isQuick ? wanted.slice(0, QUICK_INPUTS) : wanted
  const measured: Record<string, Readonly<Record<string, readonly Figures[]>>> = {}
  for (const [at, input] of taken.entries()) {
    const file = join(folder, String(at))
    await input.write(file)
    const runs = measure(input, file)
    report(input, runs)
    measured[input.name] = Object.fromEntries(runs)
  }
  const rows: SpeedMeasured['growth'][number][] = []
  if (!isQuick && isWanted('growth')) for (const row of GROWTH) rows.push(await growth(row, folder))
  const part = { inputs: measured, growth: rows, memory: memory() }
  if (values.json !== undefined) keep(values.json, { speed: part })
} finally {
  rmSync(folder, { recursive: true })
}
