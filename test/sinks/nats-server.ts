import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../scripts/programs.ts'
import { findCommand } from '../../scripts/tools.ts'

const COMMAND = findCommand('nats-server')
/** Why tests on a real server are skipped; `false` where they run. */
export const NATS_SKIPPED: string | false =
  COMMAND === undefined ? 'nats-server is not on this machine: node scripts/tools.ts' : false

/** A server that is not ready by then has failed: with a busy machine's patience. */
const READY_LIMIT_MS = 30_000
/** What is healthy: all, with every stream caught up, or only the server, whose streams may follow their leaders yet. */
const HEALTH = { all: '/healthz', server: '/healthz?js-server-only=true' } as const

/** A nats-server of its own, with JetStream on a temporary folder, that can be frozen, killed and started again on the same port. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly name: string
  readonly #monitorPort: number
  readonly #folder: string
  #process: ChildProcess | undefined

  constructor(ports: { readonly client: number; readonly monitor: number }, name: string) {
    this.port = ports.client
    this.#monitorPort = ports.monitor
    this.name = name
    this.#folder = mkdtempSync(join(tmpdir(), 'marketprism-nats-'))
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /** A file of the server's own folder, with this content. */
  file(name: string, content: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, content)
    return path
  }

  /** Writes the configuration; `extra` is in the server's own format. */
  configure(extra: string): void {
    this.file(
      'server.conf',
      `server_name: ${this.name}
listen: "127.0.0.1:${this.port}"
http: "127.0.0.1:${this.#monitorPort}"
jetstream { store_dir: "${join(this.#folder, 'store')}", max_mem: 1GB, max_file: 2GB }
${extra}
`,
    )
  }

  /** Starts it and waits until it says that it is healthy. Under load the streams of a follower may never be caught up: ask for the `server` then. */
  async start(healthy: keyof typeof HEALTH = 'all'): Promise<void> {
    this.#process = spawn(COMMAND ?? 'nats-server', ['-c', join(this.#folder, 'server.conf')], {
      stdio: 'ignore',
    })
    await this.ready(healthy)
  }

  async ready(healthy: keyof typeof HEALTH = 'all'): Promise<void> {
    const limit = Date.now() + READY_LIMIT_MS
    let last = 'it never answered'
    for (;;) {
      const answer = await this.#health(HEALTH[healthy])
      if (answer === 'ok') return
      last = answer ?? last
      const exit = this.#process?.exitCode ?? this.#process?.signalCode
      if (exit !== null) throw new Error(`nats-server ended with ${exit}`)
      if (Date.now() > limit) throw new Error(`nats-server did not start: ${last}`)
      await delay(20)
    }
  }

  /** What the server says of its health: `ok`, or why not; nothing where it does not answer. */
  #health(path: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const target = { port: this.#monitorPort, host: '127.0.0.1', path, agent: false, timeout: 2_000 }
      const request = get(target, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve(answer.statusCode === 200 ? 'ok' : text.trim()))
      })
      request.on('timeout', () => request.destroy()).on('error', () => resolve(undefined))
    })
  }

  /** Stops it in the middle of whatever it does, and waits until every thread stands still. */
  async freeze(): Promise<void> {
    const { pid } = this.#process ?? {}
    this.#process?.kill('SIGSTOP')
    const tasks = `/proc/${pid}/task`
    const isStill = (task: string): boolean => /\) T /.test(readFileSync(join(tasks, task, 'stat'), 'utf8'))
    while (existsSync(tasks) && !readdirSync(tasks).every(isStill)) await delay(1)
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it as a power cut would end the process: it gets to do nothing. */
  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const exit = once(running, 'exit')
    running.kill('SIGKILL')
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A server on its own, running. `configOf` answers more configuration and may put files into the server's folder. */
export async function natsServer(configOf: (server: NatsServer) => string = () => ''): Promise<NatsServer> {
  const [client = 0, monitor = 0] = await freePorts(2)
  const server = new NatsServer({ client, monitor }, 'single')
  server.configure(configOf(server))
  await server.start()
  return server
}

/** Servers of one cluster, running and healthy. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[]

  constructor(servers: readonly NatsServer[]) {
    this.servers = servers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()))
  }
}

/** Three servers, the fewest that survive the loss of one. */
export async function natsCluster(): Promise<NatsCluster> {
  const ports = await freePorts(9)
  const routes = ports.slice(6)
  const servers = [0, 1, 2].map((index) => {
    const server = new NatsServer(
      { client: ports[index] ?? 0, monitor: ports[index + 3] ?? 0 },
      `node${index}`,
    )
    server.configure(`cluster {
  name: test, listen: "127.0.0.1:${routes[index]}", no_advertise: true
  routes: [${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}]
}`)
    return server
  })
  await Promise.all(servers.map((server) => server.start()))
  return new NatsCluster(servers)
}

/** A certificate authority and a server certificate for 127.0.0.1, in the folder of `server`. */
export function tlsFiles(server: NatsServer): { readonly caFile: string; readonly config: string } {
  const path = (name: string): string => server.file(name, '')
  const [caKey, caFile, key, request, cert] = [
    'ca.key',
    'ca.pem',
    'server.key',
    'server.csr',
    'server.pem',
  ].map(path)
  const extensions = server.file('extensions', 'subjectAltName=IP:127.0.0.1\n')
  const openssl = (...args: (string | undefined)[]): void => {
    execFileSync(
      findCommand('openssl') ?? '',
      args.filter((arg) => arg !== undefined),
      { stdio: 'ignore' },
    )
  }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    caKey,
    '-out',
    caFile,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  )
  openssl('req', ...curve, '-keyout', key, '-out', request, '-subj', '/CN=test server')
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    caFile,
    '-CAkey',
    caKey,
    '-CAcreateserial',
    '-out',
    cert,
    '-days',
    '2',
    '-extfile',
    extensions,
  )
  return { caFile: caFile ?? '', config: `tls { cert_file: "${cert}", key_file: "${key}" }` }
}
