import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FAILURE_CODES, FailureError } from '../core/errors.ts'
import type { ConvertJob } from '../sinks/parquet/convert.ts'
import type { Convert } from '../sinks/parquet/sink.ts'

export interface ChildOptions {
  readonly store: string
  /** For the database alone. */
  readonly memoryMb: number
  /** After this time the process is ended. */
  readonly deadlineMs: number
}

/** What the process says before it ends. */
export type WorkerAnswer =
  | { readonly name: 'stored' }
  | { readonly name: 'failed'; readonly code: string; readonly message: string; readonly retryable: boolean }

/** What the JavaScript of the process may take: it holds a batch of the journal and some buffers. */
const HEAP_LIMIT_MB = 256
/**
 * Where Node keeps what it has compiled, at its own default place as bin/marketprism.mjs does: else each conversion compiles the same
 * files again, for a tenth of its time.
 */
const COMPILE_CACHE = join(tmpdir(), 'node-compile-cache')
/** Kept of what a process that fails says. */
const COMPLAINT_LIMIT = 4_000

/** The worker is a file of its own beside this one, in the sources as in the build. */
const WORKER = fileURLToPath(new URL(`./parquet-worker${extname(import.meta.url)}`, import.meta.url))

/** Converts each segment in a process that is started for it. Rejects with `timeout` at the deadline, else as `convertSegment`. */
export function childConverter({ store, memoryMb, deadlineMs }: ChildOptions): Convert {
  return async (segment, signal) => {
    signal.throwIfAborted()
    const job: ConvertJob = { segment, store, memoryMb }
    const child = fork(WORKER, [JSON.stringify(job)], {
      execArgv: [`--max-old-space-size=${HEAP_LIMIT_MB}`],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const end = { isLate: false }
    const deadline = setTimeout(() => {
      end.isLate = true
      child.kill('SIGKILL')
    }, deadlineMs)
    const abort = (): boolean => child.kill('SIGKILL')
    signal.addEventListener('abort', abort, { once: true })
    try {
      const { answer, complaint } = await outcomeOf(child)
      if (answer?.name === 'stored') return
      throw failureOf(answer, complaint, end.isLate ? deadlineMs : undefined)
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
    }
  }
}

interface Outcome {
  readonly answer: WorkerAnswer | undefined
  readonly complaint: string
}

/** Waits until the process is gone, whatever it says: only then may another one be started for the same store. */
async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let answer: WorkerAnswer | undefined
  let complaint = ''
  child.on('message', (message) => (answer = readAnswer(message)))
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-COMPLAINT_LIMIT)
  })
  const [code, signal] = await once(child, 'close')
  const ending = signal === null ? `ended with ${code}` : `was ended by ${signal}`
  return { answer, complaint: `the conversion ${ending}${complaint === '' ? '' : `: ${complaint.trim()}`}` }
}

function failureOf(
  answer: Extract<WorkerAnswer, { name: 'failed' }> | undefined,
  complaint: string,
  lateMs: number | undefined,
): FailureError {
  if (answer !== undefined) {
    const code = FAILURE_CODES.find((known) => known === answer.code) ?? 'bad_answer'
    return new FailureError(code, answer.message, { retryable: answer.retryable })
  }
  if (lateMs === undefined) return new FailureError('bad_answer', complaint, { retryable: true })
  return new FailureError('timeout', `not converted within ${lateMs} ms`, { retryable: true })
}

function readAnswer(message: unknown): WorkerAnswer | undefined {
  const facts = factsOf(message)
  const [name, code, text] = [facts.get('name'), facts.get('code'), facts.get('message')]
  if (name === 'stored') return { name }
  if (name !== 'failed' || typeof code !== 'string' || typeof text !== 'string') return undefined
  return { name, code, message: text, retryable: facts.get('retryable') === true }
}

/** Reads the argument of the worker. */
export function readJob(argument: string | undefined): ConvertJob {
  const facts = factsOf(JSON.parse(argument ?? 'null'))
  const segment = factsOf(facts.get('segment'))
  return {
    segment: {
      path: String(segment.get('path')),
      number: Number(segment.get('number')),
      records: Number(segment.get('records')),
    },
    store: String(facts.get('store')),
    memoryMb: Number(facts.get('memoryMb')),
  }
}

const factsOf = (value: unknown): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>(Object.entries(Object(value)))
