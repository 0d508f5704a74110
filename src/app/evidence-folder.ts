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
  /** One after the other: a disk that hangs holds one of them, and those behind it are dropped. */
  #underWay: Promise<void> | undefined

  constructor(path: string) {
    this.path = path
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
    await this.#underWay
  }

  #then(work: () => Promise<void>): void {
    if (this.#underWay !== undefined) return
    this.#underWay = work()
      .catch(() => undefined)
      .finally(() => (this.#underWay = undefined))
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
