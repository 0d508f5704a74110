import type { SystemEvent } from '../telemetry/events.ts'
import { counted, duration, size } from './screen.ts'

/** What a person has to know at once, in a line; `undefined` for what can wait. */
// oxlint-disable-next-line complexity, max-lines-per-function -- one case a member, nothing decided
export function eventText(event: SystemEvent): string | undefined {
  switch (event.type) {
    case 'sink_failed':
      return `${event.sink}: ${event.code}: ${event.text}; trying again in ${(event.waitMs / 1_000).toFixed(1)} s`
    case 'sink_recovered':
      return `${event.sink}: works again after ${event.attempts} failed tries`
    case 'sink_rejected':
      return `${event.sink}: refused ${counted(event.records, 'record')}, kept in the quarantine: ${event.code}: ${event.text}`
    case 'sink_lost':
      return `${event.sink}: ${event.records} records were gone from the journal before they were read`
    case 'journal_held':
      return `the journal cannot be written, books are kept and nothing is recorded: ${event.text}`
    case 'journal_resumed':
      return `the journal is written again after ${duration(event.heldMs)}`
    case 'capture_failed':
      return `${event.folder}: the capture cannot be written: ${event.text}`
    case 'capture_resumed':
      return `${event.folder}: the capture is written again; ${counted(event.lost, 'line')} are missing in it`
    case 'segment_recovered':
      return `${event.path}: left by an earlier run; ${event.records} records are whole, ${size(event.cutBytes)} of a torn end were cut, ${size(event.damagedBytes)} are damaged`
    case 'segment_removed':
      return event.unread.length === 0
        ? undefined
        : `${event.path}: removed for lack of room before ${event.unread.join(', ')} had read it`
    case 'governor_action':
      return event.active
        ? `to save resources: ${event.action}`
        : `no longer to save resources: ${event.action}`
    case 'process_ended':
      if (event.reason === 'asked') return undefined
      return `${event.name}: ${event.text} (${event.reason}); ${retryText(event.retryMs)}`
    case 'process_stalling':
      return `${event.name}: not heard from for ${seconds(event.silentMs)}`
    case 'process_stalled':
      return `${event.name}: stuck, not heard from for ${seconds(event.silentMs)}; ${evidenceText(event.evidence)}`
    case 'process_killed':
      return `${event.name}: killed, it was not heard from for ${seconds(event.silentMs)}`
    case 'process_resumed':
      return `${event.name}: is heard from again`
    case 'book_live':
    case 'frame_refused':
    case 'gap_closed':
    case 'gap_opened':
    case 'instrument_unknown':
    case 'instruments_loaded':
    case 'process_started':
    case 'rest_refused':
    case 'rotation':
    case 'segment_sealed':
    case 'session_changed':
    case 'snapshot_failed':
    case 'stream_silent':
    case 'subscription_refused':
    case 'venue_maintenance':
    case 'venue_unreachable':
      return undefined
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

function evidenceText(name: string | undefined): string {
  return name === undefined ? 'no evidence could be kept' : `evidence is in ${name}`
}

function retryText(retryMs: number | undefined): string {
  return retryMs === undefined ? 'not started again' : `started again in ${seconds(retryMs)}`
}
