import { existsSync, readdirSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { publishSelection } from '../config/selection.ts'
import { KEEP_ALL } from '../journal/retention.ts'
import { systemRuntime } from '../runtime/system.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Venue } from '../venues/venue.ts'
import { venueOf } from '../venues/venues.ts'
import { CaptureError } from './capture-reader.ts'
import { unknownVenue, venueOfCapture } from './capture-venue.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { replayCapture } from './replay-capture.ts'
import { size } from './screen.ts'

/** Of the time of the capture: larger batches, fewer headers. */
const FLUSH_MS = 1_000

export interface ReplayOptions {
  /** What is published of books, and how segments are cut. */
  readonly config: Config
  readonly files: readonly string[]
  /** Folder of the records. That of a venue in it must be empty, so that the same captures give the same files. */
  readonly out: string
  readonly venue: string | undefined
}

/** Replays captures into records under `out`, one folder a venue. Answers the exit code. */
export async function runReplay(options: ReplayOptions, io: Io): Promise<number> {
  const missing = options.files.find((file) => !existsSync(file))
  if (missing !== undefined) {
    io.stderr.write(`${missing}: no such file\n`)
    return EXIT.input
  }
  const byVenue = Map.groupBy(options.files, (file) => venueOfCapture(file, options.venue))
  const unknown = byVenue.get(undefined)
  if (unknown !== undefined) {
    for (const file of unknown) io.stderr.write(`${unknownVenue(file)}\n`)
    return EXIT.usage
  }
  const filled = [...byVenue.keys()].map((venue) => `${options.out}/${venue}`).find(isFilled)
  if (filled !== undefined) {
    io.stderr.write(`${filled}: not empty: name another folder with --out, or clear this one\n`)
    return EXIT.usage
  }
  for (const [venue, files] of byVenue) {
    if (venue === undefined) continue
    // oxlint-disable-next-line no-await-in-loop -- one venue in memory at a time
    const code = await replayVenue(venueOf(venue), files, options, io)
    if (code !== EXIT.ok) return code
  }
  return EXIT.ok
}

const isFilled = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0

async function replayVenue(
  venue: Venue,
  files: readonly string[],
  options: ReplayOptions,
  io: Io,
): Promise<number> {
  const { config } = options
  const folder = `${options.out}/${venue.id}`
  try {
    const counts = await replayCapture(
      {
        venue,
        files,
        publish: (instrument) => publishSelection(config, venue.id, instrument),
        levelLimit: config.book.levelLimit,
        journal: {
          folder,
          segmentBytes: config.journal.segmentBytes,
          segmentMs: Infinity,
          flushMs: FLUSH_MS,
          fsyncMs: Infinity,
          limits: KEEP_ALL,
          places: () => [],
        },
      },
      systemRuntime(),
    )
    io.stdout.write(`${summary(venue.id, counts)} in ${folder}\n`)
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    io.stderr.write(`${error.message}\n`)
    return EXIT.input
  }
}

const summary = (venue: string, counts: Counts): string =>
  `${venue}: ${counts.frames} frames, ${counts.trades} trades, ${counts.deltas} deltas, ${counts.snapshots} snapshots, ${counts.gaps} gaps, ${counts.refused} refused: ${counts.records} records (${size(counts.recordBytes)})`
