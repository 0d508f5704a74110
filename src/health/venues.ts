import type { Channel } from '../core/ids.ts'
import type { HealthWindows, VenueFacts } from './facts.ts'
import { type Finding, fine, lasting, over } from './finding.ts'
import type { Reason } from './verdict.ts'

/** What findings of venues are measured by. */
export interface VenueContext {
  readonly windows: HealthWindows
  /** So long ago the instance was started: the age of what has never come. */
  readonly startAgeMs: number
  /** Want of data is not held against a venue yet. */
  readonly isGrace: boolean
}

/** A venue as it is judged. */
export interface VenueFinding {
  readonly venue: VenueFacts
  readonly isDown: boolean
  readonly own: Finding
  /** `undefined` where it has no books to keep. */
  readonly books: Finding | undefined
}

const CHANNEL_WORDS = { book: 'book update', trade: 'trade' } as const satisfies Record<Channel, string>
const STALE_REASONS = { book: 'book_stale', trade: 'trade_stale' } as const satisfies Record<Channel, Reason>

const windowOf = (channel: Channel, windows: HealthWindows): number =>
  channel === 'book' ? windows.bookMs : windows.tradeMs

/** Since the last good record of any channel; `undefined` before the first. */
function youngestMs({ channels, ageMs }: VenueFacts): number | undefined {
  const ages = channels.map((channel) => ageMs[channel]).filter((age) => age !== undefined)
  return ages.length === 0 ? undefined : Math.min(...ages)
}

/** Whether its books are live and something good has come of late. */
export function isVenueSynced(venue: VenueFacts, windows: HealthWindows): boolean {
  const ageMs = youngestMs(venue)
  return ageMs !== undefined && ageMs < windows.downMs && (!hasBooks(venue) || areBooksGood(venue, windows))
}

const hasBooks = ({ channels }: VenueFacts): boolean => channels.includes('book')

/** Books that are not live, and those that are live but stale. */
const badBooks = ({ books }: VenueFacts) => ({
  missing: Math.max(0, books.expected - books.live),
  stale: books.stale,
})

/** Single books may rest; more than a share of them may not. */
function areBooksGood(venue: VenueFacts, { staleShare }: HealthWindows): boolean {
  const { missing, stale } = badBooks(venue)
  return venue.books.expected > 0 && (missing + stale) / venue.books.expected <= staleShare
}

/** Judges a venue and its books. A channel that has never delivered is as old as the instance. */
export function venueFinding(venue: VenueFacts, context: VenueContext): VenueFinding {
  const ageMs = youngestMs(venue)
  return {
    venue,
    isDown: (ageMs ?? context.startAgeMs) >= context.windows.downMs,
    own: ownFinding(venue, ageMs, context),
    books: hasBooks(venue) ? booksFinding(venue, context) : undefined,
  }
}

function ownFinding(venue: VenueFacts, ageMs: number | undefined, context: VenueContext): Finding {
  const { windows, startAgeMs } = context
  const finding = { name: `venue/${venue.venue}`, state: 'recoverable', ageMs, gravity: 'degrading' } as const
  const nothing =
    ageMs === undefined
      ? `nothing has come in the ${lasting(startAgeMs)} since the start`
      : `last good data ${lasting(ageMs)} ago`
  if (venue.isMaintenance)
    return { ...finding, reason: 'maintenance', text: `Maintenance at the venue; ${nothing}` }
  const silentMs = ageMs ?? startAgeMs
  if (ageMs !== undefined && silentMs < windows.downMs)
    return { ...finding, ...deliveringFinding(venue, context) }
  if (venue.trouble !== undefined)
    return { ...finding, reason: 'unreachable', text: `${venue.trouble}; ${nothing}` }
  if (ageMs === undefined && (context.isGrace || silentMs < windows.downMs))
    return { ...finding, state: 'starting', reason: 'no_data', text: `Starting: ${nothing}` }
  return { ...finding, reason: 'no_data', text: `Down: no good data for ${over(silentMs, windows.downMs)}` }
}

/** Something good comes of it: is it all? */
function deliveringFinding(
  venue: VenueFacts,
  context: VenueContext,
): Pick<Finding, 'state' | 'reason' | 'text' | 'gravity'> {
  const { trouble } = venue
  const stale = staleChannels(venue, context)
  const [first] = stale
  const wrong = { state: 'recoverable', gravity: 'degrading' } as const
  if (first === undefined && trouble === undefined)
    return { state: 'ok', reason: undefined, text: undefined, gravity: 'none' }
  if (first === undefined) return { ...wrong, reason: 'incomplete', text: `Not all of it comes: ${trouble}` }
  const texts = stale.map(
    ({ channel, silentMs }) =>
      `no ${CHANNEL_WORDS[channel]} for ${over(silentMs, windowOf(channel, context.windows))}`,
  )
  const also = trouble === undefined ? '' : `; ${trouble}`
  return { ...wrong, reason: STALE_REASONS[first.channel], text: `Stale: ${texts.join(', ')}${also}` }
}

function staleChannels(venue: VenueFacts, { windows, startAgeMs, isGrace }: VenueContext) {
  return venue.channels
    .filter((channel) => !isGrace || venue.ageMs[channel] !== undefined)
    .map((channel) => ({ channel, silentMs: venue.ageMs[channel] ?? startAgeMs }))
    .filter(({ channel, silentMs }) => silentMs >= windowOf(channel, windows))
}

function booksFinding(venue: VenueFacts, context: VenueContext): Finding {
  const { windows, startAgeMs, isGrace } = context
  const name = `books/${venue.venue}`
  const ageMs = venue.ageMs.book
  if (areBooksGood(venue, windows)) return fine(name, 'ok', ageMs)
  const { expected } = venue.books
  const { missing, stale } = badBooks(venue)
  const isStarting = ageMs === undefined && (isGrace || startAgeMs < windows.downMs)
  // A percentage times a count may come out a hair below a whole number.
  const allowed = Math.floor(expected * windows.staleShare + 1e-9)
  return {
    name,
    state: isStarting ? 'starting' : 'recoverable',
    reason: stale > missing ? 'book_stale' : 'books_unsynced',
    text:
      expected === 0
        ? 'Which books there are is not known yet'
        : `${missing + stale} of ${expected} books are bad (allowed: ${allowed}): ${missing} not live, ${stale} live but stale`,
    ageMs,
    gravity: 'degrading',
  }
}
