import type { Config } from '../../config/schema.ts'
import { journalFolders } from '../../config/selection.ts'
import { journalLock } from '../../journal/lock.ts'
import { errorCodeOf } from '../../runtime/failure-of.ts'
import { lockHolder } from '../../runtime/lock-file.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type Check, check, type Finding, fault, ok, warning } from './check.ts'
import type { PathOf } from './path-of.ts'
import { checkPort, HTTP_OFF, type PortFinding } from './ports.ts'

export interface InstanceSurroundings {
  readonly runtime: Runtime
  readonly pathOf: PathOf
}

/** Whether the ports and the journal are free, or taken by the very instance that is asked about. */
export async function checkInstance(
  config: Config,
  { runtime, pathOf }: InstanceSurroundings,
): Promise<readonly Check[]> {
  const group = 'instance'
  const { enabled, healthPort, metricsPort } = config.http
  const lookAt = (port: number): Promise<PortFinding> => checkPort(config.http, port, runtime)
  const ports = enabled ? await Promise.all([lookAt(healthPort), lookAt(metricsPort)]) : []
  const hasInstance = ports.some(({ isOwn }) => isOwn)
  return [
    ...ports.map(({ finding }, index) => check(group, index === 0 ? 'health port' : 'metrics port', finding)),
    ...(enabled ? [] : [check(group, 'ports', HTTP_OFF)]),
    ...journalFolders(config).map((folder) =>
      check(group, 'journal', checkLock(pathOf(folder), hasInstance)),
    ),
  ]
}

function checkLock(folder: string, hasInstance: boolean): Finding {
  try {
    return judgeLock(lockHolder(journalLock(folder)), hasInstance)
  } catch (cause) {
    if (!(cause instanceof Error) || errorCodeOf(cause) === undefined) throw cause
    return warning(
      `who has it cannot be told: ${cause.message}`,
      'give this user the right to read the folder',
    )
  }
}

/**
 * `holder` is who has the journal, as `process 12`. Beside an instance that answers at the ports of this configuration it is expected to
 * be held: by that one.
 */
export function judgeLock(holder: string | undefined, hasInstance: boolean): Finding {
  if (holder === undefined) return ok('no other collector has it')
  const text = `held by ${holder}`
  const advice = `a second collector cannot write there: end ${holder}, or set journal.folder`
  return hasInstance
    ? warning(
        `${text}, and an instance answers at these ports`,
        'nothing, if that is the one of this configuration',
      )
    : fault(text, advice)
}
