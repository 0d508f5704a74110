import { type Level, LEVELS, type Signals } from './governing.ts'
import { demandOf, isRelieved } from './limits.ts'

const SECOND_US = 1_000_000

/** Between one level and the next, so that what a level does has time to show. */
const RISE_US = 5 * SECOND_US
/** Sockets of a handshake or a rotation may be unknown for a moment; a leak lasts. */
const ORPHANS_US = 60 * SECOND_US
/** In level 3, with a signal where level 3 is entered: what could be given up did not help. */
const PRESSED_US = 120 * SECOND_US
/** At most one restart in this time: each costs a gap in every book. */
const RESTART_US = 15 * 60 * SECOND_US
/** How long relief must last before a level is left. */
const HOLD_US: Readonly<Record<Level, number>> = {
  0: 0,
  1: 30 * SECOND_US,
  2: 60 * SECOND_US,
  3: 120 * SECOND_US,
  4: 120 * SECOND_US,
}

/** Where the governor stands between two steps. All times are steady; `undefined`: it is not so, or never was. */
export interface Course {
  readonly level: Level
  readonly sinceUs: number
  /** When a level was last raised. */
  readonly raisedUs: number | undefined
  /** Since when the signals would let go of this level without a break. */
  readonly relievedUs: number | undefined
  /** Since when they have asked for level 3 or more without a break. */
  readonly pressedUs: number | undefined
  /** Since when there have been too many sockets that nobody answers for. */
  readonly orphanedUs: number | undefined
  /** When a restart was last due. */
  readonly restartUs: number | undefined
}

/** A course that begins now, in level 0. */
export function courseFrom(nowUs: number): Course {
  return {
    level: 0,
    sinceUs: nowUs,
    raisedUs: undefined,
    relievedUs: undefined,
    pressedUs: undefined,
    orphanedUs: undefined,
    restartUs: undefined,
  }
}

/**
 * The course after these signals: one level up in 5 s at most, one level down for each hold, at once to 4 where it cannot wait. A
 * restart is due when `restartUs` of the answer is another than before.
 */
export function advance(before: Course, signals: Signals, nowUs: number): Course {
  const orphanedUs = since(before.orphanedUs, demandOf(onlyOrphans(signals)) > 0, nowUs)
  const demand = demandOf(hasLasted(orphanedUs, ORPHANS_US, nowUs) ? signals : withoutOrphans(signals))
  const course = {
    ...before,
    orphanedUs,
    pressedUs: since(before.pressedUs, demand >= 3, nowUs),
    relievedUs: since(before.relievedUs, isRelieved(signals, before.level), nowUs),
  }
  if (demand === 4 || isPressedTooLong(course, nowUs)) return atTheLimit(course, signals, nowUs)
  if (demand > course.level) {
    const mayRise = course.raisedUs === undefined || hasLasted(course.raisedUs, RISE_US, nowUs)
    return mayRise ? moved(course, LEVELS[course.level + 1], { signals, nowUs }) : course
  }
  const mayFall = hasLasted(course.relievedUs, HOLD_US[course.level], nowUs)
  return mayFall ? moved(course, LEVELS[course.level - 1], { signals, nowUs }) : course
}

/** Level 4 and its restart, or level 3 where the last restart was too short a time ago to be worth another. */
function atTheLimit(course: Course, signals: Signals, nowUs: number): Course {
  const mayRestart = course.restartUs === undefined || hasLasted(course.restartUs, RESTART_US, nowUs)
  if (mayRestart) return moved({ ...course, restartUs: nowUs }, 4, { signals, nowUs })
  return course.level < 3 ? moved(course, 3, { signals, nowUs }) : course
}

/** A dip below where level 3 is entered counts as relief: the process lives, and a restart costs data that level 3 still keeps. */
function isPressedTooLong(course: Course, nowUs: number): boolean {
  if (course.level < 3 || course.pressedUs === undefined) return false
  return hasLasted(Math.max(course.sinceUs, course.pressedUs), PRESSED_US, nowUs)
}

/** In another level; its hold begins now at the earliest. Where there is no such level, or it is in it, nothing moves. */
function moved(
  course: Course,
  level: Level | undefined,
  { signals, nowUs }: { readonly signals: Signals; readonly nowUs: number },
): Course {
  if (level === undefined || level === course.level) return course
  return {
    ...course,
    level,
    sinceUs: nowUs,
    raisedUs: level > course.level ? nowUs : course.raisedUs,
    relievedUs: isRelieved(signals, level) ? nowUs : undefined,
  }
}

function since(beganUs: number | undefined, holds: boolean, nowUs: number): number | undefined {
  return holds ? (beganUs ?? nowUs) : undefined
}

function hasLasted(beganUs: number | undefined, lengthUs: number, nowUs: number): boolean {
  return beganUs !== undefined && nowUs - beganUs >= lengthUs
}

function withoutOrphans(signals: Signals): Signals {
  return { ...signals, unaccounted: undefined }
}

function onlyOrphans({ unaccounted }: Signals): Signals {
  return {
    heapShare: undefined,
    memoryShare: undefined,
    lagP99Ms: undefined,
    backlogShare: undefined,
    descriptorShare: undefined,
    unaccounted,
  }
}
