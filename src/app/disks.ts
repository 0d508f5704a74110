import type { Files } from '../runtime/runtime.ts'
import type { Instance } from '../supervisor/instance.ts'

/**
 * Room on the disks that records are written to, as known last. A disk that hangs is asked once, and nobody waits for its answer: who
 * watches over processes must not hang with them.
 */
export class Disks {
  readonly #folders: readonly string[]
  readonly #files: Files
  readonly #rooms = new Map<string, Instance['disks'][number]>()
  #isAsking = false

  constructor(folders: readonly string[], files: Files) {
    this.#folders = [...new Set(folders)]
    this.#files = files
  }

  /** What is known at this moment; asks for what there will be to know at the next. */
  look(): Instance['disks'] {
    void this.#ask()
    return [...this.#rooms.values()]
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const asked = this.#folders.map(async (path) => ({ path, room: await this.#files.room(path) }))
    for (const { path, room } of await Promise.all(asked)) {
      if (room === undefined) this.#rooms.delete(path)
      else this.#rooms.set(path, { path, ...room })
    }
    this.#isAsking = false
  }
}
