import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { configYaml } from '../config/rendering.ts'
import type { Config } from '../config/schema.ts'
import { enabledSinks } from '../config/selection.ts'
import { backoffMs } from '../runtime/backoff.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'

/** Between the end of a process and the next one. */
const RESTART = { minMs: 500, firstMs: 1_000, maxMs: 30_000 }
/** A process that has lived so long did not fail at its start. */
const STEADY_US = 60_000_000
/** After this it is ended by force: its cursors are on the disk, nothing is lost. */
const STOP_MS = 8_000

/**
 * The delivery in a process of its own beside a collector: started again when it ends, ended with the collector. Nothing that
 * happens in it can slow or end the collector.
 */
export class DeliveryChild {
  readonly #config: Config
  readonly #runtime: Runtime
  #child: ChildProcess | undefined
  #timer: Timer | undefined
  #attempt = 0
  #isStopped = false
  /** Its last words, and by sink what it fails with. */
  #complaint = ''
  readonly #troubles = new Map<string, string>()

  constructor(config: Config, runtime: Runtime) {
    this.#config = config
    this.#runtime = runtime
  }

  /** What is wrong with the delivery at present, in words. */
  get trouble(): string | undefined {
    const [trouble] = this.#troubles
    return trouble === undefined ? undefined : `sink ${trouble[0]} fails: ${trouble[1]}`
  }

  /** Starts it, where there is a sink to deliver to. */
  start(): void {
    if (enabledSinks(this.#config).length === 0) return
    const startUs = this.#runtime.clock.steadyUs()
    const child = this.#spawn()
    if (typeof child === 'string') {
      this.#ended(child, startUs)
      return
    }
    this.#child = child
    child.stdin?.on('error', () => undefined).end(configYaml(this.#config))
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => (this.#complaint = line))
    }
    child.on('message', (message) => this.#hear(message))
    child.once('error', ({ message }) => this.#ended(message, startUs))
    child.once('exit', (code) => {
      const ending = code === null ? 'it was ended by a signal' : `it ended with code ${code}`
      this.#ended(`${ending}: ${this.#complaint}`, startUs)
    })
  }

  /** Answers why there is no process, where there is none: too many of them, no memory, or the program is being replaced. */
  #spawn(): ChildProcess | string {
    const [program = ''] = process.argv.slice(1)
    try {
      // Detached: Ctrl-C is for the collector, which ends its delivery last. The channel ends it with its parent in any case.
      return spawn(process.execPath, [program, 'deliver', '--config', '-', '--report-seconds', '86400'], {
        detached: true,
        stdio: ['pipe', 'inherit', 'pipe', 'ipc'],
      })
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause)
    }
  }

  /** Lets it finish the batch that is under way, and waits for its end. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const force = this.#runtime.timers.after(STOP_MS, () => child.kill('SIGKILL'))
    await ended
    force.cancel()
  }

  #hear(message: unknown): void {
    const facts = new Map<string, unknown>(Object.entries(Object(message)))
    const sink = String(facts.get('sink'))
    const trouble = facts.get('trouble')
    if (typeof trouble === 'string') this.#troubles.set(sink, trouble)
    else this.#troubles.delete(sink)
  }

  #ended(reason: string, startUs: number): void {
    this.#child = undefined
    if (this.#isStopped) return
    this.#troubles.clear()
    this.#troubles.set('delivery', reason)
    const isSteady = this.#runtime.clock.steadyUs() - startUs > STEADY_US
    this.#attempt = isSteady ? 1 : this.#attempt + 1
    const waitMs = backoffMs(this.#attempt, RESTART, this.#runtime.random)
    this.#timer = this.#runtime.timers.after(waitMs, () => {
      this.#troubles.clear()
      this.start()
    })
  }
}
