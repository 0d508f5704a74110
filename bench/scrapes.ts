// What fifty clients that keep asking for /metrics cost the data path: `node bench/scrapes.ts [rounds=120] [pause ms=1000]`, twelve
// minutes. Processor time of the collector per frame of emulated venues, in windows with and without them. Each asks once a second,
// fifteen times as often as Prometheus does by itself. Windows differ by 6 %, hence so many. Exit 1 where the median of all rounds is
// above 2 %, or a scrape fails.
import { measureScrapeCost } from '../test/app/scrape-cost.ts'
import { SupervisedInstance } from '../test/app/supervised.ts'

const SCRAPERS = 50
const SHARE_LIMIT = 0.02
const WINDOW_MS = 2_000
const WARM_MS = 15_000

const [rounds = '120', pauseMs = '1000'] = process.argv.slice(2)
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

await using instance = await SupervisedInstance.start({
  instruments: 8,
  market: { instruments: 8, speed: 40 },
})
await instance.untilVerified()
await new Promise((resolve) => setTimeout(resolve, WARM_MS))
const { frameSeconds, share, scrapes, failures, p99Ms } = await measureScrapeCost(instance, {
  rounds: Number(rounds),
  windowMs: WINDOW_MS,
  scrapers: SCRAPERS,
  pauseMs: Number(pauseMs),
})
console.log(
  `${percent(share.middle)} more of a processor per frame with ${SCRAPERS} scrapers, ${pauseMs} ms apart (95 %: ${percent(share.low)} to ${percent(share.high)}); without them ${(frameSeconds * 1e6).toFixed(1)} us a frame`,
)
console.log(`${scrapes} scrapes, p99 ${p99Ms.toFixed(0)} ms, ${failures.length} failed`)
process.exitCode = share.middle <= SHARE_LIMIT && failures.length === 0 ? 0 : 1
