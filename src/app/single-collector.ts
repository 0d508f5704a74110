import type { Runtime } from '../runtime/runtime.ts'
import { type CollectRun, ReportingCollector } from './collect.ts'
import { LocalChild, type LocalHearer } from './local-child.ts'
import type { Child } from './supervision.ts'

/** Whom a collector in this process tells of itself, and whom it asks. */
export interface SingleHearer extends LocalHearer {
  line(text: string): void
  /** TCP connections of this process that are not the collector's. */
  connections(): number
}

/** A collector in this process. */
export interface SingleCollector {
  readonly child: Child
  /** TCP connections that it knows of. */
  sockets(): number
}

/** Throws `FailureError` where there can be no journal. Nothing runs yet. */
export function singleCollector(
  run: CollectRun,
  process: { readonly runtime: Runtime; readonly pid: number },
  hearer: SingleHearer,
): SingleCollector {
  const collecting = new ReportingCollector(run, process.runtime, hearer)
  return {
    child: new LocalChild(collecting, process, hearer),
    sockets: () => collecting.collector.sockets,
  }
}
