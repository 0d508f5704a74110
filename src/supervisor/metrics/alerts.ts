/** Which metrics each alert looks at. An alert that is not here looks at none of ours. */
export const ALERT_METRICS = {
  CollectorHighMemory: ['process_resident_memory_bytes'],
  CollectorHighConnections: ['collector_tcp_connections'],
  CollectorPipelineStalled: ['collector_heartbeat_timestamp_seconds'],
  CollectorNoData: ['collector_messages_received_total'],
  CollectorVenueDown: ['collector_last_message_timestamp_seconds', 'collector_venue_maintenance'],
  CollectorBooksUnsynced: ['collector_books_expected', 'collector_books_synced'],
  CollectorUnhealthy: ['collector_health_state'],
  CollectorHealthDegraded: ['collector_health_state'],
  CollectorBookSloBurn: [
    'collector_book_good_seconds_total',
    'collector_book_observed_seconds_total',
    'collector_books_expected',
  ],
  CollectorSequenceGapsHigh: ['collector_book_sequence_gaps_total'],
  CollectorBookIntegrity: ['collector_book_integrity_failures_total', 'process_start_time_seconds'],
  CollectorReconnectStorm: ['collector_ws_reconnects_total'],
  CollectorVenueBanned: ['collector_venue_ban_until_timestamp_seconds'],
  CollectorDataLoss: ['collector_events_dropped_total', 'process_start_time_seconds'],
  CollectorNatsDisconnected: ['collector_nats_connected'],
  CollectorOutboxFilling: ['collector_outbox_bytes', 'collector_outbox_capacity_bytes'],
  CollectorOutboxFullSoon: ['collector_outbox_bytes', 'collector_outbox_capacity_bytes'],
  CollectorStorageStalled: [
    'collector_storage_last_success_timestamp_seconds',
    'collector_sink_behind_bytes',
    'collector_sink_paused',
  ],
  CollectorSinkFailing: ['collector_sink_trouble'],
  CollectorStorageErrors: ['collector_storage_write_errors_total'],
  CollectorResourceTrend: ['collector_trend_rapidly_increasing'],
  CollectorUnaccountedSockets: ['collector_sockets_unaccounted'],
  CollectorFdNearLimit: ['collector_process_file_descriptors', 'collector_process_max_file_descriptors'],
  CollectorEventLoopLag: ['nodejs_eventloop_lag_p99_seconds'],
  CollectorGcPressure: ['nodejs_gc_duration_seconds'],
  CollectorDegradationActive: ['collector_governor_level'],
  CollectorCrashLooping: ['collector_restarts_total'],
  CollectorDiskFilling: ['collector_disk_free_bytes', 'collector_disk_total_bytes'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** The alerts that look at the metric `name`. */
export function alertsOf(name: string): readonly string[] {
  return Object.entries(ALERT_METRICS).flatMap(([alert, metrics]) =>
    metrics.some((metric) => metric === name) ? [alert] : [],
  )
}
