// docs/PERFORMANCE.md and its chart, from what the benches measured: docs/performance.json, written by
// `npm run bench -- --json docs/performance.json` and `npm run bench:socket -- --json docs/performance.json`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Measured, median, type SocketMeasured, type SpeedMeasured } from '../bench/measured.ts'
import type { Figures } from '../bench/speed/run.ts'

/** The runs of an input, by candidate. */
type Runs = SpeedMeasured['inputs'][string]

const FILE = join(import.meta.dirname, '../docs/performance.json')
const CANDIDATES = [
  ['ccxt', '`ccxt` pro'],
  ['tardis', '`tardis-dev`'],
  ['parse', '`JSON.parse` alone'],
  ['book', '**decode and verified book**'],
  ['journal', '**down to the journal**'],
] as const

/** So many times as much a message may cost of many books, or of deep ones. */
const GROWTH_GOAL = 1.3

const of = (runs: readonly Figures[] | undefined, figure: keyof Figures): readonly number[] =>
  (runs ?? []).map((figures) => figures[figure] ?? NaN)
const thousands = (value: number): string => Math.round(value / 1_000).toLocaleString('en')
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(row)].join('\n')

/** Pairs of runs that stood beside each other: how many times the first the second is. */
const pairs = (ones: readonly number[], others: readonly number[]): readonly number[] =>
  others.map((other, at) => other / (ones[at] ?? NaN))

/** `2.66 (2.12 to 3.03)`. */
function rangeText(numbers: readonly number[], decimals: number): string {
  const [middle = '', least = '', most = ''] = [
    median(numbers),
    Math.min(...numbers),
    Math.max(...numbers),
  ].map((number) => number.toFixed(decimals))
  return `${middle} (${least} to ${most})`
}

/** A table with a column for each input. */
function byInput(
  { inputs }: SpeedMeasured,
  title: string,
  rows: readonly (readonly [title: string, cell: (runs: Runs) => string])[],
): string {
  const entries = Object.entries(inputs)
  const line = (first: string, cell: (runs: Runs) => string): readonly string[] =>
    [first].concat(entries.map(([, runs]) => cell(runs)))
  return table(
    [title, ...entries.map(([name]) => name)],
    rows.map(([first, cell]) => line(first, cell)),
  )
}

const rates = (speed: SpeedMeasured): string =>
  byInput(
    speed,
    'thousand messages a second',
    CANDIDATES.map(([key, title]) => [title, (runs) => thousands(median(of(runs[key], 'rate')))]),
  )

const ratios = (speed: SpeedMeasured): string =>
  byInput(
    speed,
    'decode and verified book, times as fast as',
    CANDIDATES.slice(0, 3).map(([key, title]) => [
      title,
      (runs) => rangeText(pairs(of(runs[key], 'rate'), of(runs['book'], 'rate')), 1),
    ]),
  )

function times({ inputs }: SpeedMeasured): string {
  const rows = Object.entries(inputs).flatMap(([name, runs]) =>
    CANDIDATES.slice(1).map(([key, title]) => {
      const figure = (which: keyof Figures): number => median(of(runs[key], which))
      return [
        `${name}: ${title}`,
        figure('p50').toFixed(2),
        figure('p99').toFixed(2),
        figure('p999').toFixed(2),
        Math.max(...of(runs[key], 'longestCollectionMs')).toFixed(1),
        Math.round(figure('bytesAMessage')).toLocaleString('en'),
      ]
    }),
  )
  return table(
    ['', 'p50 µs', 'p99 µs', 'p99.9 µs', 'longest collection of all rounds, ms', 'bytes a message'],
    rows,
  )
}

function growth({ growth: measured, memory }: SpeedMeasured): string {
  const sizes = measured.flatMap((entries) =>
    entries.map(({ name, costs }) => ({ name, costs, more: pairs(entries[0]?.costs ?? [], costs) })),
  )
  if (sizes.length === 0 || sizes.some(({ more }) => Number.isNaN(median(more))))
    throw new RangeError(`${FILE}: growth was not measured`)
  const missed = sizes.filter(({ more }) => median(more) > GROWTH_GOAL)
  const verdict =
    missed.length === 0
      ? 'None costs more.'
      : `**Missed** by ${missed.map(({ name, more }) => `${name} (${median(more).toFixed(2)})`).join(', ')}.`
  const near = sizes.filter(({ more }) => median(more) <= GROWTH_GOAL && Math.max(...more) > GROWTH_GOAL)
  const nearText = near.map(({ name, more }) => `${name} (${median(more).toFixed(2)})`).join(', ')
  const nearness = near.length === 0 ? '' : ` Met in the middle, but not in every round: ${nearText}.`
  const { books, levels, bytesALevel, rssMb } = memory
  return [
    table(
      ['', 'ns a message', 'times the first'],
      sizes.map(({ name, costs, more }) => [
        name,
        Math.round(median(costs)).toLocaleString('en'),
        rangeText(more, 2),
      ]),
    ),
    '',
    `The goal is that none costs more than ${GROWTH_GOAL} times the first of its row. ${verdict}${nearness}`,
    '',
    `${books.toLocaleString('en')} books of ${levels.toLocaleString('en')} levels take ${bytesALevel.toFixed(1)} bytes a level; the process has ${Math.round(rssMb)} MB.`,
  ].join('\n')
}

function sockets({ floods, replays, paced }: SocketMeasured): string {
  return [
    table(
      ['back to back, thousand frames a second', 'bare `ws`', 'collector', 'share, %'],
      floods.map(({ name, bare, collector }) => [
        name,
        thousands(median(bare)),
        thousands(median(collector)),
        rangeText(
          pairs(bare, collector).map((share) => share * 100),
          0,
        ),
      ]),
    ),
    '',
    table(
      ['replayed', 'frames a second', 'of a processor', 'lag p99 ms', 'loop delay p99 ms'],
      replays.map(({ speed, rate, share: part, lagP99Ms, loopDelayP99Ms }) => [
        `${speed} times as fast`,
        Math.round(rate).toLocaleString('en'),
        `${part.toFixed(0)} %`,
        lagP99Ms.toFixed(1),
        loopDelayP99Ms.toFixed(1),
      ]),
    ),
    '',
    table(
      [
        '`start`, all of it on, scraped',
        'frames a second',
        'of a processor',
        'loop delay p99 ms',
        'RSS of the collector MB',
      ],
      paced.map(({ name, rate, total, loopDelayP99Ms, rssMb }) => [
        name,
        Math.round(rate).toLocaleString('en'),
        `${total.toFixed(1)} %`,
        loopDelayP99Ms.toFixed(1),
        Math.round(rssMb).toLocaleString('en'),
      ]),
    ),
  ].join('\n')
}

const read = (): Measured => JSON.parse(readFileSync(FILE, 'utf8'))

/** docs/PERFORMANCE.md. */
export function performanceText(): string {
  const { machine, speed, socket } = read()
  return `# Performance

What the collector costs, side by side with parsing alone and with other libraries, on the same frames. Measured with \`npm run bench\` and \`npm run bench:socket\`; this page is made of their figures (\`docs/performance.json\`).

${machine}

## Method

- Speed is messages per second of **processor time**, all threads of the process. The clock of a shared machine says little.
- Every candidate runs in a process of its own, warm, and in each round all run one after the other, each in another place of the row: a ratio is the median over the rounds of runs that stood beside each other, which is not the ratio of two medians. Behind it stand the least and the most of the rounds. Other figures are medians where they do not say otherwise.
- Captured inputs are recordings of real traffic of 2024 (most frames are best prices, which nobody reads); generated ones are depth-heavy mixes: how many levels a frame names and how far from the top they are is drawn as in recorded frames.
- \`tardis-dev\`, \`ccxt\` and the collector have to end with the same sum of all best prices, to the rounding of a million additions.
- \`ccxt\` makes a ticker of each best price, which the others only parse or pass over: with the recordings that is some two fifths of its time.
- It is not the same product. The collector checks the chain of every update and keeps exact decimals; the others make objects. \`ccxt\` and \`tardis-dev\` do less checking and more formatting.

## Run it

\`\`\`sh
npm run bench -- --quick                            # two inputs, without other libraries: under a minute
npm run bench -- --json docs/performance.json         # all of it: twenty minutes
npm run bench:socket -- --json docs/performance.json  # ten minutes
npm run docs                                          # this page
\`\`\`

\`--only NAME\` takes a part. The recordings, of 2024-08-08, are looked for in \`../shared/captures\`, or in the folder that \`MARKETPRISM_CAPTURES\` names. The books that they should end with stand there too. Without recordings both benches measure the mixes only, and refuse \`--json\`.

## Decode and books

![Messages per second of processor time, by candidate](performance.svg)

${rates(speed)}

${ratios(speed)}

## One message

${times(speed)}

## Growth and memory

${growth(speed)}

A hundred messages a book come before those that are measured. Of ten books none is a large one, hence their messages are short. Of many books each message is of another, and waits for memory that no cache holds: [decision 0006](decisions/0006-kernel-in-webassembly.md) has what that takes, and what it would take at the least.

## Through sockets

Over TLS, a sender and a receiver, each a process of its own. Lag is how much later than the quickest frame of the play a frame was read, against the venue's own time.

${sockets(socket)}
`
}

const WIDTH = 760
const LABEL = 150
const BAR = 13
const GROUP = 24
const LEAST = 1_000
const MOST = 5_000_000
const COLOURS = ['#9aa0a6', '#7b8794', '#5f6b7a', '#1a73e8', '#0b9d58']

/** The chart of it: bars on a logarithmic scale, one group an input. */
export function performanceChart(): string {
  const { inputs } = read().speed
  const scale = (value: number): number =>
    ((Math.log(value) - Math.log(LEAST)) / (Math.log(MOST) - Math.log(LEAST))) * (WIDTH - LABEL - 90)
  let top = 40
  const parts: string[] = []
  for (const [name, runs] of Object.entries(inputs)) {
    parts.push(`<text x="0" y="${top}" font-weight="600">${name}</text>`)
    top += 8
    for (const [at, [key, title]] of CANDIDATES.entries()) {
      const rate = median(of(runs[key], 'rate'))
      const width = scale(rate).toFixed(0)
      const label = title.replaceAll(/[`*]/g, '')
      parts.push(
        `<text x="${LABEL - 8}" y="${top + 10}" text-anchor="end">${label}</text>`,
        `<rect x="${LABEL}" y="${top}" width="${width}" height="${BAR - 2}" fill="${COLOURS[at]}"/>`,
        `<text x="${LABEL + Number(width) + 6}" y="${top + 10}">${thousands(rate)} k/s</text>`,
      )
      top += BAR
    }
    top += GROUP
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11" fill="#202124">`,
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    '<text x="0" y="16" font-size="13" font-weight="600">Messages per second of processor time (logarithmic)</text>',
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
