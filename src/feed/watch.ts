import { isReading } from './connection.ts'
import type { Carrier } from './rotation.ts'
import type { SessionStream } from './subscribing.ts'
import { judgeSocket, type Silence, streamIndex } from './silence.ts'
import type { FeedTiming } from './timing.ts'

/** What the silence of one planned socket asks for. */
export type WatchVerdict =
  | { readonly name: 'fine' }
  | { readonly name: 'probe' }
  /** The whole socket is mute. */
  | { readonly name: 'reconnect' }
  /** These streams are. */
  | { readonly name: 'resubscribe'; readonly streams: readonly SessionStream[] }

const FINE: WatchVerdict = { name: 'fine' }
/** A socket that never brings data is given twice as long each time, up to so many times: its streams may be slow. */
const FIRST_DOUBLINGS = 4

/**
 * Judges one planned socket at `nowUs` (steady). `isExcused` names streams whose silence is known already. While one session
 * replaces another nothing is judged: the taker decides which of the two counts.
 */
export function watch(
  carrier: Carrier,
  silence: Silence,
  nowUs: number,
  options: { readonly timing: FeedTiming; isExcused(stream: number): boolean },
): WatchVerdict {
  const session = carrier.newest
  if (carrier.isRotating || session.state.name !== 'live') return FINE
  const sinceUs = Number.isNaN(session.dataUs) ? session.liveUs : session.dataUs
  const quietUs = nowUs - sinceUs
  const streams = carrier.streams.filter(
    ({ slot, channel }) => !options.isExcused(streamIndex(slot, channel)),
  )
  const windowUs = streams.reduce(
    (least, { slot, channel }) => Math.min(least, silence.judgedUs(streamIndex(slot, channel), nowUs)),
    Infinity,
  )
  const firstUs = options.timing.firstDataMs * 1_000 * 2 ** Math.min(session.state.attempt, FIRST_DOUBLINGS)
  const isExpected =
    windowUs < Infinity || streams.some(({ channel, slot }) => channel === 'book' && silence.isTrading(slot))
  const socket = judgeSocket({
    quietUs,
    hasData: !Number.isNaN(session.dataUs),
    windowUs,
    firstUs: isExpected ? firstUs : Infinity,
    probedUs: nowUs - session.pingedUs,
  })
  if (socket === 'dead') return { name: 'reconnect' }
  if (socket === 'probe') return { name: 'probe' }
  if (quietUs > windowUs) return FINE
  const mute = streams.filter(
    ({ slot, channel }) => silence.judge(streamIndex(slot, channel), nowUs) !== 'fine',
  )
  return mute.length === 0 ? FINE : { name: 'resubscribe', streams: mute }
}

/** True when data of a planned socket may arrive. */
export const isCarrying = (carrier: Carrier): boolean =>
  carrier.sessions.some(({ state }) => isReading(state))
