import type { Files } from '../../runtime/runtime.ts'
import { DRAFTS, MANIFESTS, segmentFileName, segmentOfDraft, segmentOfManifest, SPILL } from './layout.ts'

/**
 * Removes what conversions that were killed have left: drafts, and files of segments that never got their manifest. The caller holds
 * the lock of the store.
 */
export function removeLeftovers(files: Files, store: string): void {
  const drafts = listed(files, `${store}/${DRAFTS}`)
  const stored = new Set(listed(files, `${store}/${MANIFESTS}`).map(segmentOfManifest))
  const segments = new Set(drafts.flatMap((name) => segmentOfDraft(name) ?? []))
  for (const segment of segments) if (!stored.has(segment)) removeFilesOf(files, store, segment)
  // Drafts go last: they are what tells of the files.
  for (const name of listed(files, `${store}/${SPILL}`)) files.remove(`${store}/${SPILL}/${name}`)
  for (const name of drafts) {
    if (segmentOfDraft(name) !== undefined) files.remove(`${store}/${DRAFTS}/${name}`)
  }
}

function removeFilesOf(files: Files, store: string, segment: number): void {
  for (const type of foldersOf(files, store, 'type=')) {
    for (const date of foldersOf(files, type, 'date=')) {
      for (const exchange of foldersOf(files, date, 'exchange=')) {
        files.remove(`${exchange}/${segmentFileName(segment)}`)
      }
    }
  }
}

const foldersOf = (files: Files, folder: string, prefix: string): readonly string[] =>
  listed(files, folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => `${folder}/${name}`)

/** Names in a folder; none where there is no folder. */
const listed = (files: Files, folder: string): readonly string[] =>
  files.sizeOf(folder) === undefined ? [] : files.list(folder)
