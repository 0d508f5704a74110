import { epochMicros } from '../../src/core/units.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { delta, snapshot } from './frames.ts'
import { type Json, Rig, START_US } from './rig.ts'

/** The slot of the one book. */
export const BTC = 0
/** Receive time of what comes `ms` after the start. */
export const at = (ms: number): number => START_US + ms * 1_000

/** One carried instrument. */
export function rigOf(options: { publish?: { deltas: boolean; depth: number; everyMs: number } } = {}): Rig {
  const rig = new Rig(binanceSpot, ['BTCUSDT'], options.publish)
  rig.carry(1)
  return rig
}

/** A book that is recorded up to number 11. */
export function recordedRig(): Rig {
  const rig = rigOf()
  rig.snapshot(BTC, snapshot(10), 1)
  rig.frame(1, delta('BTCUSDT', 11, 11), 2)
  return rig
}

/** There is room again, `ms` after the start. */
export const resume = (rig: Rig, ms: number): void => rig.pipeline.resume(epochMicros(at(ms)))

/** What a gap record says, in the order of its keys. */
export const gapOf = (record: Json | undefined): unknown[] => [
  record?.['channel'],
  record?.['cause'],
  record?.['from_time_us'],
  record?.['to_time_us'],
  record?.['from_sequence'],
  record?.['to_sequence'],
  record?.['missed'],
  record?.['repaired_by'],
]
/** What `gapOf` is to say of a book's gap, `from` and `to` a time in ms and a number each. */
export const bookGap = (
  cause: string,
  from: readonly [number, number],
  to: readonly [number, number],
): unknown[] => ['book', cause, at(from[0]), at(to[0]), from[1], to[1], null, 'snapshot']
export const seqs = (records: readonly Json[]): unknown[] => records.map((record) => record['seq'])
/** Gaps that were opened and closed, in their order. */
export const gapEvents = (rig: Rig): unknown[] =>
  rig.events.filter(({ type }) => type === 'gap_opened' || type === 'gap_closed')
