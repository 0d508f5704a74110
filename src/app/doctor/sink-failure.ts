import { type FailureCode, FailureError } from '../../core/errors.ts'
import { type Finding, fault } from './check.ts'

/** What is told of a sink that cannot be used; `advice` by why. Throws what is no failure outside. */
export function judgeSinkFailure(
  failure: unknown,
  where: string,
  advice: Readonly<Partial<Record<FailureCode, string>>>,
): Finding {
  if (!(failure instanceof FailureError)) throw failure
  const { code, message } = failure
  return fault(`${where}: ${code.replaceAll('_', ' ')}: ${message}`, advice[code] ?? OTHERWISE)
}

const OTHERWISE =
  'start it, or open the way to it; meanwhile the journal keeps what the sink misses, up to its limits'
