import type { Config } from '../config/schema.ts'
import { recordPlaces, shardsOf, withPlace } from '../config/selection.ts'
import { segmentsOf } from '../journal/format.ts'
import type { Files } from '../runtime/runtime.ts'

/**
 * A configuration for each journal: those of the collectors, and those that others have left, by another setting of
 * `supervisor.collectors` or of a venue that is not enabled any more.
 */
export function journalConfigs(config: Config, files: Files): readonly Config[] {
  const shards = shardsOf(config).map((shard) => shard.config)
  const left = recordPlaces(config).filter(
    ({ journal }) => !shards.some((shard) => shard.journal.folder === journal) && hasSegments(journal, files),
  )
  return [...shards, ...left.map((place) => withPlace(config, place))]
}

const hasSegments = (folder: string, files: Files): boolean =>
  files.sizeOf(folder) !== undefined && segmentsOf(files.list(folder)).length > 0
