// Level updates and deltas per second of `Book.apply` on books of 400 and 5,000 levels a side: `node bench/book.ts`.
import { Book } from '../src/book/book.ts'
import { Columns, KIND } from '../src/core/columns.ts'
import { median } from './measured.ts'

const RUNS = 5
const DELTAS = 20_000
/** Levels that one delta names a side: the mean of recorded depth frames is about 17 for both sides. */
const LEVELS_PER_SIDE = 8
const MIDDLE = 6_000_000

/** Uniform in [0, 1), the same row of numbers for a seed. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function addLevel(columns: Columns, price: number, size: number): void {
  columns.reserve()
  const at = columns.levels++
  columns.prices[at] = price
  columns.priceDecimals[at] = 2
  columns.sizes[at] = size
  columns.sizeDecimals[at] = 5
}

/** A full book of `depth` levels a side, one tick apart. */
function snapshotOf(depth: number): Columns {
  const columns = new Columns(1, 2 * depth)
  const at = columns.begin(KIND.snapshot)
  columns.last[at] = 0
  for (let level = 1; level <= depth; level++) addLevel(columns, MIDDLE - level, 100_000)
  columns.bidCount[at] = depth
  columns.askStart[at] = depth
  for (let level = 1; level <= depth; level++) addLevel(columns, MIDDLE + level, 100_000)
  columns.askCount[at] = depth
  columns.count = 1
  return columns
}

/** Changes near the top more often than far from it; a fifth of them deletes, which later sets refill. */
function deltasOf(depth: number, random: () => number): Columns {
  const columns = new Columns(DELTAS, DELTAS * 2 * LEVELS_PER_SIDE)
  for (let delta = 0; delta < DELTAS; delta++) {
    const at = columns.begin(KIND.delta)
    columns.last[at] = delta + 1
    for (const sign of [-1, 1]) {
      if (sign === 1) columns.askStart[at] = columns.levels
      const near = Array.from({ length: LEVELS_PER_SIDE }, () => 1 + Math.floor(random() ** 3 * depth))
      near.sort((one, other) => one - other)
      for (const tick of near) {
        const size = random() < 0.2 ? 0 : 1 + Math.floor(random() * 10_000_000)
        addLevel(columns, MIDDLE + sign * tick, size)
      }
    }
    columns.bidCount[at] = LEVELS_PER_SIDE
    columns.askCount[at] = LEVELS_PER_SIDE
    columns.count++
  }
  return columns
}

/** Deltas per second of one pass over all of them. */
function run(book: Book, snapshot: Columns, deltas: Columns): number {
  book.replace(snapshot, 0, Infinity)
  const start = process.hrtime.bigint()
  for (let at = 0; at < deltas.count; at++) book.apply(deltas, at)
  return (deltas.count * 1e9) / Number(process.hrtime.bigint() - start)
}

for (const depth of [400, 5_000]) {
  const snapshot = snapshotOf(depth)
  const deltas = deltasOf(depth, seededRandom(depth))
  const book = new Book(2, 5)
  run(book, snapshot, deltas)
  const rate = median(Array.from({ length: RUNS }, () => run(book, snapshot, deltas)))
  const levels = rate * 2 * LEVELS_PER_SIDE
  console.log(
    `${String(depth).padStart(5)} levels: ${Math.round(rate)} deltas/s, ${(levels / 1e6).toFixed(1)} M levels/s, median of ${RUNS}`,
  )
}
