/**
 * Why nothing is known of a stretch of a stream. Closed list: metrics and records name nothing else.
 *
 * - `sequence`: a number of the venue's chain is missing
 * - `reset`: the venue's numbers went back without a word
 * - `checksum`: the venue's checksum differs from ours
 * - `crossed`: best bid at or over best ask for longer than one update
 * - `disconnected`: the socket ended
 * - `silent`: acknowledged, but mute
 * - `malformed`: a frame of the stream was refused
 * - `drift`: a snapshot asked for beside the live book differed from it, though no number was missing
 * - `unrecorded`: it came and was good, but nothing could be written at the time
 * - `shed`: it was not collected for a while, so that what matters more could be
 */
export const GAP_CAUSES = [
  'sequence',
  'reset',
  'checksum',
  'crossed',
  'disconnected',
  'silent',
  'malformed',
  'drift',
  'unrecorded',
  'shed',
] as const
export type GapCause = (typeof GAP_CAUSES)[number]

/** What ended a gap: a snapshot of the book, or the stream itself going on. */
export type GapRepair = 'snapshot' | 'resumed'
