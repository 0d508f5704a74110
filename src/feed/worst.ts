import type { Carrier } from './rotation.ts'

/** A live connection, how it is, and how it is replaced: its successor is read before it ends. */
export interface Replaceable {
  /** Failures in a row, not yet made up for by a while of good data. */
  readonly attempt: number
  /** Since its last data; before the first, since it was live. */
  readonly quietUs: number
  replace(): void
}

/** The connection of a planned socket at `nowUs` (steady); none while it is not live, or is being replaced already. */
export function replaceable(carrier: Carrier, nowUs: number): readonly Replaceable[] {
  const { state, dataUs, liveUs } = carrier.newest
  if (carrier.isRotating || state.name !== 'live') return []
  const sinceUs = Number.isNaN(dataUs) ? liveUs : dataUs
  return [{ attempt: state.attempt, quietUs: nowUs - sinceUs, replace: () => carrier.rotate() }]
}

/** The one that failed most often, and among equals the one without data for longest; `undefined` of none. */
export function worstOf<Connection extends Pick<Replaceable, 'attempt' | 'quietUs'>>(
  connections: readonly Connection[],
): Connection | undefined {
  return connections.toSorted((a, b) => b.attempt - a.attempt || b.quietUs - a.quietUs)[0]
}
