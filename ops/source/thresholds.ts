/**
 * What alerts hold figures against, for panels that show the same figures and for the texts of both. How long it must last is said by
 * each alert.
 */
export const THRESHOLDS = {
  /** Resident memory of all processes together, bytes: CollectorHighMemory. */
  memoryBytes: 3_000_000_000,
  /** TCP connections of all processes together, number: CollectorHighConnections. */
  connections: 50,
  /** TCP connections that nobody answers for, number: CollectorUnaccountedSockets. */
  unaccountedSockets: 5,
  /** Of the file descriptors that a process may have: CollectorFdNearLimit. */
  descriptorShare: 0.7,
  /** By which timers are late at the 99th percentile: CollectorEventLoopLag. */
  loopLagMs: 250,
  /** Of the time of a process that goes to garbage collection: CollectorGcPressure. */
  collectionShare: 0.15,
  /** Of a disk that is free: CollectorDiskFilling. */
  diskFreeShare: 0.1,
  /** Of the books of a venue that are not live: CollectorBooksUnsynced. */
  unsyncedShare: 0.1,
  /** How many times as fast as allowed the budget is spent when somebody is woken at once: CollectorBookSloBurn. */
  burnFactor: 14.4,
  /** Of what the journal may hold that is unread: CollectorOutboxFilling. */
  outboxShare: 0.5,
  /** Since a store last took something: CollectorStorageStalled. */
  storeSilenceSeconds: 300,
  /** For how long there must have been something for that store: as long as a conversion may take, sinks.parquet.deadline_seconds. */
  storeBehindMinutes: 10,
} as const

/** A share in per cent, for a text. */
export const percentOf = (share: number): number => Math.round(share * 1_000) / 10

/** Bytes in GB, for a text. */
export const gigabytesOf = (bytes: number): number => bytes / 1_000_000_000
