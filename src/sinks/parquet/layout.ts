import type { RecordType } from '../../core/record.ts'
import { epochMicros } from '../../core/units.ts'
import { timeText } from '../../runtime/time-text.ts'

/**
 * Names in a store:
 *
 *     manifests/00000042.json                                              the segment is in the store
 *     type=trade/date=2026-11-25/exchange=okx/00000042.parquet             its records
 *     tmp/00000042-0.parquet.tmp                                           while it is converted
 */

/** Manifests, one a segment. */
export const MANIFESTS = 'manifests'
/** What is being made. Nothing in it is part of the store. */
export const DRAFTS = 'tmp'
/** Names the process that converts. */
export const LOCK = 'lock'

const MANIFEST_NAME = /^(\d{8,})\.json$/
const DRAFT_NAME = /^(\d{8,})-.*\.tmp$/
const NUMBER_DIGITS = 8
const DAY_US = 86_400_000_000
const DATE_LENGTH = '2026-11-25'.length

/** `00000042` */
const numberText = (segment: number): string => String(segment).padStart(NUMBER_DIGITS, '0')

export const manifestPath = (segment: number): string => `${MANIFESTS}/${numberText(segment)}.json`

/** A file that is being made of a segment. It ends in none of the endings that readers of a folder look for. */
export const draftPath = (segment: number, name: string): string =>
  `${DRAFTS}/${numberText(segment)}-${name}.tmp`

/** Where the database puts what does not fit into memory. */
export const SPILL = `${DRAFTS}/spill`

/** The segment that a draft was made of. */
export function segmentOfDraft(name: string): number | undefined {
  const digits = DRAFT_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The segment that a file in the folder of manifests speaks of; `undefined` for any other file. */
export function segmentOfManifest(name: string): number | undefined {
  const digits = MANIFEST_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The records of one type, UTC day and exchange in a segment: what one file holds. */
export interface Partition {
  readonly type: RecordType
  /** `2026-11-25`, of the receive time. */
  readonly date: string
  readonly exchange: string
}

/** The folder of a partition. Type is first: its files have one schema, and any tool can read that folder as one table. */
export const partitionFolder = ({ type, date, exchange }: Partition): string =>
  `type=${type}/date=${date}/exchange=${exchange}`

/** Name of the file of a segment in each of its partitions. */
export const segmentFileName = (segment: number): string => `${numberText(segment)}.parquet`

/** Number of the UTC day of a time, from 1970-01-01. */
export const dayOf = (timeUs: number): number => Math.floor(timeUs / DAY_US)

/** `2026-11-25` */
export const dateOfDay = (day: number): string => timeText(epochMicros(day * DAY_US)).slice(0, DATE_LENGTH)
