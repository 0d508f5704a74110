import type { Config } from '../config/schema.ts'
import type { Io } from './io.ts'
import { start } from './start.ts'

/** Collects with raw capture switched on, until a signal or for `seconds`. */
export function captureVenues(
  config: Config,
  options: { readonly seconds: number | undefined },
  io: Io,
): Promise<number> {
  return start(config, { ...options, delivers: true, isSingle: false }, io)
}
