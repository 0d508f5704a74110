import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputStream } from '../../../src/app/output-stream.ts'
import type { MadeSink } from '../../../src/app/sinks.ts'
import { StdoutSink } from '../../../src/sinks/stdout/sink.ts'
import { conformance, type FarSide, type Fault, slowed } from '../conformance.ts'
import { type Held, heldOf } from '../course.ts'

/** Programs at the other end of pipes, each of which writes what it reads into a file: one for each life of the delivery. */
class Pipe implements FarSide {
  readonly #folder = mkdtempSync(join(tmpdir(), 'marketprism-stdout-'))
  readonly #readers: ChildProcess[] = []
  #isStopped = false

  make(): MadeSink {
    const file = openSync(this.#fileOf(this.#readers.length), 'w')
    const reader = spawn('cat', [], { stdio: ['pipe', file, 'ignore'] })
    closeSync(file)
    this.#readers.push(reader)
    // What a process has as standard output, here of another process.
    const stream = outputStream(reader.stdin as unknown as NodeJS.WriteStream)
    return { kind: 'records', sink: new StdoutSink((bytes) => stream.writeBytes(bytes)) }
  }

  /** Once all readers have come to the end of their pipes. */
  async stored(): Promise<readonly Held[]> {
    await Promise.all(this.#readers.map(ended))
    return this.#readers.flatMap((_, index) => {
      const text = readFileSync(this.#fileOf(index), 'utf8')
      return text === '' ? [] : text.trimEnd().split('\n').map(heldOf)
    })
  }

  #fileOf(reader: number): string {
    return join(this.#folder, `${reader}.ndjson`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#isStopped = signal === 'SIGSTOP'
    for (const reader of this.#readers) reader.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isStopped) this.signal('SIGCONT')
    await Promise.all(this.#readers.map(ended))
    rmSync(this.#folder, { recursive: true })
  }
}

async function ended(reader: ChildProcess): Promise<void> {
  if (reader.exitCode !== null || reader.signalCode !== null) return
  const exit = once(reader, 'exit')
  reader.stdin?.end()
  await exit
}

const frozen: Fault<Pipe> = {
  begin: async (pipe) => pipe.signal('SIGSTOP'),
  end: async (pipe) => pipe.signal('SIGCONT'),
}
const GONE = 'a pipe whose reader has gone does not come back: the process is started again'

conformance<Pipe>({
  skip: false,
  open: async () => new Pipe(),
  repeats: 'told',
  records: 2_000,
  segmentBytes: 100_000,
  outage: { impossible: GONE },
  slow: slowed(frozen),
  frozen,
  restart: { impossible: GONE },
  poison: { impossible: 'a line is a line, whatever it says' },
})
