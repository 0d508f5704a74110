import { type Finding, fault, milliseconds, ok, warning } from './check.ts'

/** A venue's time against ours. */
export interface ClockReading {
  /** Our clock less the venue's, as if the answer had taken half of the round trip. */
  readonly offsetMs: number
  readonly roundTripMs: number
}

/** Beyond this, ages and lags of records mislead. */
const WARNING_MS = 500
/** Beyond this for certain, times of records are wrong. */
const FAULT_MS = 1_000

const ADVICE =
  "set this machine's clock: chrony or systemd-timesyncd. Where only one venue says so, its clock or a proxy on the way may be wrong"

/** The way there and the way back may differ: the offset is only certain to half of the round trip, and is a fault only if that much is. */
export function judgeClock({ offsetMs, roundTripMs }: ClockReading): Finding {
  const size = Math.abs(offsetMs)
  const uncertainMs = roundTripMs / 2
  const side = offsetMs >= 0 ? 'ahead of' : 'behind'
  const text = `${milliseconds(size)} ${side} the venue's, give or take ${milliseconds(uncertainMs)}`
  if (size - uncertainMs > FAULT_MS) return fault(text, ADVICE)
  return size > WARNING_MS ? warning(text, ADVICE) : ok(text)
}

/** The more certain one. */
export const sharper = (first: ClockReading, second: ClockReading): ClockReading =>
  second.roundTripMs < first.roundTripMs ? second : first
