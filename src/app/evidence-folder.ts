import type { Files } from '../runtime/runtime.ts'

/** Files of evidence that are kept of each kind: the newest. */
const FILES_LIMIT = 5
/** What Node writes when the heap is full: `report.20261128.231500.4711.0.001.json`. */
const NODE_REPORT = /^report\./

/** Where what is known of processes that were stuck or crashed is kept, for whoever looks into it later. */
export class EvidenceFolder {
  readonly path: string
  readonly #files: Files

  /** Throws `FailureError` (`disk`) where there can be no such folder. */
  constructor(path: string, files: Files) {
    this.path = path
    this.#files = files
    files.makeFolder(path)
    this.#prune()
  }

  /** Keeps `text` under `name`, which ends in its time in ms: `collector-1764330000000.txt`. */
  keep(name: string, text: string): void {
    this.#files.replace(`${this.path}/${name}`, new TextEncoder().encode(text))
    this.#prune()
  }

  #prune(): void {
    const names = this.#files.list(this.path)
    const reports = names.filter((name) => NODE_REPORT.test(name)).toSorted()
    const others = names
      .filter((name) => !NODE_REPORT.test(name))
      .toSorted((one, other) => timeOf(one) - timeOf(other))
    for (const kind of [reports, others]) {
      for (const name of kind.slice(0, -FILES_LIMIT)) this.#files.remove(`${this.path}/${name}`)
    }
  }
}

const timeOf = (name: string): number => Number(/(\d+)\.\w+$/.exec(name)?.[1] ?? 0)
