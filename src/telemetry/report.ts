import type { RecordType } from '../core/record.ts'
import type { GapCause } from '../core/gap.ts'
import type { Channel, VenueId } from '../core/ids.ts'

/**
 * What the processes of one instance say of themselves once a second, as JSON between processes: plain values only, `undefined` where
 * something is not known. Totals count from the start of the process that tells them.
 */
export type Report = CollectorReport | DeliveryReport

/** Kinds of garbage collection, as `nodejs_gc_duration_seconds` names them. */
export const GC_KINDS = ['minor', 'major', 'incremental', 'weakcb'] as const
export type GcKind = (typeof GC_KINDS)[number]

/** A process as it sees itself. What only the system knows (memory, descriptors, sockets) is read from outside. */
export interface ProcessReport {
  readonly heapUsedBytes: number
  readonly heapLimitBytes: number
  /** Heap in use after the last major collection; `undefined` before the first. */
  readonly heapAfterMajorGcBytes: number | undefined
  /** Memory outside of the heap that objects of it hold, array buffers included. */
  readonly externalBytes: number
  readonly arrayBufferBytes: number
  /** How late timers of the last ten seconds were, ms. */
  readonly lagP50Ms: number
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  /** Share of the last second in which the loop was at work, 0 to 1. */
  readonly utilization: number
  /** Share of the last second that went to garbage collection, 0 to 1. */
  readonly gcShare: number
  readonly gc: Readonly<Record<GcKind, { readonly count: number; readonly seconds: number }>>
  /** What keeps the loop alive, by Node's name for it: `Timeout`, `TCPSocketWrap`. */
  readonly resources: Readonly<Record<string, number>>
  /** TCP connections that their owners know of. The system may see more: those nobody answers for. */
  readonly sockets: number
}

/** A collector: the process that has the venues and writes the journal. */
export interface CollectorReport {
  readonly role: 'collector'
  readonly process: ProcessReport
  readonly venues: readonly VenueReport[]
  readonly journal: JournalReport
  /** What the governor has asked for, and how much went unpublished for it. */
  readonly shedding: SheddingReport
}

export interface VenueReport {
  readonly venue: VenueId
  readonly state: 'idle' | 'loading' | 'running' | 'stopping' | 'stopped'
  /** What keeps the venue from being collected, in words. */
  readonly trouble: string | undefined
  readonly isMaintenance: boolean
  /** The venue wants no REST requests for so long, ms; 0: it does. */
  readonly restHeldMs: number
  readonly sockets: {
    readonly opening: number
    readonly open: number
    readonly closing: number
    readonly planned: number
    readonly peak: number
  }
  readonly streams: { readonly wanted: number; readonly heard: number; readonly refused: number }
  readonly books: {
    readonly expected: number
    readonly live: number
    /** Live, but nothing good has come for longer than the book's window. */
    readonly stale: number
    readonly waiting: number
    readonly buffering: number
    /** Price levels in memory, both sides of all books. */
    readonly levels: number
  }
  /** Since the last good record of a channel, over all its instruments; `undefined` before the first, and of channels not collected. */
  readonly ageMs: Readonly<Partial<Record<Channel, number>>>
  readonly channels: readonly Channel[]
  readonly frames: number
  readonly bytes: number
  readonly trades: number
  readonly deltas: number
  /** Tops of books. */
  readonly tops: number
  readonly records: number
  readonly recordBytes: number
  readonly ignored: number
  readonly unknown: number
  readonly duplicates: number
  readonly unsynced: number
  readonly unscanned: number
  readonly unrecorded: number
  readonly snapshots: number
  readonly snapshotsStale: number
  readonly renewals: number
  readonly refusedBy: Readonly<Record<string, number>>
  readonly gapsBy: Readonly<Partial<Record<GapCause, number>>>
  readonly reconnectsBy: Readonly<Record<string, number>>
  readonly silences: number
  readonly snapshotFailures: number
  /** Seconds that books took from lost to live, since the last report. */
  readonly resyncSeconds: readonly number[]
  /** Book seconds: over all books that should be live, and over those that were live and fresh. */
  readonly observedSeconds: number
  readonly goodSeconds: number
  /** Venue time to receive time of recent events, ms. */
  readonly lagP50Ms: number | undefined
  readonly lagP99Ms: number | undefined
  /** Comparisons with the true books, in the demo. */
  readonly checks: { readonly equal: number; readonly total: number } | undefined
  /** The best of the first books, for the screen. */
  readonly shown: readonly ShownBook[]
}

/** The best of one book. */
export interface ShownBook {
  readonly symbol: string
  readonly bid: string
  readonly ask: string
  readonly levels: number
  readonly state: string
  /** Since the last good update; `undefined` before the first. */
  readonly ageMs: number | undefined
}

export interface JournalReport {
  readonly folder: string
  readonly records: number
  readonly bytes: number
  /** What the segments together hold, and may hold: by the limit of size, or as far as the disk has room. */
  readonly storedBytes: number
  readonly limitBytes: number
  readonly freeBytes: number | undefined
  /** For so long the disk has taken nothing, ms. */
  readonly heldMs: number | undefined
  /** Records that went from the journal before a sink had read them. */
  readonly lostBy: Readonly<Record<string, number>>
  /** Seconds that forcing to the disk took, since the last report. */
  readonly fsyncSeconds: readonly number[]
}

export interface SheddingReport {
  readonly level: number
  /** Actions in force, by name. */
  readonly actions: readonly string[]
  /** What was left out on purpose, by action. */
  readonly shedBy: Readonly<Record<string, number>>
}

/** The delivery: the process that brings the journal to the sinks. */
export interface DeliveryReport {
  readonly role: 'delivery'
  readonly process: ProcessReport
  readonly sinks: readonly SinkReport[]
}

export interface SinkReport {
  readonly sink: string
  /** Why it does not get on, and how often it has failed in a row. */
  readonly trouble: { readonly code: string; readonly text: string; readonly attempts: number } | undefined
  readonly delivered: Readonly<Partial<Record<RecordType, number>>>
  readonly rejected: number
  readonly lost: number
  /** Since the sink took something for good; `undefined` before the first time. */
  readonly successAgeMs: number | undefined
  /** Journal that it has not read yet. */
  readonly behindBytes: number
  /** Receive time of the oldest record that it does not have is so long ago, ms; 0: it has all. */
  readonly behindMs: number
  readonly failures: number
  /** Paused by the governor. */
  readonly isPaused: boolean
}
