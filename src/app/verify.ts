import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { venueOf } from '../venues/venues.ts'
import { CaptureError, readCapture } from './capture-reader.ts'
import { unknownVenue, venueOfCapture } from './capture-venue.ts'
import { compareReports } from './compare-reports.ts'
import { EXIT } from './exit.ts'
import { type CaptureReport, CaptureVerifier } from './verify-capture.ts'

export interface VerifyOptions {
  readonly files: readonly string[]
  /** Folder with `<venue>__<capture>.json` to compare with. */
  readonly expect: string | undefined
  /** The venue, where the folder of a file does not tell it. */
  readonly venue: string | undefined
}

/** Takes whole lines. */
export interface Output {
  out(line: string): void
  err(line: string): void
}

/**
 * Runs captures through the real decode, link and book code and prints a JSON object each. Answers 0, or 1 when one differs from
 * what is expected, 66 when one cannot be read, 64 when its venue cannot be told.
 */
export async function verifyCaptures(options: VerifyOptions, output: Output): Promise<number> {
  const { expect } = options
  if (expect !== undefined && !existsSync(expect)) {
    output.err(`${expect}: no such folder: nothing can be compared`)
    return EXIT.input
  }
  let worst: number = EXIT.ok
  for (const file of options.files) {
    // Captures are large: one at a time.
    // oxlint-disable-next-line no-await-in-loop -- one capture in memory at a time
    worst = Math.max(worst, await verifyOne(file, options, output))
  }
  return worst
}

async function verifyOne(file: string, options: VerifyOptions, output: Output): Promise<number> {
  if (!existsSync(file)) {
    output.err(`${file}: no such file`)
    return EXIT.input
  }
  const venue = venueOfCapture(file, options.venue)
  if (venue === undefined) {
    output.err(unknownVenue(file))
    return EXIT.usage
  }
  const verifier = new CaptureVerifier(venueOf(venue))
  try {
    for await (const { line, number } of readCapture(file)) verifier.take(line, number)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    output.err(error.message)
    return EXIT.input
  }
  const report = verifier.finish(basename(file))
  output.out(JSON.stringify(report))
  return options.expect === undefined ? EXIT.ok : await compare(report, options.expect, output)
}

async function compare(report: CaptureReport, folder: string, output: Output): Promise<number> {
  const name = report.capture.replace(/\.ndjson(\.gz|\.zst)?$/, '')
  const path = `${folder}/${report.venue}__${name}.json`
  if (!existsSync(path)) {
    output.err(
      `${report.venue}/${report.capture}: nothing is expected of it: ${dirname(path)} has no ${basename(path)}`,
    )
    return EXIT.ok
  }
  const differences = compareReports(report, await readExpectation(path))
  for (const difference of differences) output.err(`${report.venue}/${report.capture}: ${difference}`)
  return differences.length === 0 ? EXIT.ok : EXIT.difference
}

/** The expectation as JSON; `undefined`, which nothing equals, for a file that is not. */
async function readExpectation(path: string): Promise<unknown> {
  try {
    const expected: unknown = JSON.parse(await readFile(path, 'utf8'))
    return expected
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
