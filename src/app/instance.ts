import { configYaml } from '../config/rendering.ts'
import type { Config } from '../config/schema.ts'
import { enabledSinks, shardsOf } from '../config/selection.ts'
import type { HttpServer } from '../runtime/http-server.ts'
import type { Processes } from '../runtime/processes.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { textDigest } from '../runtime/sha256.ts'
import { WatchedChild } from '../supervisor/child.ts'
import type { HttpCounts } from '../supervisor/instance.ts'
import { Exposition } from '../supervisor/metrics/exposition.ts'
import type { Emit, SystemEvent } from '../telemetry/events.ts'
import { Diagnoses } from './diagnoses.ts'
import { EvidenceFolder } from './evidence-folder.ts'
import { openInstanceHttp } from './instance-http.ts'
import type { LocalHearer } from './local-child.ts'
import { ProcessMeter } from './process-meter.ts'
import type { SingleCollector, singleCollector } from './single-collector.ts'
import { type Status, statusOf } from './status.ts'
import { type Child, Supervision } from './supervision.ts'

export interface InstanceOptions {
  readonly config: Config
  readonly version: string
  /** Whether a second process delivers what is collected. */
  readonly delivers: boolean
  /** The collector is in this process, and nothing delivers. */
  readonly isSingle: boolean
  /** The venues are emulated: every book is held against the true one. */
  readonly isEmulated: boolean
}

/** Whom an instance tells what happens. */
export interface InstanceHearer {
  readonly emit: Emit
  /** A line that a process has written. */
  line(process: string, line: string): void
}

/** MB of young objects: what a frame leaves is soon gone, and twice 16 MB of them only stand in memory. */
const YOUNG = '--max-semi-space-size=2'

const NOTHING_HEARD: HttpCounts = { requests: [], rejectedBy: {} }

/** What an instance takes from outside. */
export interface InstanceOutside {
  readonly runtime: Runtime
  readonly processes: Processes
}

/** Watched processes, health, governor, and the HTTP that tells of them: what `start` runs. */
export class RunningInstance {
  readonly #options: InstanceOptions
  readonly #outside: InstanceOutside
  readonly #hearer: InstanceHearer
  readonly #exposition = new Exposition()
  readonly #diagnoses: Diagnoses
  readonly #children: readonly Child[]
  readonly #meter: ProcessMeter
  readonly #supervision: Supervision
  #http: HttpServer | undefined

  private constructor(
    options: InstanceOptions,
    outside: InstanceOutside,
    hearer: InstanceHearer,
    openSingle: typeof singleCollector | undefined,
  ) {
    const { config, version } = options
    const { runtime } = outside
    this.#options = options
    this.#outside = outside
    this.#hearer = hearer
    this.#diagnoses = new Diagnoses(runtime.timers)
    const single = openSingle === undefined ? undefined : this.#single(openSingle)
    this.#children = single === undefined ? this.#watchedChildren() : [single.child]
    // The connections of the server, and those of a collector in this process.
    this.#meter = new ProcessMeter(() => this.#connections + (single?.sockets() ?? 0))
    this.#supervision = new Supervision({
      ...outside,
      config,
      version,
      configHash: textDigest(configYaml(config)).slice(0, 16),
      children: this.#children,
      meter: this.#meter,
      http: () => this.#http?.counts() ?? NOTHING_HEARD,
    })
  }

  /** Rejects with `FailureError` where there can be no folder for the journal. Nothing runs yet. */
  static async open(
    options: InstanceOptions,
    outside: InstanceOutside,
    hearer: InstanceHearer,
  ): Promise<RunningInstance> {
    // Only where it is wanted: who looks on has no memory to spare for what collects.
    const single = options.isSingle ? await import('./single-collector.ts') : undefined
    return new RunningInstance(options, outside, hearer, single?.singleCollector)
  }

  /** Where it listens: the port for probes and the one for metrics; none without HTTP. */
  get ports(): readonly number[] {
    return this.#http?.ports ?? []
  }

  status(): Status {
    return statusOf(this.#supervision.instance)
  }

  /** Opens the ports, and then starts the processes. Rejects with `FailureError` where a port cannot be had: then nothing runs. */
  async start(): Promise<void> {
    const { config } = this.#options
    if (config.http.enabled) this.#http = await this.#openHttp()
    this.#supervision.start()
  }

  /** Ends the processes within ten seconds, and answers over HTTP until they have ended. */
  async stop(): Promise<void> {
    await this.#supervision.stop()
    await this.#http?.close()
    this.#meter.close()
  }

  /** Ends the processes by force: their journals are whole, and made ready again at the next start. */
  stopNow(): void {
    for (const child of this.#children) child.stopNow()
  }

  #openHttp(): Promise<HttpServer> {
    const children = new Map(this.#children.map((child) => [child.snapshot().name, child]))
    return openInstanceHttp(
      this.#options.config,
      {
        instance: () => this.#supervision.instance,
        exposition: this.#exposition,
        admin: this.#diagnoses.actions(children),
        onFault: (fault) => this.#hearer.line('supervisor', String(fault)),
      },
      this.#outside.runtime,
    )
  }

  get #connections(): number {
    return this.#http?.counts().connections ?? 0
  }

  /** Whom processes tell of themselves. */
  get #told(): LocalHearer {
    return {
      onReport: (report) => this.#exposition.observe(report),
      onMessage: (message) => this.#diagnoses.hear(message),
    }
  }

  #single(open: typeof singleCollector): SingleCollector {
    const { runtime, processes } = this.#outside
    return open(
      this.#options,
      { runtime, pid: processes.ownPid },
      {
        ...this.#told,
        line: (text) => this.#hearer.line('collector', text),
        connections: () => this.#connections,
      },
    )
  }

  #watchedChildren(): readonly Child[] {
    const evidence = new EvidenceFolder(`${this.#options.config.journal.folder}/evidence`, (text) =>
      this.#hearer.line('supervisor', text),
    )
    evidence.prune()
    const emit = (event: SystemEvent): void => {
      this.#hearer.emit(event)
      // Node may have written a report of its own.
      if (event.type === 'process_ended') evidence.prune()
    }
    return childrenOf(this.#options, evidence.path).map(
      (child) =>
        new WatchedChild(child, {
          ...this.#outside,
          ...this.#told,
          emit,
          keep: (name, text) => evidence.keep(name, text),
          onLine: (line) => this.#hearer.line(child.name, line),
        }),
    )
  }
}

type ChildOptions = ConstructorParameters<typeof WatchedChild>[0]

function childrenOf(options: InstanceOptions, evidenceFolder: string): readonly ChildOptions[] {
  const { config, delivers, isEmulated } = options
  const { heapMb, crashLimit, stallingSeconds, unhealthySeconds, killSeconds } = config.supervisor
  const windows = {
    stallingMs: stallingSeconds * 1_000,
    unhealthyMs: unhealthySeconds * 1_000,
    killMs: killSeconds * 1_000,
  }
  const reporting = [
    '--report-on-fatalerror',
    '--report-exclude-env',
    '--report-exclude-network',
    '--report-compact',
    `--report-directory=${evidenceFolder}`,
    '--disable-proto=delete',
  ]
  const collectors = shardsOf(config).map((shard): ChildOptions => ({
    name: shard.name,
    role: 'collector',
    windows,
    crashLimit,
    process: () => ({
      args: ['collect', '--config', '-', ...(isEmulated ? ['--emulated'] : [])],
      nodeArgs: [`--max-old-space-size=${heapMb}`, YOUNG, ...reporting],
      input: configYaml(shard.config),
      isOutputShared: false,
    }),
  }))
  const delivery: ChildOptions = {
    name: 'delivery',
    role: 'delivery',
    windows,
    crashLimit,
    process: () => ({
      args: ['deliver', '--config', '-', '--report-seconds', '86400'],
      nodeArgs: reporting,
      input: configYaml(config),
      isOutputShared: config.sinks.stdout.enabled,
    }),
  }
  return delivers && enabledSinks(config).length > 0 ? [...collectors, delivery] : collectors
}
