import type { RecordBatch } from '../sink.ts'

/** The lines of one type of a batch. */
export interface Part {
  readonly bytes: Uint8Array
  /** `count + 1` entries: line `n` is from `starts[n]` to `starts[n + 1]`. */
  readonly starts: Uint32Array
  /** Which line of the batch each is. */
  readonly lines: Uint32Array
  readonly count: number
}

/** Lines `from` to `to`, `to` not included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The lines of `batch` whose type is `code`, in their order: copied, unless the whole batch is of that type. */
export function partOf(batch: RecordBatch, code: number): Part {
  const { types, starts, count } = batch
  const lines = new Uint32Array(count)
  let found = 0
  let sizeBytes = 0
  for (let line = 0; line < count; line++) {
    if (types[line] !== code) continue
    lines[found++] = line
    sizeBytes += (starts[line + 1] ?? 0) - (starts[line] ?? 0)
  }
  if (found === count) return { bytes: batch.bytes, starts, lines, count }
  return { ...copyOf(batch, lines.subarray(0, found), sizeBytes), lines, count: found }
}

function copyOf(
  batch: RecordBatch,
  lines: Uint32Array,
  sizeBytes: number,
): { readonly bytes: Uint8Array; readonly starts: Uint32Array } {
  const bytes = new Uint8Array(sizeBytes)
  const starts = new Uint32Array(lines.length + 1)
  let at = 0
  for (let line = 0; line < lines.length; line++) {
    const source = lines[line] ?? 0
    const from = batch.starts[source] ?? 0
    const to = batch.starts[source + 1] ?? 0
    bytes.set(batch.bytes.subarray(from, to), at)
    at += to - from
    starts[line + 1] = at
  }
  return { bytes, starts }
}

/** The bytes of some lines of a part. */
export const bytesOf = (part: Part, { from, to }: Range): Uint8Array =>
  part.bytes.subarray(part.starts[from] ?? 0, part.starts[to] ?? 0)

/**
 * Parts a range in which a line is bad, in order: before, at and after `suspect` (counted from the begin of the range) if it is one
 * of its lines, else into halves. All are shorter than the range, so going on with them ends.
 */
export function splitAt({ from, to }: Range, suspect: number | undefined): readonly Range[] {
  const at = suspect === undefined ? to : from + suspect
  const cuts = at >= from && at < to ? [at, at + 1] : [Math.floor((from + to) / 2)]
  const edges = [from, ...cuts, to]
  return edges
    .slice(1)
    .map((edge, index) => ({ from: edges[index] ?? from, to: edge }))
    .filter((range) => range.to > range.from)
}
