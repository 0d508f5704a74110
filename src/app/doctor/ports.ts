import type { Config } from '../../config/schema.ts'
import { instanceUrl } from '../../config/selection.ts'
import { FailureError } from '../../core/errors.ts'
import { type PortHolder, portHolder, type PortOutcome, tryPort } from '../../runtime/port-use.ts'
import type { HttpAnswer, Runtime } from '../../runtime/runtime.ts'
import { type Finding, fault, ok, skipped, warning } from './check.ts'

/** An answer from this machine that takes longer does not come. */
const VERSION_MS = 2_000
const BODY_LIMIT_BYTES = 64 * 1024

/** What is found at a port. `isOwn`: an instance of this program has it, which may well be the one that is asked about. */
export interface PortFinding {
  readonly finding: Finding
  readonly isOwn: boolean
}

/** Tries the port, and looks who has it where it is taken. */
export async function checkPort(http: Config['http'], port: number, runtime: Runtime): Promise<PortFinding> {
  if (port === 0) return unowned(ok('any that is free'))
  const outcome = await tryPort(http.host, port)
  if (outcome.name !== 'taken') return unowned(judgePort(http.host, port, outcome))
  const holder = portHolder(port)
  const isOwn = await isInstance(http, port, { runtime, holder })
  return { finding: judgeTaken(http.host, port, { holder, isOwn }), isOwn }
}

const unowned = (finding: Finding): PortFinding => ({ finding, isOwn: false })

/** HTTP that is switched off is told, not judged. */
export const HTTP_OFF = skipped(
  'http.enabled is false: nothing listens, and nobody is told when something is wrong',
)

function judgePort(
  host: string,
  port: number,
  outcome: Exclude<PortOutcome, { readonly name: 'taken' }>,
): Finding {
  if (outcome.name === 'free') return ok(`${host}:${port} is free`)
  return fault(
    `${host}:${port} cannot be listened at: ${outcome.reason}`,
    'set http.host to an address of this machine, and the port to one above 1023',
  )
}

/** What is told of a port that somebody has. */
export function judgeTaken(
  host: string,
  port: number,
  { holder, isOwn }: { readonly holder: PortHolder | undefined; readonly isOwn: boolean },
): Finding {
  const who = holder === undefined ? 'a process that cannot be seen from here' : holderText(holder)
  if (isOwn) {
    return warning(
      `${host}:${port} is in use by an instance of marketprism, ${who}`,
      'nothing, if that is the instance of this configuration; another one needs other ports',
    )
  }
  return fault(
    `${host}:${port} is in use by ${who}`,
    'end that process, or set http.health_port and http.metrics_port to ports that are free',
  )
}

const holderText = ({ pid, command }: PortHolder): string => `process ${pid} (${command})`

/** Whether an instance of this program answers there. One that speaks TLS with a certificate of its own is known by its command. */
async function isInstance(
  http: Config['http'],
  port: number,
  { runtime, holder }: { readonly runtime: Runtime; readonly holder: PortHolder | undefined },
): Promise<boolean> {
  const url = `${instanceUrl(http, port)}/version`
  try {
    const limits = { deadlineMs: VERSION_MS, bodyLimitBytes: BODY_LIMIT_BYTES }
    return isVersionAnswer(await runtime.http.get({ url, ...limits }))
  } catch (failure) {
    if (!(failure instanceof FailureError)) throw failure
    return http.certFile !== undefined && holder?.command.includes('marketprism') === true
  }
}

/** What `/version` of an instance is known by: its name in the answer, or in the question for a password. */
function isVersionAnswer({ status, headers, body }: HttpAnswer): boolean {
  if (status === 401) return (headers['www-authenticate'] ?? '').includes('marketprism')
  return status === 200 && new TextDecoder().decode(body).includes('marketprism')
}
