/** A sealed segment, as far as its keeping is concerned. */
export interface KeptSegment {
  readonly number: number
  readonly stem: string
  readonly bytes: number
  readonly records: number
  /** Receive time of the last record. */
  readonly lastUs: number
}

/** The segment that a sink is reading: it has read everything before. */
export interface SinkPlace {
  readonly sink: string
  readonly segment: number
}

export interface RetentionLimits {
  /** All segments together hold at most this, whether they were read or not. */
  readonly limitBytes: number
  /** Segments that every sink has read go at this age. */
  readonly keepMs: number
  /** The disk keeps so much room, whether segments were read or not. */
  readonly freeBytes: number
}

/** Keeps everything. */
export const KEEP_ALL: RetentionLimits = { limitBytes: Infinity, keepMs: Infinity, freeBytes: 0 }

/** How things stand. `segments` is from the oldest on; `openBytes` are in the segment that is being written. */
export interface RetentionState {
  readonly segments: readonly KeptSegment[]
  readonly places: readonly SinkPlace[]
  readonly openBytes: number
  readonly freeBytes: number
  readonly nowUs: number
}

export interface Removal {
  readonly segment: KeptSegment
  /** Sinks that have not read it: for them it is a loss. */
  readonly unread: readonly string[]
}

/**
 * Which segments go, the oldest first and never one in the middle: a reader finds everything from some point on. What was not read
 * goes only for the two limits that protect the disk.
 */
export function decideRemovals(state: RetentionState, limits: RetentionLimits): readonly Removal[] {
  const removals: Removal[] = []
  let heldBytes = state.segments.reduce((sum, { bytes }) => sum + bytes, state.openBytes)
  let { freeBytes } = state
  for (const segment of state.segments) {
    const unread = state.places.filter((place) => place.segment <= segment.number).map(({ sink }) => sink)
    const isOld = state.nowUs - segment.lastUs >= limits.keepMs * 1_000
    const isOver = heldBytes > limits.limitBytes || freeBytes < limits.freeBytes
    if (!isOver && !(isOld && unread.length === 0)) break
    removals.push({ segment, unread })
    heldBytes -= segment.bytes
    freeBytes += segment.bytes
  }
  return removals
}
