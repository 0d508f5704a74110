import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Seeded } from '../../src/emulator/seeded.ts'
import type { Trend } from '../../src/governor/governing.ts'
import { TrendDetector } from '../../src/governor/trend.ts'
import { type Course, DAY_SECONDS, HOUR_SECONDS, ProcessMemory } from './process-memory.ts'

const SECOND_US = 1_000_000
const MINUTE = 60
const MEGABYTE = 1_000_000
const SEEDS = Array.from({ length: 12 }, (_, at) => `memory ${at}`)

/** Seconds of one life, and what was told after each. */
function* told(
  resource: Trend['resource'],
  valueAt: (second: number) => number | undefined,
  { from = 0, to }: { readonly from?: number; readonly to: number },
): Generator<readonly [second: number, trend: Trend]> {
  const detector = new TrendDetector(resource)
  for (let second = from; second < to; second++) {
    const value = valueAt(second)
    if (value !== undefined) detector.add(value, second * SECOND_US)
    yield [second, detector.trend(undefined)]
  }
}

function firstRise(...life: Parameters<typeof told>): number | undefined {
  for (const [second, trend] of told(...life)) if (trend.isRapidlyIncreasing) return second
  return undefined
}

const alarms = (courses: readonly Course[]) =>
  courses.map((course, at) => {
    const memory = new ProcessMemory(SEEDS[at] ?? '', course)
    return firstRise('memory', (second) => memory.bytesAt(second), { to: DAY_SECONDS })
  })

/** Minutes from the start of a leak until it was told, for each seed; `undefined` where it was not told within three hours. */
const minutesToTell = (leakPerMinute: number, startOf: (at: number) => number) =>
  SEEDS.map((seed, at) => {
    const leakFromSeconds = startOf(at)
    const memory = new ProcessMemory(seed, { leakPerMinute, leakFromSeconds })
    const from = leakFromSeconds - HOUR_SECONDS
    const to = leakFromSeconds + 3 * HOUR_SECONDS
    const second = firstRise('memory', (now) => memory.bytesAt(now), { from, to })
    return second === undefined ? undefined : (second - leakFromSeconds) / MINUTE
  })

const within = (minutes: readonly (number | undefined)[], limit: number) =>
  minutes.filter((some) => some !== undefined && some > 0 && some <= limit).length

/** While the wave of the day does not fall: the limits are sharp, and a leak of exactly a limit is told only then. */
const beforeNoon = (at: number) => 3 * HOUR_SECONDS + at * 30 * MINUTE + 17
const anyHour = (at: number) => (1 + 2 * at) * HOUR_SECONDS + 17

/** A saw of these teeth over a base that grows. */
const saw = (perMinute: number) => (second: number) =>
  (200 + (perMinute * second) / MINUTE + (second % 30)) * MEGABYTE

const ramp = (perMinute: number) => (second: number) => Math.floor((perMinute * second) / MINUTE)

test('a day of saw-teeth, bursts and the wave of the day is no trend', () => {
  assert.deepEqual(
    alarms(SEEDS.map(() => ({}))),
    SEEDS.map(() => undefined),
  )
})

test('noise is no trend, and forecasts nothing, however wide it is', () => {
  let rising = 0
  for (const seed of Array.from({ length: 12 }, (_, at) => `noise ${at}`)) {
    const seeded = new Seeded(seed)
    const detector = new TrendDetector('memory')
    for (let minute = 0; minute <= 4 * 60; minute++) {
      detector.add((800 + 400 * seeded.next()) * MEGABYTE, minute * MINUTE * SECOND_US)
      assert.equal(detector.trend(undefined).isRapidlyIncreasing, false, `${seed} ${minute}`)
    }
    const { slopePerMinute, exhaustionSeconds } = detector.trend(2_000 * MEGABYTE)
    if ((slopePerMinute ?? 0) > 0) rising++
    assert.equal(exhaustionSeconds, undefined, seed)
  }
  assert.ok(rising > 0)
})

test('what is added once and stays is no trend', () => {
  const courses = SEEDS.map((_, at) => ({ step: 150, stepAtSeconds: (1 + 1.9 * at) * HOUR_SECONDS + 7 * at }))
  assert.deepEqual(
    alarms(courses),
    SEEDS.map(() => undefined),
  )
})

test('what warms up within a quarter of an hour, and what comes and goes in one, is no trend', () => {
  const warm = (second: number) => saw(0)(second) + 20 * MEGABYTE * Math.min(second / MINUTE, 15)
  assert.equal(firstRise('memory', warm, { to: 3 * HOUR_SECONDS }), undefined)
  const passing = (second: number) => {
    const minute = second / MINUTE - 70
    return saw(0)(second) + (minute > 0 && minute < 17 ? 20 * MEGABYTE * minute : 0)
  }
  assert.equal(firstRise('memory', passing, { to: 3 * HOUR_SECONDS }), undefined)
})

test('a leak of 2 MB a minute is told within 40 min, by the fast window', () => {
  const minutes = minutesToTell(2, beforeNoon)
  assert.ok(within(minutes, 40) >= 11, minutes.join(' '))
})

test('a leak of 1 MB a minute is told within 75 min, by the slow window', () => {
  const minutes = minutesToTell(1, beforeNoon)
  assert.ok(within(minutes, 75) >= 11, minutes.join(' '))
})

test('leaks a quarter over the limits are told in time at any hour of the day', () => {
  const fast = minutesToTell(2.5, anyHour)
  assert.equal(within(fast, 40), 12, fast.join(' '))
  const slow = minutesToTell(1.25, anyHour)
  assert.equal(within(slow, 75), 12, slow.join(' '))
})

test('nothing is told before the fast window is full, nor a trend before five evaluations agree', () => {
  const rows = [...told('memory', saw(3), { to: 40 * MINUTE })]
  assert.equal(rows.find(([, trend]) => trend.slopePerMinute !== undefined)?.[0], 30 * MINUTE)
  assert.equal(rows.find(([, trend]) => trend.isRapidlyIncreasing)?.[0], 34 * MINUTE)
})

test('the slow window tells what is too slow for the fast one, from its fifth evaluation on', () => {
  assert.equal(firstRise('memory', saw(1.5), { to: 3 * HOUR_SECONDS }), 64 * MINUTE)
  assert.equal(firstRise('memory', saw(0.9), { to: 6 * HOUR_SECONDS }), undefined)
})

test('a trend is taken back when the resource has stopped growing', () => {
  const grown = (second: number) => saw(0)(second) + 3 * MEGABYTE * Math.min(second / MINUTE, 90)
  const rows = [...told('memory', grown, { to: 4 * HOUR_SECONDS })]
  const states = rows.filter(
    ([, trend], at) => trend.isRapidlyIncreasing !== rows[at - 1]?.[1].isRapidlyIncreasing,
  )
  assert.deepEqual(
    states.map(([, trend]) => trend.isRapidlyIncreasing),
    [false, true, false],
  )
  assert.ok((states[2]?.[0] ?? 0) < 2.5 * HOUR_SECONDS)
})

test('the slope is that of the floors, in units of the resource a minute', () => {
  const detector = new TrendDetector('memory')
  for (let second = 0; second <= HOUR_SECONDS; second++) detector.add(saw(4)(second), second * SECOND_US)
  const { slopePerMinute, resource } = detector.trend(undefined)
  assert.equal(resource, 'memory')
  assert.equal(Math.round(slopePerMinute ?? 0), 4 * MEGABYTE)
})

test('the forecast counts from the last floor to the limit, and is absent where it is not reached', () => {
  const grown = (perMinute: number) => {
    const detector = new TrendDetector('heap_after_gc')
    for (let second = 0; second <= HOUR_SECONDS; second++)
      detector.add(saw(perMinute)(second), second * SECOND_US)
    return detector
  }
  const growing = grown(3)
  // The last floor is of minute 58: 200 MB and 58 times 3.
  assert.equal(Math.round(growing.trend((374 + 300) * MEGABYTE).exhaustionSeconds ?? 0), 100 * MINUTE)
  assert.equal(growing.trend(300 * MEGABYTE).exhaustionSeconds, 0)
  assert.equal(growing.trend(undefined).exhaustionSeconds, undefined)
  assert.equal(grown(0).trend(1_000 * MEGABYTE).exhaustionSeconds, undefined)
  assert.equal(grown(-1).trend(1_000 * MEGABYTE).exhaustionSeconds, undefined)
  assert.equal(new TrendDetector('memory').trend(1_000).exhaustionSeconds, undefined)
})

test('a step forecasts nothing: it is beyond chance, but has no slope', () => {
  const detector = new TrendDetector('memory')
  for (let second = 0; second <= 30 * MINUTE; second++) {
    detector.add((second < 10 * MINUTE ? 200 : 300) * MEGABYTE, second * SECOND_US)
  }
  const { slopePerMinute, exhaustionSeconds } = detector.trend(1_000 * MEGABYTE)
  assert.deepEqual({ slopePerMinute, exhaustionSeconds }, { slopePerMinute: 0, exhaustionSeconds: undefined })
})

test('some minutes without a value do not hide a trend, and too many tell nothing', () => {
  const without = (isUnknown: (minute: number) => boolean) => (second: number) =>
    isUnknown(Math.floor(second / MINUTE)) ? undefined : saw(3)(second)
  assert.equal(
    firstRise(
      'memory',
      without((minute) => minute % 3 === 1),
      { to: HOUR_SECONDS },
    ),
    36 * MINUTE,
  )
  const hole = without((minute) => minute >= 12 && minute < 15)
  assert.equal(firstRise('memory', hole, { to: HOUR_SECONDS }), 34 * MINUTE)
  const rows = [
    ...told(
      'memory',
      without((minute) => minute >= 10 && minute < 50),
      { to: HOUR_SECONDS },
    ),
  ]
  assert.ok(rows.every(([, trend]) => trend.slopePerMinute === undefined))
})

test('descriptors have limits of their own: one in a minute is told fast, one in four minutes slowly', () => {
  const fast = firstRise('descriptors', ramp(1), { to: HOUR_SECONDS })
  assert.ok(fast !== undefined && fast <= 40 * MINUTE, `${fast}`)
  const slow = firstRise('descriptors', ramp(0.25), { to: 2 * HOUR_SECONDS })
  assert.ok(slow !== undefined && slow > 60 * MINUTE && slow <= 75 * MINUTE, `${slow}`)
  assert.equal(firstRise('descriptors', ramp(0.15), { to: 6 * HOUR_SECONDS }), undefined)
})

test('rotations, and a feed that was added, are no trend of descriptors', () => {
  const everyday = (second: number) =>
    40 + (second % 900 < 20 ? 15 : 0) + (second >= 2.2 * HOUR_SECONDS ? 60 : 0)
  assert.equal(firstRise('descriptors', everyday, { to: DAY_SECONDS / 2 }), undefined)
})
