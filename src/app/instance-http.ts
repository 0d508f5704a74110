import { readFileSync } from 'node:fs'
import { FailureError } from '../core/errors.ts'
import type { Config } from '../config/schema.ts'
import { healthDocument, httpStatusOf } from '../health/document.ts'
import type { AdminAction } from '../http/admin.ts'
import { PATHS, routes } from '../http/routes.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../runtime/http-server.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { isSameText } from '../runtime/same-text.ts'
import type { Instance } from '../supervisor/instance.ts'
import type { Exposition } from '../supervisor/metrics/exposition.ts'
import { statusOf } from './status.ts'

/** A token that is shorter can be guessed. */
const TOKEN_MIN = 16

/** What the server answers with, asked at each request. */
export interface HttpSources {
  readonly instance: () => Instance
  readonly exposition: Exposition
  readonly admin: Readonly<Record<string, AdminAction>>
  readonly onFault: (fault: unknown) => void
}

/**
 * Opens the HTTP server of an instance. Throws `FailureError`: `locked` where a port is taken, `disk` where a file with a secret or a
 * certificate cannot be read, `mismatch` where it is not what it should be.
 */
export function openInstanceHttp(
  { http }: Config,
  sources: HttpSources,
  runtime: Runtime,
): Promise<HttpServer> {
  const { user, passwordFile, certFile, keyFile, adminTokenFile } = http
  const tls =
    certFile === undefined || keyFile === undefined
      ? {}
      : { tls: { cert: readText(certFile), key: readText(keyFile) } }
  const options: HttpServerOptions = {
    host: http.host,
    ports: [http.healthPort, http.metricsPort],
    ...tls,
    paths: PATHS,
    onFault: sources.onFault,
    answer: routes({
      steadyUs: () => runtime.clock.steadyUs(),
      isSame: isSameText,
      health: (component) => healthOf(sources.instance(), component),
      isReady: () => sources.instance().verdict.isReady,
      isLive: () => sources.instance().verdict.isLive,
      version: () => versionOf(sources.instance()),
      status: () => statusOf(sources.instance()),
      metrics: (format) => sources.exposition.text(sources.instance(), format),
      ...(user === undefined || passwordFile === undefined
        ? {}
        : { user: { name: user, password: readSecret(passwordFile) } }),
      ...(adminTokenFile === undefined
        ? {}
        : { admin: { token: tokenOf(adminTokenFile), actions: sources.admin } }),
    }),
  }
  return openHttpServer(options)
}

function healthOf(instance: Instance, component: string | undefined): { status: number; body: string } {
  const { verdict, nowUs, nowMs, startUs } = instance
  const body = healthDocument(verdict, {
    nowUs,
    startUs,
    timeOf: (steadyUs) => new Date(nowMs - (nowUs - steadyUs) / 1_000).toISOString(),
    component,
  })
  return { status: httpStatusOf(verdict.state), body }
}

const versionOf = ({ name, version, configHash, ownPid }: Instance): object => ({
  program: 'marketprism',
  version,
  name,
  config_hash: configHash,
  pid: ownPid,
  node: process.versions.node,
})

function tokenOf(path: string): string {
  const token = readSecret(path)
  if (token.length >= TOKEN_MIN) return token
  throw new FailureError('mismatch', `${path}: a token of at least ${TOKEN_MIN} characters is needed`, {
    retryable: false,
  })
}

function readSecret(path: string): string {
  const secret = readText(path).trim()
  if (secret !== '') return secret
  throw new FailureError('mismatch', `${path}: is empty, a secret is needed`, { retryable: false })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw new FailureError('disk', cause.message, { retryable: false, cause })
  }
}
