import { TCP_STATES } from '../../runtime/processes.ts'
import type { ConnectionCounts, Instance } from '../instance.ts'
import { counter, type Family, gauge, type Sample } from './metric.ts'
import { perReadings, processesOf, smallestOf, sumOf, withZeros } from './reading.ts'

const PROCESS = ['process']
/** Connections only: who listens is connected to nobody. */
const CONNECTION_STATES = TCP_STATES.filter((state) => state !== 'listen')

const connections =
  (read: (counts: ConnectionCounts) => number) =>
  ({ connections: counts }: Instance): readonly Sample[] => [
    [counts === undefined ? undefined : read(counts)],
  ]

/** Processes as the system sees them. */
export const PROCESS_FAMILY: Family = {
  title: 'Processes and their resources',
  doc: 'Read from outside by the supervisor, so they are there while a process hangs. `process` is `supervisor`, `collector` or `delivery`; metrics without it are of all of them together. Absent where the system has no /proc.',
  metrics: [
    gauge(
      'process_resident_memory_bytes',
      'Memory in use, bytes, all processes together.',
      [],
      (instance) => [[sumOf(processesOf(instance).map(({ readings }) => readings?.residentBytes))]],
    ),
    counter(
      'process_cpu_seconds_total',
      'Processor time used, seconds, by the processes that run: it falls when one ends. For rates use collector_process_cpu_seconds_total.',
      [],
      (instance) => [[sumOf(processesOf(instance).map(({ readings }) => readings?.cpuSeconds))]],
    ),
    gauge(
      'process_max_fds',
      'File descriptors that one process may have: the least of the limits of all processes.',
      [],
      (instance) => [[smallestOf(processesOf(instance).map(({ readings }) => readings?.descriptorLimit))]],
    ),
    gauge(
      'process_start_time_seconds',
      'When the instance was started, seconds since 1970.',
      [],
      ({ startMs }) => [[startMs / 1_000]],
    ),
    gauge(
      'collector_file_descriptors',
      'Open file descriptors, number, all processes together.',
      [],
      (instance) => [[sumOf(processesOf(instance).map(({ readings }) => readings?.descriptors))]],
    ),
    gauge(
      'collector_tcp_connections',
      'TCP connections, number, all processes together, without listening sockets.',
      [],
      connections(({ total }) => total),
    ),
    gauge(
      'collector_tcp_connections_by_state',
      'TCP connections by state, number, all processes together.',
      ['state'],
      ({ connections: counts }) => (counts === undefined ? [] : withZeros(CONNECTION_STATES, counts.byState)),
    ),
    gauge(
      'collector_connections_registered',
      'TCP connections that their owners know of, number.',
      [],
      connections(({ registered }) => registered),
    ),
    gauge(
      'collector_sockets_unaccounted',
      'TCP connections that nobody answers for, number: 0 unless something leaks.',
      [],
      connections(({ unaccounted }) => unaccounted),
    ),
    gauge(
      'collector_process_resident_memory_bytes',
      'Memory in use, bytes.',
      PROCESS,
      perReadings(({ residentBytes }) => residentBytes),
    ),
    counter(
      'collector_process_cpu_seconds_total',
      'Processor time used, seconds.',
      PROCESS,
      perReadings(({ cpuSeconds }) => cpuSeconds),
    ),
    gauge(
      'collector_process_threads',
      'Threads, number.',
      PROCESS,
      perReadings(({ threads }) => threads),
    ),
    gauge(
      'collector_process_file_descriptors',
      'Open file descriptors, number.',
      PROCESS,
      perReadings(({ descriptors }) => descriptors),
    ),
    gauge(
      'collector_process_max_file_descriptors',
      'File descriptors that the process may have, number.',
      PROCESS,
      perReadings(({ descriptorLimit }) => descriptorLimit),
    ),
  ],
}
