import type { VenueId } from '../core/ids.ts'

/** How busy an instrument is: BTC and ETH, the well-known ones, the rest. */
export type Weight = 'major' | 'mid' | 'small'

/** How the book and the trades of an instrument move: fitted to the recorded frames of each venue. */
export interface Traits {
  /** Steps of 100 ms a second in which the book changes by itself. */
  readonly updatesPerSecond: number
  /** Levels in one update: log-normal. */
  readonly levelsMedian: number
  readonly levelsSigma: number
  /** Shares of all level changes; what is left are updates of a size. `missing` deletes a level that nobody holds. */
  readonly inserts: number
  readonly deletes: number
  readonly missing: number
  /** How far from the top changes fall, in levels: log-normal. */
  readonly rankMedian: number
  readonly rankSigma: number
  /** Share of changes at the first three levels, besides. */
  readonly topShare: number
  readonly ordersPerSecond: number
  readonly fillsPerOrder: number
  readonly orderSigma: number
  /** Levels a side at most. */
  readonly depth: number
  /** A spread wider than this is closed by the next insert. */
  readonly spreadTicks: number
  /** Median worth of a level and of a taker order, in dollars. */
  readonly levelWorth: number
  readonly orderWorth: number
}

const MAJOR: Traits = {
  updatesPerSecond: 10,
  levelsMedian: 32,
  levelsSigma: 1.2,
  inserts: 0.36,
  deletes: 0.35,
  missing: 0.05,
  rankMedian: 30,
  rankSigma: 1.8,
  topShare: 0.2,
  ordersPerSecond: 9,
  fillsPerOrder: 2.7,
  orderSigma: 2.6,
  depth: 1_000,
  spreadTicks: 3,
  levelWorth: 2_000,
  orderWorth: 45,
}

const MID: Traits = {
  ...MAJOR,
  updatesPerSecond: 8,
  levelsMedian: 4,
  levelsSigma: 0.85,
  inserts: 0.33,
  deletes: 0.32,
  missing: 0.05,
  rankMedian: 11,
  rankSigma: 1.3,
  topShare: 0.1,
  ordersPerSecond: 1.5,
  fillsPerOrder: 1.5,
  orderSigma: 1.9,
  depth: 800,
  spreadTicks: 6,
  levelWorth: 400,
  orderWorth: 60,
}

const SMALL: Traits = {
  ...MID,
  updatesPerSecond: 2.5,
  levelsMedian: 1.7,
  levelsSigma: 0.6,
  inserts: 0.31,
  deletes: 0.31,
  missing: 0.03,
  rankMedian: 4,
  rankSigma: 1.2,
  topShare: 0,
  ordersPerSecond: 0.15,
  fillsPerOrder: 1.2,
  orderSigma: 1.6,
  depth: 400,
  spreadTicks: 12,
  levelWorth: 80,
  orderWorth: 40,
}

const TRAITS: Readonly<Record<VenueId, Readonly<Record<Weight, Traits>>>> = {
  'binance-spot': { major: MAJOR, mid: MID, small: SMALL },
  'binance-derivatives': {
    // Twice the levels of the 0 ms stream that was recorded: 100 ms hold two of its frames.
    major: {
      ...MAJOR,
      updatesPerSecond: 9.6,
      levelsMedian: 75,
      levelsSigma: 1.1,
      inserts: 0.19,
      deletes: 0.18,
      missing: 0.02,
      ordersPerSecond: 9,
      fillsPerOrder: 4,
      orderSigma: 2,
      orderWorth: 900,
    },
    mid: { ...MID, levelsMedian: 9, inserts: 0.25, deletes: 0.25, orderWorth: 200 },
    small: { ...SMALL, updatesPerSecond: 4, levelsMedian: 3 },
  },
  'okx-spot': {
    major: {
      ...MAJOR,
      updatesPerSecond: 9.1,
      levelsMedian: 40,
      levelsSigma: 0.6,
      ordersPerSecond: 5,
      fillsPerOrder: 1.3,
      depth: 400,
    },
    mid: { ...MID, depth: 400 },
    small: { ...SMALL, depth: 200 },
  },
  'okx-derivatives': {
    major: {
      ...MAJOR,
      updatesPerSecond: 9.1,
      levelsMedian: 40,
      levelsSigma: 0.6,
      fillsPerOrder: 1.5,
      depth: 400,
      orderWorth: 600,
    },
    mid: { ...MID, depth: 400, orderWorth: 200 },
    small: { ...SMALL, depth: 200 },
  },
  deribit: {
    major: {
      ...MAJOR,
      updatesPerSecond: 9,
      levelsMedian: 8,
      levelsSigma: 0.7,
      inserts: 0.1,
      deletes: 0.1,
      missing: 0,
      rankMedian: 12,
      topShare: 0.02,
      ordersPerSecond: 1,
      fillsPerOrder: 1.5,
      depth: 500,
      orderWorth: 900,
    },
    mid: { ...MID, updatesPerSecond: 5, missing: 0, ordersPerSecond: 0.2, depth: 200 },
    small: {
      ...SMALL,
      updatesPerSecond: 0.6,
      inserts: 0.42,
      deletes: 0.42,
      missing: 0,
      ordersPerSecond: 0.02,
      depth: 20,
    },
  },
}

/** The traits of an instrument of this weight at this venue. */
export const traitsOf = (venue: VenueId, weight: Weight): Traits => TRAITS[venue][weight]
