import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Files of evidence that are kept: the newest. */
const FILES_LIMIT = 10

/**
 * Where what is known of processes that were stuck or crashed is kept, for whoever looks into it later. Nothing here waits for the
 * disk, which may be why they are stuck, and nothing depends on it: what cannot be kept is not.
 */
export class EvidenceFolder {
  readonly path: string
  readonly #failed: (text: string) => void
  /** One after the other, so that pruning sees what was kept. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  /** `failed` is told why something could not be kept. */
  constructor(path: string, failed: (text: string) => void) {
    this.path = path
    this.#failed = failed
  }

  /** Keeps `text` under `name`. */
  keep(name: string, text: string): void {
    this.#then(async () => {
      const file = join(this.path, name)
      await mkdir(this.path, { recursive: true })
      await writeFile(`${file}.tmp`, text, { mode: 0o640 })
      await rename(`${file}.tmp`, file)
      await this.#prune()
    })
  }

  /**
   * Makes the folder, into which Node writes by itself (`report.*.json`) and only where there is one, and lets go of all but the
   * newest files.
   */
  prune(): void {
    this.#then(async () => {
      await mkdir(this.path, { recursive: true })
      await this.#prune()
    })
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#last
  }

  /** A disk that hangs holds what waits for it: no more than would be kept anyway. */
  #then(work: () => Promise<void>): void {
    if (this.#waiting >= FILES_LIMIT) return
    this.#waiting++
    this.#last = this.#after(this.#last, work)
  }

  async #after(earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    await earlier
    try {
      await work()
    } catch (failure) {
      this.#failed(`evidence cannot be kept: ${failure instanceof Error ? failure.message : String(failure)}`)
    }
    this.#waiting--
  }

  async #prune(): Promise<void> {
    const names = await readdir(this.path)
    const files = await Promise.all(
      names.map(async (name) => ({ name, ms: (await stat(join(this.path, name))).mtimeMs })),
    )
    const old = files.toSorted((one, other) => other.ms - one.ms).slice(FILES_LIMIT)
    await Promise.all(old.map(({ name }) => rm(join(this.path, name), { force: true })))
  }
}
