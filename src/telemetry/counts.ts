/** Lags kept for percentiles. */
const LAG_RING = 512

/**
 * What a venue's pipeline has done since its start. Plain fields, because the hot path adds to them on every frame; readers take
 * what they find.
 */
export class Counts {
  frames = 0
  bytes = 0
  /** Frames with data that the strict reader took, because they were not of the shape that is read by its bytes. */
  unscanned = 0
  trades = 0
  deltas = 0
  books = 0
  /** Frames or rows of channels that are not read. */
  ignored = 0
  /** Events of instruments that nobody asked for. */
  unknown = 0
  /** Frames refused because they said what their venue is not known to say. */
  refused = 0
  /** Events that were already in the book or the trade record. */
  duplicates = 0
  /** Deltas that found no book to change. */
  unsynced = 0
  /** Records that were not made, because the journal could not take them. */
  unrecorded = 0
  gaps = 0
  snapshots = 0
  snapshotsStale = 0
  /** Live books whose known depth was renewed by a snapshot beside them. */
  renewals = 0
  /** Tops of books that were left out on purpose: a later one went in their place. */
  topsShed = 0
  /** Tops of books that were published with fewer levels than there were to publish. */
  topsCut = 0
  /** Renewals that were not asked for, on purpose. */
  renewalsShed = 0
  records = 0
  recordBytes = 0
  readonly #lagsUs = new Float64Array(LAG_RING)
  #lagAt = 0

  /** Notes the lag of one event, receive time less venue time; negative when the venue's clock is ahead. NaN: none known. */
  lag(receiveTimeUs: number, venueTimeUs: number): void {
    if (!Number.isNaN(venueTimeUs)) this.#lagsUs[this.#lagAt++ & (LAG_RING - 1)] = receiveTimeUs - venueTimeUs
  }

  /** A percentile (0 to 1) of the recent lags in µs; `undefined` before the first. */
  lagUs(share: number): number | undefined {
    const kept = this.#lagsUs.slice(0, Math.min(this.#lagAt, LAG_RING)).toSorted()
    return kept[Math.min(kept.length - 1, Math.floor(kept.length * share))]
  }
}
