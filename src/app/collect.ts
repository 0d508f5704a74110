import type { Config } from '../config/schema.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import type { CollectorReport } from '../telemetry/report.ts'
import { Tallies } from '../telemetry/tallies.ts'
import { Collector } from './collector.ts'
import { CollectorReporter } from './collector-report.ts'
import { diagnose } from './diagnosis.ts'
import { eventText } from './event-text.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { type Ask, ParentLink } from './parent-link.ts'
import { ProcessMeter } from './process-meter.ts'
import { TruthCheck } from './truth-check.ts'
import { untilStopped } from './until-stopped.ts'

export interface CollectRun {
  readonly config: Config
  /** The venues are emulated: every book is held against the true one. */
  readonly isEmulated: boolean
}

/** Whom a collector tells what happens, and what else this process has open. */
export interface CollectHearer {
  line(text: string): void
  /** Connections of this process that are not the collector's. */
  connections(): number
}

/** A collector with all that tells of it. */
export class ReportingCollector {
  readonly collector: Collector
  readonly #meter: ProcessMeter
  readonly #reporter: CollectorReporter
  readonly #checks: ReadonlyMap<string, TruthCheck>

  /** Opens the journal. Throws `FailureError` when its folder cannot be written. */
  constructor({ config, isEmulated }: CollectRun, runtime: Runtime, hearer: CollectHearer) {
    const tallies = new Tallies(() => runtime.clock.steadyUs())
    this.collector = new Collector(config, runtime, (event) => {
      tallies.count(event)
      const text = eventText(event)
      if (text !== undefined) hearer.line(text)
    })
    const checked = isEmulated ? this.collector.collections : []
    this.#checks = new Map(
      checked.map(({ venue, streams }) => [
        venue.id,
        new TruthCheck(config.venues[venue.id].restUrl ?? '', streams, runtime),
      ]),
    )
    this.#meter = new ProcessMeter(() => this.collector.sockets + hearer.connections())
    this.#reporter = new CollectorReporter(this.collector, tallies, runtime.clock, (venue) =>
      this.#checks.get(venue),
    )
  }

  start(): void {
    this.collector.start()
    for (const check of this.#checks.values()) check.start()
  }

  async stop(): Promise<void> {
    for (const check of this.#checks.values()) check.stop()
    await this.collector.stop()
    this.#meter.close()
  }

  report(): CollectorReport {
    return this.#reporter.report(this.#meter.report(), this.collector.shedding.report())
  }

  /** The governor has changed its mind. */
  govern(ask: Ask & { readonly kind: 'govern' }): void {
    this.collector.shedding.govern(ask)
  }
}

/** Collects, and tells the process that started this one, with which it ends. Answers the exit code. */
export async function collect(run: CollectRun, io: Io): Promise<number> {
  const runtime = systemRuntime()
  const link = new ParentLink(runtime.timers)
  const collecting = new ReportingCollector(run, runtime, {
    line: (text) => io.stderr.write(`${text}\n`),
    connections: () => 0,
  })
  collecting.start()
  const close = link.open(
    () => collecting.report(),
    (ask) => {
      if (ask.kind === 'govern') collecting.govern(ask)
      else answer(ask, link)
    },
  )
  await Promise.race([link.parted, untilStopped(io, undefined)])
  await collecting.stop()
  link.tell({ kind: 'report', report: collecting.report() })
  close()
  return EXIT.ok
}

/** Finds out what was asked and tells it. */
export function answer(ask: Ask & { readonly kind: 'diagnose' }, link: ParentLink): void {
  void diagnose(ask.what, ask.seconds).then((body) => link.tell({ kind: 'diagnosis', id: ask.id, body }))
}
