import assert from 'node:assert/strict'
import type {
  ChildProcess,
  Processes,
  ProcessEnd,
  ProcessHearer,
  ProcessOptions,
  ProcessReadings,
} from '../../src/runtime/processes.ts'

/** A process that does what the test says. */
export interface Scripted {
  readonly options: ProcessOptions
  readonly hearer: ProcessHearer
  /** Signals that it was sent, and messages. */
  readonly signals: string[]
  readonly sent: unknown[]
}

/** Processes of a machine that is played by the test. */
export class ScriptedProcesses implements Processes {
  readonly ownPid = 1
  readonly started: Scripted[] = []
  kills: number | undefined = 0

  start(options: ProcessOptions, hearer: ProcessHearer): ChildProcess {
    const scripted: Scripted = { options, hearer, signals: [], sent: [] }
    this.started.push(scripted)
    return {
      pid: 100 + this.started.length,
      send: (message) => void scripted.sent.push(message),
      kill: (signal) => void scripted.signals.push(signal),
    }
  }

  /** The process that was started last. */
  get last(): Scripted {
    const last = this.started.at(-1)
    assert.ok(last !== undefined, 'nothing was started')
    return last
  }

  end(end: Partial<ProcessEnd>): void {
    this.last.hearer.end({ code: undefined, signal: undefined, failure: undefined, ...end })
  }

  readings(): ProcessReadings | undefined {
    return undefined
  }

  evidence(pid: number): string {
    return `== status of ${pid}`
  }

  memoryKills(): number | undefined {
    return this.kills
  }

  memoryLimitBytes(): number | undefined {
    return undefined
  }
}
