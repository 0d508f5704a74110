// What books take, in a process of its own: `node bench/speed/memory.ts BOOKS LEVELS`. LEVELS a book, half of them a side, as a snapshot
// brings them. Prints one line of JSON.
import { Book } from '../../src/book/book.ts'
import { Columns, KIND } from '../../src/core/columns.ts'

const [books = 0, levels = 0] = process.argv.slice(2).map(Number)
const MIDDLE = 500_000

const snapshot = new Columns(1, levels)
snapshot.begin(KIND.snapshot)
snapshot.count = 1
snapshot.last[0] = 1
snapshot.bidCount[0] = levels / 2
snapshot.askStart[0] = levels / 2
snapshot.askCount[0] = levels / 2
for (let depth = 0; depth < levels / 2; depth++) {
  snapshot.prices[depth] = MIDDLE - depth
  snapshot.prices[levels / 2 + depth] = MIDDLE + 1 + depth
  snapshot.sizes[depth] = 1 + depth
  snapshot.sizes[levels / 2 + depth] = 1 + depth
}

function filled(): Book {
  const book = new Book(0, 0)
  book.replace(snapshot, 0, levels)
  return book
}

// The code is loaded and warm, and the first pages are there.
const warm = Array.from({ length: 20 }, filled)
for (const book of warm) book.clear()
const before = process.memoryUsage().rss
const kept = Array.from({ length: books }, filled)
const { rss } = process.memoryUsage()
const count = kept.reduce((sum, { bids, asks }) => sum + bids.count + asks.count, 0)
console.log(JSON.stringify({ bytesALevel: (rss - before) / count, rssMb: rss / 1e6 }))
