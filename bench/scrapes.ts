// What fifty clients that keep asking for /metrics cost the data path: `node bench/scrapes.ts [pairs=10] [seconds a window=10]`.
// Processor seconds of the collector per 1,000 frames of emulated venues, medians of windows without and with scrapers that alternate.
// Exit 1 where they cost more than 2 % beyond the noise that the windows without scrapers show, or a scrape fails.
import { measureScrapeCost } from '../test/app/scrape-cost.ts'
import { SupervisedInstance } from '../test/app/supervised.ts'

const SCRAPERS = 50
const SHARE_LIMIT = 0.02

const [pairs = '10', seconds = '10'] = process.argv.slice(2)
await using instance = await SupervisedInstance.start()
await instance.untilVerified()
const cost = await measureScrapeCost(instance, {
  pairs: Number(pairs),
  windowMs: Number(seconds) * 1_000,
  scrapers: SCRAPERS,
})

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const listed = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' ')
console.log(`s of a processor per 1,000 frames, alone:  ${listed(cost.alone)}`)
console.log(`s of a processor per 1,000 frames, scraped: ${listed(cost.scraped)}`)
console.log(`${percent(cost.share)} more with ${SCRAPERS} scrapers (noise ${percent(cost.noise)})`)
console.log(`${cost.scrapes} scrapes, p99 ${cost.p99Ms.toFixed(0)} ms, ${cost.failures.length} failed`)
process.exitCode = cost.share <= SHARE_LIMIT + cost.noise && cost.failures.length === 0 ? 0 : 1
