import type { Request } from './venue.ts'

/** Parts of `items` with at most `count` each, in their order. */
export function batches<Item>(items: readonly Item[], count: number): readonly (readonly Item[])[] {
  const parts: Item[][] = []
  for (let from = 0; from < items.length; from += count) parts.push(items.slice(from, from + count))
  return parts
}

/** Requests of at most `count` keys each; `write` gives the text for an id and its keys. */
export function requestsFor(
  keys: readonly string[],
  count: number,
  ids: () => number,
  write: (id: number, keys: readonly string[]) => string,
): readonly Request[] {
  return batches(keys, count).map((part) => {
    const id = ids()
    return { id: String(id), text: write(id, part), keys: part }
  })
}
