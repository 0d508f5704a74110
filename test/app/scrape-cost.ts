import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import type { Status } from '../../src/app/status.ts'
import { processNamed, Scraper, type SupervisedInstance } from './supervised.ts'

/** Ranks of the interval that holds a median with 95 %, by the normal deviate of the sign test. */
const DEVIATE = 1.96
const LOOK_MS = 20

export interface ScrapeCostGiven {
  /** Of two windows, one without scrapers and one with them. */
  readonly rounds: number
  readonly windowMs: number
  readonly scrapers: number
  /** Each scraper asks again so long after its answer. */
  readonly pauseMs: number
}

/** How much more a frame costs with scrapers: 0.02 is 2 %. The median of all rounds, and the interval that holds it with 95 %. */
export interface Share {
  readonly middle: number
  readonly low: number
  readonly high: number
}

export interface ScrapeCost {
  /** Processor seconds of the collector per frame without scrapers, the median. */
  readonly frameSeconds: number
  readonly share: Share
  readonly scrapes: number
  readonly failures: readonly string[]
  readonly p99Ms: number
}

/**
 * What scrapers of /metrics cost the data path. Windows without and with them alternate, and each with them is held against those before
 * and after it, so that what else the machine does counts for both. Processor time per frame is compared, and not frames per second:
 * those depend on who else has the processors.
 */
export async function measureScrapeCost(
  instance: SupervisedInstance,
  { rounds, windowMs, scrapers, pauseMs }: ScrapeCostGiven,
): Promise<ScrapeCost> {
  const alone = [await frameCost(instance, windowMs)]
  const shares: number[] = []
  const answers: number[] = []
  const failures: string[] = []
  const paths = Array.from({ length: scrapers }, () => '/metrics')
  for (let round = 0; round < rounds; round++) {
    const before = alone[round] ?? NaN
    await using running = new Scraper(instance.url, paths, pauseMs)
    const scraped = await frameCost(instance, windowMs)
    const outcome = await running.stop()
    const after = await frameCost(instance, windowMs)
    alone.push(after)
    shares.push((2 * scraped) / (before + after) - 1)
    answers.push(...outcome.answers.map(({ ms }) => ms))
    failures.push(...outcome.failures)
  }
  return {
    frameSeconds: quantile(alone, 0.5),
    share: shareOf(shares),
    scrapes: answers.length,
    failures,
    p99Ms: quantile(answers, 0.99),
  }
}

function shareOf(values: readonly number[]): Share {
  const sorted = values.toSorted((one, other) => one - other)
  const reach = (DEVIATE * Math.sqrt(sorted.length)) / 2
  const at = (rank: number): number => sorted[Math.max(0, Math.min(sorted.length - 1, rank))] ?? NaN
  return {
    middle: quantile(sorted, 0.5),
    low: at(Math.floor(sorted.length / 2 - reach)),
    high: at(Math.ceil(sorted.length / 2 + reach) - 1),
  }
}

/** Processor seconds of the collector per frame. */
async function frameCost(instance: SupervisedInstance, windowMs: number): Promise<number> {
  const before = await spent(instance)
  await passed(windowMs)
  const after = await spent(instance)
  return (after.cpuSeconds - before.cpuSeconds) / (after.frames - before.frames)
}

/** At the moment when the collector has reported, which it does once a second: what it has spent by then belongs to these frames. */
async function spent(instance: SupervisedInstance): Promise<{ cpuSeconds: number; frames: number }> {
  const last = framesOf(await instance.status())
  for (;;) {
    await passed(LOOK_MS)
    const status = await instance.status()
    const frames = framesOf(status)
    const { pid } = processNamed(status, 'collector')
    assert.ok(pid !== undefined, 'the collector runs')
    if (frames !== last) return { cpuSeconds: cpuSeconds(pid), frames }
  }
}

const framesOf = ({ venues }: Status): number => venues.reduce((sum, { frames }) => sum + frames, 0)

/** Of all threads, to the nanosecond: `/proc/<pid>/stat` tells hundredths of a second. */
function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e9
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
