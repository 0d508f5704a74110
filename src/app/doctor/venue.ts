import type { VenueSelection } from '../../config/selection.ts'
import { DecodeError, FailureError } from '../../core/errors.ts'
import { lookUpName } from '../../runtime/name-lookup.ts'
import type { Runtime, SocketEnd } from '../../runtime/runtime.ts'
import { Reader } from '../../venues/reader.ts'
import type { Venue } from '../../venues/venue.ts'
import { venueOf } from '../../venues/venues.ts'
import { planVenue } from '../plan.ts'
import { type Check, check, type Finding, milliseconds, ok, REQUEST_MS, skipped, within } from './check.ts'
import { type ClockReading, judgeClock, sharper } from './clock.ts'
import { judgeAddresses, judgeFailure } from './reachability.ts'
import { VENUE_TIMES } from './venue-times.ts'

/** A name that takes longer has a resolver that is ill. With a request behind it, this stays below ten seconds. */
const NAME_MS = 2_000
/** The answer with the time is a line. */
const BODY_LIMIT_BYTES = 64 * 1024
/** A second request is not begun with less time than this left. */
const REMAINING_MIN_MS = 250
const MESSAGE_LIMIT_BYTES = 1024 * 1024

/** Asks one venue: its names, its time over REST, a WebSocket. Never rejects for what is outside. */
export async function checkVenue(selection: VenueSelection, runtime: Runtime): Promise<readonly Check[]> {
  const plan = planVenue(selection)
  const group = `venue ${selection.venue}`
  const streamHost = new URL(plan.stream_host).hostname
  const restHost = new URL(plan.rest_host).hostname
  const names = streamHost === restHost ? [restHost] : [restHost, streamHost]
  const found = new Map(
    await Promise.all(names.map(async (host) => [host, await checkName(host, runtime)] as const)),
  )
  const isFound = (host: string): boolean => found.get(host)?.result !== 'fault'
  const [stream, { rest, clock }] = await Promise.all([
    isFound(streamHost) ? checkStream(selection, runtime) : NAMELESS,
    isFound(restHost) ? checkRest(selection, plan.rest_host, runtime) : { rest: NAMELESS, clock: NAMELESS },
  ])
  return [
    ...[...found.values()].map((finding) => check(group, 'name', finding)),
    check(group, 'rest', rest),
    check(group, 'stream', stream),
    check(group, 'clock', clock),
  ]
}

const NAMELESS = skipped('its name was not found')

async function checkName(host: string, { clock, timers }: Runtime): Promise<Finding> {
  const startUs = clock.steadyUs()
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  try {
    const addresses = await within(timers, NAME_MS, lookUpName(bare), () => {
      throw new FailureError('dns', `no answer within ${milliseconds(NAME_MS)}`, { retryable: true })
    })
    return judgeAddresses(bare, addresses, (clock.steadyUs() - startUs) / 1_000)
  } catch (failure) {
    return findingOf(failure)
  }
}

async function checkRest(
  selection: VenueSelection,
  restHost: string,
  runtime: Runtime,
): Promise<{ readonly rest: Finding; readonly clock: Finding }> {
  const { clock } = runtime
  const startUs = clock.steadyUs()
  const leftMs = (): number => REQUEST_MS - (clock.steadyUs() - startUs) / 1_000
  try {
    const first = await askTime(selection, restHost, { runtime, deadlineMs: REQUEST_MS })
    const reading = await readAgain(first, leftMs(), (deadlineMs) =>
      askTime(selection, restHost, { runtime, deadlineMs }),
    )
    const rest = ok(`${restHost} answers in ${milliseconds(first.roundTripMs)}, connection included`)
    return { rest, clock: judgeClock(reading) }
  } catch (failure) {
    return { rest: findingOf(failure), clock: skipped('the venue did not tell its time') }
  }
}

/** The first request pays for the connection; the second, on the same one, is the sharper reading. */
async function readAgain(
  first: ClockReading,
  leftMs: number,
  ask: (deadlineMs: number) => Promise<ClockReading>,
): Promise<ClockReading> {
  if (leftMs < REMAINING_MIN_MS) return first
  try {
    return sharper(first, await ask(leftMs))
  } catch (failure) {
    if (failure instanceof FailureError) return first
    throw failure
  }
}

async function askTime(
  selection: VenueSelection,
  restHost: string,
  { runtime, deadlineMs }: { readonly runtime: Runtime; readonly deadlineMs: number },
): Promise<ClockReading> {
  const { clock, http } = runtime
  const { path, read } = VENUE_TIMES[selection.venue]
  const [startUs, wallStartUs] = [clock.steadyUs(), clock.now()]
  const answer = await http.get({ url: restHost + path, deadlineMs, bodyLimitBytes: BODY_LIMIT_BYTES })
  const roundTripMs = (clock.steadyUs() - startUs) / 1_000
  const refusal = venueOf(selection.venue).refusal(answer)
  if (refusal !== undefined) throw refusal
  const venueMs = timeIn(answer.body, read)
  return { offsetMs: wallStartUs / 1_000 + roundTripMs / 2 - venueMs, roundTripMs }
}

function timeIn(body: Uint8Array, read: (reader: Reader) => number): number {
  try {
    return read(Reader.parse(body))
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new FailureError('bad_answer', `no time of the venue: ${cause.message}`, { retryable: true, cause })
  }
}

/** Opens the first socket that `start` would open, subscribes to nothing, and leaves. */
function checkStream(selection: VenueSelection, runtime: Runtime): Promise<Finding> {
  const plan = planVenue(selection)
  const url = plan.stream_host + (plan.sockets[0]?.path ?? '')
  const startUs = runtime.clock.steadyUs()
  return new Promise((resolve) => {
    const options = { handshakeMs: REQUEST_MS, messageLimitBytes: MESSAGE_LIMIT_BYTES }
    const socket = runtime.sockets.open(url, options, {
      onOpen: () => {
        const tookMs = (runtime.clock.steadyUs() - startUs) / 1_000
        resolve(ok(`${url} opens in ${milliseconds(tookMs)}`))
        socket.close(1000, '')
      },
      onFrame: () => undefined,
      onPing: () => undefined,
      // After `onOpen` this changes nothing.
      onEnd: (end) => resolve(judgeFailure(failureOfEnd(venueOf(selection.venue), end))),
    })
  })
}

/** A refused handshake has a status, and means what the venue means by it; otherwise nobody answered. */
function failureOfEnd(venue: Venue, end: SocketEnd): FailureError {
  const { status, reason, retryAfterMs, failure = 'unreachable' } = end
  const told =
    status === undefined ? undefined : venue.refusal({ status, headers: {}, body: new Uint8Array() })
  if (told === undefined) return new FailureError(failure, reason, { retryable: true })
  return new FailureError(told.code, `handshake refused: ${reason}`, {
    retryable: told.retryable,
    retryAfterMs: retryAfterMs ?? told.retryAfterMs,
  })
}

function findingOf(failure: unknown): Finding {
  if (failure instanceof FailureError) return judgeFailure(failure)
  throw failure
}
