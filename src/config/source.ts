/** A place in the configuration file, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What a configuration file says, before anyone asks what it means: no aliases, no tags, no duplicate keys. */
export type Source =
  | { readonly kind: 'map'; readonly place: Place; readonly entries: readonly SourceEntry[] }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly Source[] }
  /** `text` is how the value is spelled, without quotes; `quoted` tells that it had some. */
  | {
      readonly kind: 'scalar'
      readonly place: Place
      readonly value: string | number | boolean | null
      readonly text: string
      readonly quoted: boolean
    }

export interface SourceEntry {
  readonly key: string
  /** Where the key stands. */
  readonly place: Place
  readonly value: Source
}

/** Where the key that `path` names stands in `source`; where it is not written, its nearest written parent. */
export function placeOf(source: Source, path: readonly string[]): Place {
  let place = source.place
  let at: Source | undefined = source
  for (const key of path) {
    if (at?.kind === 'list') {
      at = at.items[Number(key)]
      if (at === undefined) return place
      place = at.place
      continue
    }
    if (at?.kind !== 'map') return place
    const entry: SourceEntry | undefined = at.entries.find((candidate) => candidate.key === key)
    if (entry === undefined) return place
    place = entry.place
    at = entry.value
  }
  return place
}
