import { FailureError } from '../core/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { drawScreen, ENTER_SCREEN, LEAVE_SCREEN, plainLines } from './screen.ts'
import type { Status } from './status.ts'
import { untilStopped } from './until-stopped.ts'
import { Viewer } from './view.ts'

export interface TopRun {
  /** Where the instance answers: `http://127.0.0.1:8087`. */
  readonly url: string
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  /** Once, as lines. */
  readonly once: boolean
}

const LOOK_MS = 1_000
const DEADLINE_MS = 3_000
const BODY_LIMIT_BYTES = 4 * 1024 * 1024

/** Shows a running instance as it tells of itself over HTTP, until a signal. Answers the exit code. */
export async function top(run: TopRun, io: Io): Promise<number> {
  const runtime = systemRuntime()
  const first = await statusAt(run, runtime)
  const viewer = new Viewer(`${first.name} ${first.version}`, run.url)
  const viewOf = (status: Status, notices: readonly string[]) =>
    viewer.view({ status, atMs: runtime.clock.steadyUs() / 1_000 }, notices)
  if (run.once || !io.isTerminal) {
    io.stdout.write(`${plainLines(viewOf(first, [])).join('\n')}\n`)
    return EXIT.ok
  }
  io.stdout.write(ENTER_SCREEN)
  let last = first
  const draw = (notices: readonly string[]): void => {
    io.stdout.offer(drawScreen(viewOf(last, notices), io.columns))
  }
  draw([])
  const look = async (): Promise<void> => {
    try {
      last = await statusAt(run, runtime)
      draw([])
    } catch (failure) {
      // What was told last stays, and what is wrong stands beside it.
      draw([failure instanceof Error ? failure.message : String(failure)])
    }
  }
  const timer = runtime.timers.every(LOOK_MS, () => void look())
  await untilStopped(io, undefined)
  timer.cancel()
  io.stdout.write(LEAVE_SCREEN)
  return EXIT.ok
}

/** Throws `FailureError`: nobody answers, or somebody else does. */
async function statusAt({ url, credentials }: TopRun, { http }: Runtime): Promise<Status> {
  const headers =
    credentials === undefined
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
        }
  const { status, body } = await http
    .get({ url: `${url}/status`, headers, deadlineMs: DEADLINE_MS, bodyLimitBytes: BODY_LIMIT_BYTES })
    .catch((failure: unknown) => {
      if (!(failure instanceof FailureError)) throw failure
      throw new FailureError(failure.code, `${url} does not answer: ${failure.message}`, {
        retryable: true,
        cause: failure,
      })
    })
  if (status === 401) {
    throw new FailureError(
      'unauthorized',
      `${url} wants user and password: see http.user of its configuration`,
      {
        retryable: false,
      },
    )
  }
  const told = status === 200 ? parsed(new TextDecoder().decode(body)) : undefined
  if (isStatus(told)) return told
  throw new FailureError('bad_answer', `${url} is not an instance of marketprism: it answers ${status}`, {
    retryable: false,
  })
}

/** `undefined` for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure
    return undefined
  }
}

/** As `statusOf` makes it: enough of it to know that this program made it. */
function isStatus(told: unknown): told is Status {
  const facts = new Map<string, unknown>(Object.entries(Object(told)))
  return ['processes', 'venues', 'sinks', 'reasons'].every((key) => Array.isArray(facts.get(key)))
}
