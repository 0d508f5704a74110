import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Folder of the recorded traffic: `MARKETPRISM_CAPTURES`, or `../shared/captures` beside the repository. `undefined` where there is
 * none: a test that needs it then says so and is skipped.
 */
export function capturesFolder(): string | undefined {
  const besides = fileURLToPath(new URL('../../shared/captures', import.meta.url))
  const folder = process.env['MARKETPRISM_CAPTURES'] ?? besides
  return existsSync(folder) ? folder : undefined
}
