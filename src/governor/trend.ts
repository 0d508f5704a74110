import type { Trend } from './governing.ts'
import { type Point, medianSlope, risingDeviations } from './slope.ts'

const MINUTE_US = 60_000_000
const SECONDS_PER_MINUTE = 60
const MEGABYTE = 1_000_000

/** Longest window, min: of no minute before it is anything kept. */
const KEPT_MINUTES = 60
/** Beyond chance by so many standard deviations. */
const DEVIATIONS = 2.5
/** Evaluations in a row that must agree, to tell a trend and to take it back: a value at the limit does not flap. */
const AGREEING = 5
/** Share of a window's floors that must be known. */
const KNOWN_SHARE = 0.8

/** How far apart floors are, over how long, and which slopes count, in units a minute. */
interface WindowLimits {
  readonly floorMinutes: number
  readonly minutes: number
  readonly slope: number
  /** Of each half: what rose once and stays does not count. */
  readonly halfSlope: number
}

type Resource = Trend['resource']

const BYTES: readonly [WindowLimits, WindowLimits] = [
  { floorMinutes: 2, minutes: 30, slope: 2 * MEGABYTE, halfSlope: 0.8 * MEGABYTE },
  { floorMinutes: 5, minutes: KEPT_MINUTES, slope: MEGABYTE, halfSlope: 0.4 * MEGABYTE },
]

/**
 * 15 descriptors within the fast window, 12 within the slow one: about as many as all sockets of an instance, which nothing but a
 * leak adds. A rotation has two sockets for one, but for seconds, which a floor does not see. A limit of 1024 is 34 and 85 hours away.
 */
const DESCRIPTORS: readonly [WindowLimits, WindowLimits] = [
  { floorMinutes: 2, minutes: 30, slope: 0.5, halfSlope: 0.2 },
  { floorMinutes: 5, minutes: KEPT_MINUTES, slope: 0.2, halfSlope: 0.08 },
]

const WINDOWS: Readonly<Record<Resource, readonly [WindowLimits, WindowLimits]>> = {
  memory: BYTES,
  heap_after_gc: BYTES,
  descriptors: DESCRIPTORS,
}

/** What a window shows at one evaluation. */
interface Judgement {
  readonly slope: number
  readonly isSignificant: boolean
  readonly isRising: boolean
  /** The latest floor. */
  readonly floor: number
}

/** One window's judgement, and what it stands by. */
interface Stand {
  readonly judgement: Judgement | undefined
  readonly isRising: boolean
  /** Evaluations in a row that say otherwise. */
  readonly contrary: number
}

const UNJUDGED: Stand = { judgement: undefined, isRising: false, contrary: 0 }

/**
 * Tells a leak from saw-teeth, bursts, the wave of a day and a step, by the floor of a resource (what is left when garbage is
 * gone) in a fast and a slow window. For one process: another process needs another detector. The limits are sharp: a leak
 * of exactly `slope` is told in time only where nothing else falls meanwhile.
 */
export class TrendDetector {
  readonly #resource: Resource
  /** The least value of each of the last minutes; oldest first. */
  #floors: readonly Point[] = []
  #startUs: number | undefined
  #open: Point | undefined
  #fast: Stand = UNJUDGED
  #slow: Stand = UNJUDGED

  constructor(resource: Resource) {
    this.#resource = resource
  }

  /** Call it once a second with bytes or a count; the time is steady. Each minute that ends is judged. What is unknown is left out. */
  add(value: number | undefined, nowUs: number): void {
    if (value === undefined) return
    this.#startUs ??= nowUs
    const minute = Math.floor((nowUs - this.#startUs) / MINUTE_US)
    const open = this.#open
    if (open === undefined || open.minute === minute) {
      this.#open = { minute, value: Math.min(value, open?.value ?? value) }
      return
    }
    this.#open = { minute, value }
    this.#evaluate(open, minute - 1)
  }

  /** As of the last whole minute; `limit`, where there is one, is what the forecast counts to, in units of the resource. */
  trend(limit: number | undefined): Trend {
    const judgement = this.#fast.isRising
      ? this.#fast.judgement
      : (this.#slow.judgement ?? this.#fast.judgement)
    return {
      resource: this.#resource,
      slopePerMinute: judgement?.slope,
      isRapidlyIncreasing: this.#fast.isRising || this.#slow.isRising,
      exhaustionSeconds: exhaustionSeconds(judgement, limit),
    }
  }

  #evaluate(closed: Point, lastMinute: number): void {
    const floors = [...this.#floors, closed].filter(({ minute }) => minute > lastMinute - KEPT_MINUTES)
    const [fast, slow] = WINDOWS[this.#resource]
    this.#floors = floors
    this.#fast = stand(this.#fast, judge(floors, lastMinute, fast))
    this.#slow = stand(this.#slow, judge(floors, lastMinute, slow))
  }
}

function stand(before: Stand, judgement: Judgement | undefined): Stand {
  const { isRising } = before
  const isContrary = (judgement?.isRising ?? false) !== isRising
  const contrary = isContrary ? before.contrary + 1 : 0
  if (contrary >= AGREEING) return { judgement, isRising: !isRising, contrary: 0 }
  return { judgement, isRising, contrary }
}

function judge(floors: readonly Point[], lastMinute: number, limits: WindowLimits): Judgement | undefined {
  if (lastMinute + 1 < limits.minutes) return undefined
  const points = coarser(floors, lastMinute, limits)
  const last = points.at(-1)
  if (last === undefined || points.length < KNOWN_SHARE * (limits.minutes / limits.floorMinutes))
    return undefined
  const middle = lastMinute - (limits.minutes - limits.floorMinutes) / 2
  const slope = medianSlope(points)
  if (slope === undefined) return undefined
  const isSignificant = risingDeviations(points) > DEVIATIONS
  const rises = (half: readonly Point[]) => (medianSlope(half) ?? 0) > limits.halfSlope
  const isRising =
    isSignificant &&
    slope > limits.slope &&
    rises(points.filter(({ minute }) => minute <= middle)) &&
    rises(points.filter(({ minute }) => minute >= middle))
  return { slope, isSignificant, isRising, floor: last.value }
}

/** Floors over `floorMinutes` each, counted back from the last minute; where all of them are unknown there is none. */
function coarser(
  floors: readonly Point[],
  lastMinute: number,
  { floorMinutes, minutes }: WindowLimits,
): readonly Point[] {
  const least = new Map<number, number>()
  for (const { minute, value } of floors) {
    const age = lastMinute - minute
    if (age >= minutes) continue
    const end = minute + (age % floorMinutes)
    least.set(end, Math.min(value, least.get(end) ?? value))
  }
  return [...least].map(([minute, value]) => ({ minute, value }))
}

/** Counts only slopes that are beyond chance: noise forecasts nothing. */
function exhaustionSeconds(judgement: Judgement | undefined, limit: number | undefined): number | undefined {
  if (judgement === undefined || limit === undefined) return undefined
  const { floor, slope, isSignificant } = judgement
  if (floor >= limit) return 0
  return isSignificant && slope > 0 ? ((limit - floor) / slope) * SECONDS_PER_MINUTE : undefined
}
