import { setTimeout as passed } from 'node:timers/promises'
import { processNamed, Scraper, type SupervisedInstance } from './supervised.ts'

/** Each scraper asks again so long after its answer. */
const PAUSE_MS = 50

export interface ScrapeCostGiven {
  /** Pairs of windows, one without and one with scrapers. */
  readonly pairs: number
  readonly windowMs: number
  readonly scrapers: number
}

export interface ScrapeCost {
  /** Processor seconds of the collector per 1,000 frames, of each window. */
  readonly alone: readonly number[]
  readonly scraped: readonly number[]
  /** How much more the median is with scrapers than without: 0.02 is 2 %. */
  readonly share: number
  /** Half of the range of the windows without scrapers, as a share of their median: what is not to be told from nothing. */
  readonly noise: number
  readonly scrapes: number
  readonly failures: readonly string[]
  readonly p99Ms: number
}

/**
 * What scrapers of /metrics cost the data path. Windows without and with them alternate, so that what else the machine does counts for
 * both. Processor time per frame is compared, and not frames per second: those depend on who else has the processors.
 */
export async function measureScrapeCost(
  instance: SupervisedInstance,
  { pairs, windowMs, scrapers }: ScrapeCostGiven,
): Promise<ScrapeCost> {
  const alone: number[] = []
  const scraped: number[] = []
  const answers: number[] = []
  const failures: string[] = []
  for (let pair = 0; pair < pairs; pair++) {
    alone.push(await frameCost(instance, windowMs))
    const paths = Array.from({ length: scrapers }, () => '/metrics')
    await using running = new Scraper(instance.url, paths, PAUSE_MS)
    scraped.push(await frameCost(instance, windowMs))
    const outcome = await running.stop()
    answers.push(...outcome.answers.map(({ ms }) => ms))
    failures.push(...outcome.failures)
  }
  return {
    alone,
    scraped,
    share: quantile(scraped, 0.5) / quantile(alone, 0.5) - 1,
    noise: (Math.max(...alone) - Math.min(...alone)) / 2 / quantile(alone, 0.5),
    scrapes: answers.length,
    failures,
    p99Ms: quantile(answers, 0.99),
  }
}

/** Processor seconds of the collector per 1,000 frames. */
async function frameCost(instance: SupervisedInstance, windowMs: number): Promise<number> {
  const before = await spent(instance)
  await passed(windowMs)
  const after = await spent(instance)
  return ((after.cpuSeconds - before.cpuSeconds) / (after.frames - before.frames)) * 1_000
}

async function spent(instance: SupervisedInstance): Promise<{ cpuSeconds: number; frames: number }> {
  const status = await instance.status()
  return {
    cpuSeconds: processNamed(status, 'collector').cpuSeconds ?? NaN,
    frames: status.venues.reduce((sum, { frames }) => sum + frames, 0),
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
