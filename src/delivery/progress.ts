import type { Cursor } from '../journal/cursor.ts'
import type { Place } from '../journal/reader.ts'
import { Tally } from '../journal/tally.ts'

/**
 * What has been read beyond a cursor and is not sure yet. The cursor learns of it in one step, once the sink has it: a loss that is
 * met on the way is not counted twice, wherever the process ends.
 */
export class Progress {
  readonly #cursor: Cursor
  /** The journal's own count at the place that was read up to. */
  readonly seen: Tally
  readonly delivered = new Tally()
  readonly skipped = new Tally()
  readonly rejected = new Tally()
  readonly lost = new Tally()
  readonly #withdrawn = new Tally()
  #base: Tally | undefined

  constructor(cursor: Cursor) {
    this.#cursor = cursor
    this.seen = cursor.read.copy()
  }

  /** A segment begins, before which the journal had taken `before`. Answers how many records are lost that were not read. */
  meet(before: Tally): number {
    const lost = this.seen.copy()
    if (this.#cursor.isPlaced || this.#base !== undefined) {
      lost.set(before.over(this.seen))
      this.lost.add(lost)
      this.#withdrawn.add(this.seen.over(before))
    } else {
      lost.clear()
      // What was read before it came after a begin that could not be read.
      this.#base = before.over(this.seen)
    }
    this.seen.set(before)
    return lost.total
  }

  /** Everything that was read is settled: the cursor moves to `place`. */
  settle(place: Place): void {
    const cursor = this.#cursor
    if (this.#base !== undefined) cursor.begin(this.#base)
    this.#base = undefined
    const parts = [
      [cursor.delivered, this.delivered],
      [cursor.skipped, this.skipped],
      [cursor.rejected, this.rejected],
      [cursor.lost, this.lost],
      [cursor.withdrawn, this.#withdrawn],
    ] as const
    for (const [sum, part] of parts) {
      sum.add(part)
      part.clear()
    }
    cursor.read.set(this.seen)
    cursor.place = place
  }
}
