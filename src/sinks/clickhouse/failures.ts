import { type FailureCode, FailureError } from '../../core/errors.ts'

/** An error text may quote rows of the batch; people need its beginning. */
const REASON_LIMIT = 500

type Meaning = readonly [code: FailureCode, retryable: boolean]

/**
 * What the numbers of ClickHouse (`system.errors`, ErrorCodes.cpp) mean here. One that is not listed is `bad_answer` and tried again:
 * the engine has several hundred, and nothing is lost by asking once more.
 */
const MEANINGS: readonly (readonly [Meaning, readonly number[]])[] = [
  // READONLY, 192 to 195 about user, password and address, DATABASE_ACCESS_DENIED, ACCESS_DENIED, AUTHENTICATION_FAILED
  [
    ['unauthorized', false],
    [164, 192, 193, 194, 195, 291, 497, 516],
  ],
  // NOT_ENOUGH_SPACE
  [['full', true], [243]],
  // TOO_MANY_SIMULTANEOUS_QUERIES, QUOTA_EXCEEDED, MEMORY_LIMIT_EXCEEDED, TOO_MANY_PARTS, SERVER_OVERLOADED
  [
    ['rate_limited', true],
    [202, 201, 241, 252, 745],
  ],
  // NO_ZOOKEEPER, ABORTED, TABLE_IS_READ_ONLY, UNKNOWN_STATUS_OF_INSERT, QUERY_WAS_CANCELLED, KEEPER_EXCEPTION
  [
    ['maintenance', true],
    [225, 236, 242, 319, 394, 999],
  ],
  // TIMEOUT_EXCEEDED, SOCKET_TIMEOUT
  [
    ['timeout', true],
    [159, 209],
  ],
  // UNKNOWN_TABLE, UNKNOWN_DATABASE, TABLE_IS_DROPPED: made again before the next try
  [
    ['mismatch', true],
    [60, 81, 218],
  ],
  // NO_SUCH_COLUMN_IN_TABLE, UNKNOWN_IDENTIFIER, UNKNOWN_SETTING (the server is older than this needs)
  [
    ['mismatch', false],
    [16, 47, 115],
  ],
  // What a reader of JSON or a constraint says of a row
  [
    ['bad_record', false],
    [6, 25, 26, 27, 33, 38, 41, 53, 69, 72, 117, 128, 130, 131, 321, 349, 407, 441, 467, 469, 632],
  ],
]

const MEANING_OF: ReadonlyMap<number, Meaning> = new Map(
  MEANINGS.flatMap(([meaning, codes]) => codes.map((code) => [code, meaning] as const)),
)

/** A key that its table does not have comes as INCORRECT_DATA: the record is of another program, not broken. */
const UNKNOWN_FIELD = /^[^\n]*Unknown field found/
/** Errors of the disk come under the number of the call that failed. */
const DISK_FULL = /No space left on device/

/** An exception of ClickHouse, by its number and text. `bad_record` is said of the whole insert: which row, `rowIn` may tell. */
export function engineFailure(number: number, text: string, cause: unknown): FailureError {
  const [code, retryable] = meaningOf(number, text)
  return new FailureError(code, `ClickHouse ${number}: ${text.slice(0, REASON_LIMIT)}`, { retryable, cause })
}

function meaningOf(number: number, text: string): Meaning {
  if (DISK_FULL.test(text)) return ['full', true]
  if (UNKNOWN_FIELD.test(text)) return ['mismatch', false]
  return MEANING_OF.get(number) ?? ['bad_answer', true]
}

/** Row of the insert, from 0, that the text of an exception names; `undefined` where it names none. */
export function rowIn(text: string): number | undefined {
  const row = /\bat row (\d+)/.exec(text)?.[1]
  return row === undefined ? undefined : Number(row) - 1
}
