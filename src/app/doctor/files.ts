import { access, constants } from 'node:fs/promises'
import type { Config } from '../../config/schema.ts'
import { errorCodeOf } from '../../runtime/failure-of.ts'
import { type Check, check, type Finding, fault, ok } from './check.ts'
import type { PathOf } from './path-of.ts'

/** Files that HTTP needs at the start; those of the sinks are read by their own checks. */
export async function checkFiles({ http }: Config, pathOf: PathOf): Promise<readonly Check[]> {
  if (!http.enabled) return []
  const { passwordFile, certFile, keyFile, adminTokenFile } = http
  const named = [passwordFile, certFile, keyFile, adminTokenFile].filter((path) => path !== undefined)
  const findings = await Promise.all(named.map((path) => checkReadable(pathOf(path))))
  return findings.map((finding) => check('configuration', 'secret', finding))
}

async function checkReadable(path: string): Promise<Finding> {
  try {
    await access(path, constants.R_OK)
    return ok(`${path} can be read`)
  } catch (cause) {
    if (errorCodeOf(cause) === undefined) throw cause
    return fault(`${path} cannot be read`, 'make the file, or give this user the right to read it')
  }
}
