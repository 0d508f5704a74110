import type { ChildProcess, Processes, ProcessEnd, ProcessOptions } from '../runtime/processes.ts'
import type { Runtime, Timer } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Report } from '../telemetry/report.ts'
import { type Ending, endingOf } from './ending.ts'
import { evidenceText } from './evidence.ts'
import type { ChildSnapshot, EndReason } from './instance.ts'
import { LastLines } from './last-lines.ts'
import { MemoryKills } from './memory-kills.ts'
import { readMessage } from './messages.ts'
import { LOOP_LEFT_US, NO_RESTARTS, planRestart } from './restarts.ts'
import {
  type Sequel,
  unwatched,
  type WatchInput,
  type WatchOrder,
  watchStep,
  type WatchWindows,
} from './watch.ts'

/** A process that was asked to end and has not is ended by force: cursors and journal are on the disk, nothing is lost. */
const STOP_MS = 6_000
/** The system may keep even one that it has killed, as long as a disk does not answer. Nobody waits for that. */
const KILLED_MS = 2_000
/** The longest time between two looks at it. */
const TICK_MAX_MS = 250
const TICKS_PER_WINDOW = 5

/** What is watched, and how. */
export interface WatchedChildOptions {
  /** `collector`, `collector/okx-spot`, `delivery`. */
  readonly name: string
  readonly role: Report['role']
  /** Asked at each start. */
  readonly process: () => ProcessOptions
  readonly windows: WatchWindows
  /** More ends than this within 15 minutes are a crash loop. */
  readonly crashLimit: number
}

/** What it needs, and whom it tells. */
export interface WatchedChildGiven {
  readonly processes: Processes
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random'>
  readonly emit: Emit
  /** Keeps what is known of a process that is stuck, under a name that may be one of a file. */
  readonly keep: (name: string, text: string) => void
  readonly onReport: (report: Report) => void
  /** Whatever else it sends, as it came. */
  readonly onMessage: (message: unknown) => void
  /** What it writes to its standard error or output. */
  readonly onLine: (line: string) => void
}

/** One process, from its start to its end. */
interface Run {
  readonly startUs: number
  child: ChildProcess | undefined
  heardUs: number | undefined
  /** Why it was asked to end. */
  askedFor: EndReason | undefined
  isStalled: boolean
  force: Timer | undefined
}

/**
 * A process of this program that is kept running: watched for its reports, killed when it stays silent, started again when it ends,
 * until it is stopped.
 */
export class WatchedChild {
  readonly #options: WatchedChildOptions
  readonly #given: WatchedChildGiven
  readonly #lines = new LastLines()
  readonly #kills: MemoryKills
  readonly #restartsBy = new Map<EndReason, number>()
  #watch
  #history = NO_RESTARTS
  #isLooping = false
  #run: Run | undefined
  #report: Report | undefined
  #heardUs: number | undefined
  #lastEnd: Ending | undefined
  #ticker: Timer | undefined
  #isStopping = false
  #stop: PromiseWithResolvers<void> | undefined

  constructor(options: WatchedChildOptions, given: WatchedChildGiven) {
    this.#options = options
    this.#given = given
    this.#kills = new MemoryKills(() => given.processes.memoryKills())
    this.#watch = unwatched(given.runtime.clock.steadyUs())
  }

  /**
   * It ends again and again, or cannot work as it is configured. While it is tried once more it still is, until it has been well for
   * two minutes.
   */
  get isLooping(): boolean {
    return this.#isLooping
  }

  /** Its last lines and those of the processes before it. */
  get lines(): readonly string[] {
    return this.#lines.all()
  }

  /** Does nothing where it is running, or is being stopped. */
  start(): void {
    if (this.#watch.state.name !== 'stopped') return
    this.#isStopping = false
    const tickMs = Math.min(TICK_MAX_MS, this.#options.windows.stallingMs / TICKS_PER_WINDOW)
    this.#ticker = this.#given.runtime.timers.every(tickMs, () => this.#tick())
    this.#begin()
  }

  /** Asks it to end, after 6 s by force, and does not start it again. Resolves when it has ended, or 2 s after the force. */
  stop(): Promise<void> {
    const run = this.#halt()
    if (run === undefined) return Promise.resolve()
    this.#stop ??= Promise.withResolvers<void>()
    this.#askToEnd(run, 'asked')
    return this.#stop.promise
  }

  /** Ends it by force, and does not start it again. */
  stopNow(): void {
    const run = this.#halt()
    if (run === undefined) return
    run.askedFor = 'asked'
    this.#step({ type: 'stopping' })
    run.child?.kill('SIGKILL')
  }

  /** Asks it to end, after 6 s by force, and starts it again at once. Counted under `reason`. Does nothing where it is not running. */
  restart(reason: EndReason): void {
    const run = this.#run
    if (run !== undefined && run.askedFor === undefined) this.#askToEnd(run, reason)
  }

  /** Sends it a message. Does nothing where it is not running. */
  ask(message: unknown): void {
    this.#run?.child?.send(message)
  }

  /** As it is now; its readings are taken by this call, in some milliseconds. */
  snapshot(): ChildSnapshot {
    const run = this.#run
    const pid = run?.child?.pid
    const lastEnd = this.#lastEnd
    return {
      name: this.#options.name,
      role: this.#options.role,
      pid,
      state: this.#watch.state,
      startUs: run?.startUs,
      heardUs: this.#heardUs,
      report: this.#report,
      readings: pid === undefined ? undefined : this.#given.processes.readings(pid),
      restartsBy: Object.fromEntries(this.#restartsBy),
      lastEnd:
        lastEnd === undefined
          ? undefined
          : { reason: lastEnd.reason, code: lastEnd.code, text: lastEnd.text },
    }
  }

  get #nowUs(): number {
    return this.#given.runtime.clock.steadyUs()
  }

  get #silentMs(): number {
    return (this.#nowUs - this.#watch.quietUs) / 1_000
  }

  #begin(): void {
    const options = this.#options.process()
    const run: Run = {
      startUs: this.#nowUs,
      child: undefined,
      heardUs: undefined,
      askedFor: undefined,
      isStalled: false,
      force: undefined,
    }
    this.#run = run
    this.#heardUs = undefined
    this.#lines.begin()
    this.#kills.look(run.startUs)
    this.#step({ type: 'started' })
    run.child = this.#given.processes.start(options, {
      line: (line) => this.#written(line),
      message: (message) => this.#heard(run, message),
      end: (end) => this.#ended(run, end),
    })
    const { pid } = run.child
    if (pid !== undefined) this.#given.emit({ type: 'process_started', name: this.#options.name, pid })
  }

  #written(line: string): void {
    this.#lines.push(line)
    this.#given.onLine(line)
  }

  #heard(run: Run, message: unknown): void {
    if (this.#run !== run) return
    run.heardUs = this.#nowUs
    this.#heardUs = run.heardUs
    this.#step({ type: 'heard' })
    const heard = readMessage(message, this.#options.role)
    switch (heard.kind) {
      case 'report':
        this.#report = heard.report
        return this.#given.onReport(heard.report)
      case 'other':
        return this.#given.onMessage(message)
      case 'malformed':
        return undefined
    }
  }

  #tick(): void {
    this.#kills.look(this.#nowUs)
    this.#step({ type: 'tick' })
    const { state } = this.#watch
    const isWell = state.name === 'running' && this.#heardUs !== undefined
    if (isWell && this.#nowUs - state.sinceUs >= LOOP_LEFT_US) this.#isLooping = false
  }

  #step(input: WatchInput): void {
    const before = this.#watch.state
    const { watch, orders } = watchStep(this.#watch, input, this.#nowUs, this.#options.windows)
    this.#watch = watch
    const { name } = this.#options
    const isOther = watch.state.name !== before.name
    if (isOther && watch.state.name === 'stalling') {
      this.#given.emit({ type: 'process_stalling', name, silentMs: this.#silentMs })
    }
    if (isOther && input.type === 'heard') this.#given.emit({ type: 'process_resumed', name })
    for (const order of orders) this.#obey(order)
  }

  #obey(order: WatchOrder): void {
    switch (order) {
      case 'keep_evidence':
        return this.#keepEvidence()
      case 'kill':
        return this.#killStalled()
      case 'start':
        return this.#begin()
    }
  }

  #killStalled(): void {
    const run = this.#run
    if (run === undefined) return
    run.isStalled = true
    this.#given.emit({ type: 'process_killed', name: this.#options.name, silentMs: this.#silentMs })
    run.child?.kill('SIGKILL')
  }

  #keepEvidence(): void {
    const { name } = this.#options
    const silentMs = this.#silentMs
    const evidence = this.#keep(this.#run?.child?.pid, silentMs)
    this.#given.emit({ type: 'process_stalled', name, silentMs, evidence })
  }

  /** Answers the name under which it was kept. */
  #keep(pid: number | undefined, silentMs: number): string | undefined {
    const { name } = this.#options
    const system = pid === undefined ? '' : this.#given.processes.evidence(pid)
    const wallMs = Math.floor(this.#given.runtime.clock.now() / 1_000)
    const evidence = `${name.replaceAll('/', '-')}-${wallMs}.txt`
    const text = evidenceText({ name, pid, silentMs, system, lines: this.#lines.own(), report: this.#report })
    try {
      this.#given.keep(evidence, text)
      return evidence
    } catch {
      // A disk that takes nothing may be why it is stuck. It is killed and started again all the same.
      return undefined
    }
  }

  #ended(run: Run, end: ProcessEnd): void {
    run.force?.cancel()
    const ending = endingOf({
      end,
      lines: this.#lines.own(),
      askedFor: run.askedFor,
      isStalled: run.isStalled,
      isMemoryKill: this.#kills.hasRisen(),
    })
    this.#run = undefined
    this.#lastEnd = ending
    const nowUs = this.#nowUs
    const sequel = this.#sequel(run, ending, nowUs)
    this.#step({ type: 'ended', sequel })
    const retryMs = sequel.name === 'stopped' ? undefined : (sequel.retryUs - nowUs) / 1_000
    const { reason, code, text } = ending
    this.#given.emit({ type: 'process_ended', name: this.#options.name, reason, code, text, retryMs })
    if (sequel.name === 'stopped') this.#rest()
    // One that was asked to begin anew does not wait for the next look.
    else this.#step({ type: 'tick' })
  }

  #sequel(run: Run, { reason, isHopeless }: Ending, nowUs: number): Sequel {
    if (this.#isStopping) return { name: 'stopped' }
    this.#restartsBy.set(reason, (this.#restartsBy.get(reason) ?? 0) + 1)
    if (run.askedFor !== undefined) return { name: 'waiting', retryUs: nowUs }
    const healthyUs = (run.heardUs ?? run.startUs) - run.startUs
    const { crashLimit } = this.#options
    const { random } = this.#given.runtime
    const plan = planRestart(this.#history, { nowUs, healthyUs, isHopeless }, crashLimit, random)
    this.#history = plan.history
    this.#isLooping = plan.isLooping
    return { name: plan.isLooping ? 'looping' : 'waiting', retryUs: nowUs + plan.waitMs * 1_000 }
  }

  /** Once: a second signal would end it at once. */
  #askToEnd(run: Run, reason: EndReason): void {
    if (run.askedFor !== undefined) return
    run.askedFor = reason
    this.#step({ type: 'stopping' })
    run.child?.kill('SIGTERM')
    run.force ??= this.#given.runtime.timers.after(STOP_MS, () => this.#force(run))
  }

  #force(run: Run): void {
    run.child?.kill('SIGKILL')
    run.force = this.#given.runtime.timers.after(KILLED_MS, () => this.#stop?.resolve())
  }

  /** From here on it is not started again. Answers the process that is still to be ended. */
  #halt(): Run | undefined {
    this.#isStopping = true
    if (this.#run === undefined && this.#watch.state.name !== 'stopped') {
      this.#step({ type: 'ended', sequel: { name: 'stopped' } })
      this.#rest()
    }
    return this.#run
  }

  #rest(): void {
    this.#ticker?.cancel()
    this.#isLooping = false
    this.#stop?.resolve()
    this.#stop = undefined
  }
}
