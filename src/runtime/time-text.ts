import type { EpochMicros } from '../core/units.ts'

/** A time as a person and a file name want it: `2026-11-25T19:15:30.123Z`. */
export const timeText = (timeUs: EpochMicros): string => new Date(timeUs / 1_000).toISOString()
