import { JournalReader } from '../../src/journal/reader.ts'
import type { Files } from '../../src/runtime/runtime.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'

export type Json = Readonly<Record<string, unknown>>

/** The lines of all records that a journal has, in order and without their newlines. */
export function journalLines(folder: string, files: Files = new SystemFiles()): readonly string[] {
  const reader = new JournalReader(folder, files)
  const lines: string[] = []
  for (let reading = reader.next(); reading.kind !== 'end'; reading = reader.next()) {
    if (reading.kind !== 'batch') continue
    // Not spread: a batch may hold more lines than a call takes arguments.
    for (const line of new TextDecoder().decode(reading.records).trimEnd().split('\n')) lines.push(line)
  }
  reader.close()
  return lines
}

export function journalRecords(folder: string): readonly Json[] {
  return journalLines(folder).map((line): Json => JSON.parse(line))
}
