import assert from 'node:assert/strict'
import type { Status } from '../../src/app/status.ts'
import type { Trend } from '../../src/governor/governing.ts'
import type { TrendDetector } from '../../src/governor/trend.ts'
import { growthOf } from './heap-gauge.ts'
import { processNamed, type SupervisedInstance } from './supervised.ts'

const LOOK_MS = 1_000
/** Between two looks at what has been seen. */
const WAIT_MS = 100

/** One look at an instance. */
export interface Look {
  /** Since the first look. */
  readonly seconds: number
  readonly status: Status
}

/**
 * Looks at an instance once a second until it is stopped. A look without an answer is left out: the machine is overloaded on purpose,
 * and whether every request is answered is for a scraper to judge.
 */
export class Recorder implements AsyncDisposable {
  readonly looks: Look[] = []
  readonly #running: Promise<void>
  #isOver = false

  constructor(instance: SupervisedInstance) {
    this.#running = this.#record(instance)
  }

  async stop(): Promise<readonly Look[]> {
    this.#isOver = true
    await this.#running
    return this.looks
  }

  /** Resolves with the first status from this moment on that `isSo`, and how long that took. */
  async until(
    what: string,
    isSo: (status: Status) => boolean,
    limitMs: number,
  ): Promise<{ readonly status: Status; readonly ms: number }> {
    const startMs = performance.now()
    for (let seen = this.looks.length; ; await passed(WAIT_MS)) {
      const ms = performance.now() - startMs
      const look = this.looks.slice(seen).find(({ status }) => isSo(status))
      if (look !== undefined) return { status: look.status, ms }
      seen = this.looks.length
      if (ms > limitMs)
        assert.fail(`${what} within ${limitMs} ms: ${JSON.stringify(this.looks.at(-1)?.status)}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #record(instance: SupervisedInstance): Promise<void> {
    const startMs = performance.now()
    while (!this.#isOver) {
      const status = await instance.status().catch(() => undefined)
      if (status !== undefined) this.looks.push({ seconds: (performance.now() - startMs) / 1_000, status })
      await passed(LOOK_MS)
    }
  }
}

export const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Growth a second over the second half of a series: the median of the slopes of all pairs (Theil-Sen). */
export function laterGrowth(looks: readonly Look[], read: (status: Status) => number): number {
  const later = looks.slice(Math.floor(looks.length / 2))
  const [first, last] = [later[0], later.at(-1)]
  assert.ok(first !== undefined && last !== undefined && later.length > 4, `${later.length} looks`)
  const spacing = (last.seconds - first.seconds) / (later.length - 1)
  return growthOf(later.map(({ status }) => read(status))) / spacing
}

/** What a detector says of a series when each second of it lasts a minute: the same growth, sixty times as slow. */
export function trendOf(
  detector: TrendDetector,
  looks: readonly Look[],
  read: (status: Status) => number,
): Trend {
  for (const { seconds, status } of looks) {
    for (let second = 0; second < 60; second++)
      detector.add(read(status), Math.floor((Math.floor(seconds) * 60 + second) * 1e6))
  }
  return detector.trend(undefined)
}

export const residentBytes = (status: Status): number => processNamed(status, 'collector').residentBytes ?? 0

/** Of all processes of the instance. */
export const descriptorsOf = (status: Status): number =>
  status.processes.reduce((sum, { descriptors = 0 }) => sum + descriptors, 0)

/** Every venue has the sockets that it is to have, no more and none on its way. */
export const areSocketsAsPlanned = ({ venues, connections }: Status): boolean =>
  connections?.unaccounted === 0 &&
  venues.every(
    ({ sockets: { open, opening, closing, planned } }) => open === planned && opening + closing === 0,
  )

/** How often a socket has been replaced since the collector began. */
export const reconnectsOf = ({ venues }: Status): number =>
  venues.flatMap(({ reconnectsBy }) => Object.values(reconnectsBy)).reduce((sum, count) => sum + count, 0)

/** Cuts every WebSocket of every venue, without a close frame. Answers how many there were. */
export async function cutAll({ venues: { venues } }: SupervisedInstance): Promise<number> {
  const cuts = await Promise.all(
    venues.map(async ({ hosts }) => {
      const answer = await fetch(`${hosts.rest}/emulator/cut`)
      return Number(Object(await answer.json()).cut)
    }),
  )
  return cuts.reduce((sum, count) => sum + count, 0)
}

/** The value of a series of /metrics, named with its labels; `undefined` where there is none. */
export async function metric(instance: SupervisedInstance, series: string): Promise<number | undefined> {
  const { text } = await instance.get('/metrics')
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
