import type { Timers } from '../runtime/runtime.ts'
import { digestOf } from './digest.ts'
import { jsonReply, splitPath } from './json.ts'
import { type EmulatedVenue, type Fault, type FaultName, FAULTS, type Reply } from './model.ts'

/** Paths below this are ours, not the venue's. */
export const BACK_DOOR = '/emulator/'

const AUDIT_MS = 2_000
const AUDIT_LIMIT_MS = 600_000

/** What the back door needs of the server that it is in. */
export interface CuttingServer {
  readonly timers: Timers
  /** Cuts every WebSocket that is open, without a close frame; answers how many. */
  cut(): number
}

/**
 * What a test or a person may ask an emulated venue besides its protocol:
 *
 * - `/emulator/faults` lists them; `?set=drop&symbol=…&channel=book&share=0.1&times=3&value=…`, `?clear=all`, `?clear=drop`
 * - `/emulator/truth?symbol=…` the true book
 * - `/emulator/audit?symbol=…&ms=2000` answers after that time with `{"<sequence>":"<digest>"}`: where the book stood, and each event
 * - `/emulator/status` load
 * - `/emulator/cut` cuts every WebSocket that is open, without a close frame, and answers how many: `{"cut":2}`
 */
export function askBackDoor(
  model: EmulatedVenue,
  server: CuttingServer,
  path: string,
  reply: (answer: Reply) => void,
): void {
  const { route, query } = splitPath(path)
  switch (route.slice(BACK_DOOR.length)) {
    case 'faults':
      reply(faults(model, query))
      return
    case 'truth': {
      const truth = model.truth(query.get('symbol') ?? '')
      reply(truth === undefined ? unknown('symbol') : jsonReply(200, JSON.stringify(truth)))
      return
    }
    case 'audit':
      audit(model, server.timers, query, reply)
      return
    case 'cut':
      reply(jsonReply(200, JSON.stringify({ cut: server.cut() })))
      return
    case 'status':
      reply(
        jsonReply(
          200,
          JSON.stringify({ venue: model.venue, symbols: model.symbols.length, ...model.status }),
        ),
      )
      return
    default:
      reply(jsonReply(404, '{"error":"unknown path"}'))
  }
}

function audit(
  model: EmulatedVenue,
  timers: Timers,
  query: URLSearchParams,
  reply: (answer: Reply) => void,
): void {
  const symbol = query.get('symbol') ?? ''
  const now = model.truth(symbol)
  if (now === undefined) {
    reply(unknown('symbol'))
    return
  }
  const digests = new Map([[now.sequence, digestOf(now)]])
  const stop = model.watch(symbol, (truth) => digests.set(truth.sequence, digestOf(truth)))
  const ms = Math.min(AUDIT_LIMIT_MS, Number(query.get('ms') ?? AUDIT_MS) || AUDIT_MS)
  timers.after(ms, () => {
    stop()
    reply(jsonReply(200, JSON.stringify(Object.fromEntries(digests))))
  })
}

function faults(model: EmulatedVenue, query: URLSearchParams): Reply {
  const clear = query.get('clear')
  const set = query.get('set')
  if (clear === 'all') model.faults.clear()
  else if (clear !== null) {
    if (!isFault(clear)) return unknown('fault')
    model.faults.clear(clear)
  }
  if (set !== null) {
    if (!isFault(set)) return unknown('fault')
    model.faults.set(faultOf(set, query))
  }
  return jsonReply(
    200,
    JSON.stringify({ on: model.faults.on, struck: Object.fromEntries(model.faults.struck) }),
  )
}

function faultOf(name: FaultName, query: URLSearchParams): Fault {
  const symbol = query.get('symbol')
  const channel = query.get('channel')
  return {
    name,
    ...(symbol === null ? {} : { symbol }),
    ...(channel === 'book' || channel === 'trade' ? { channel } : {}),
    ...numberOf(query, 'share'),
    ...numberOf(query, 'times'),
    ...numberOf(query, 'value'),
  }
}

function numberOf(
  query: URLSearchParams,
  name: 'share' | 'times' | 'value',
): Partial<Record<typeof name, number>> {
  const value = Number(query.get(name) ?? Number.NaN)
  return Number.isNaN(value) ? {} : { [name]: value }
}

const isFault = (text: string): text is FaultName => FAULTS.some((name) => name === text)

const unknown = (what: string): Reply => jsonReply(400, `{"error":"unknown ${what}"}`)
