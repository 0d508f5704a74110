import type { ComponentState, HealthState } from '../../health/verdict.ts'
import { END_REASONS, type ChildState, type Instance } from '../instance.ts'
import { counter, type Family, gauge, type Sample } from './metric.ts'
import { asNumber, epochSeconds, SUPERVISOR, withZeros } from './reading.ts'

const COMPONENT = ['component']
const PROCESS = ['process']
/** What is answered with 200 is 0 or 1, what is answered with 503 is 2. */
const HEALTH_VALUES: Readonly<Record<HealthState, number>> = {
  starting: 0,
  healthy: 0,
  degraded: 1,
  unhealthy: 2,
  stopping: 2,
}
const COMPONENT_VALUES: Readonly<Record<ComponentState, number>> = {
  starting: 0,
  ok: 0,
  recoverable: 1,
  permanent: 2,
  stopping: 2,
  stopped: 2,
}
const CHILD_STATES = [
  'running',
  'stalling',
  'unhealthy',
  'waiting',
  'looping',
  'stopping',
  'stopped',
] as const satisfies readonly ChildState['name'][]
/** Ends that are counted. */
const COUNTED_ENDS = END_REASONS.filter((reason) => reason !== 'asked')

function heartbeats(instance: Instance): readonly Sample[] {
  return [
    [SUPERVISOR, instance.nowMs / 1_000],
    ...instance.children.map(({ name, heardUs, startUs }): Sample => {
      const signUs = heardUs ?? startUs
      return [name, signUs === undefined ? undefined : epochSeconds(instance, signUs)]
    }),
  ]
}

function snapshots(instance: Instance): readonly Sample[] {
  return [
    [SUPERVISOR, instance.nowMs / 1_000],
    ...instance.children.map(({ name, heardUs }): Sample => [
      name,
      heardUs === undefined ? undefined : epochSeconds(instance, heardUs),
    ]),
  ]
}

/** How the instance is. */
export const HEALTH_FAMILY: Family = {
  title: 'Health',
  doc: 'The verdict that /health tells. It never has an effect on /metrics.',
  metrics: [
    gauge(
      'collector_health_state',
      'State: 0 good (healthy or starting), 1 degraded, 2 unhealthy or stopping. The component overall is the whole instance.',
      COMPONENT,
      ({ verdict }) => [
        ['overall', HEALTH_VALUES[verdict.state]],
        ...verdict.components.map(({ name, state }): Sample => [name, COMPONENT_VALUES[state]]),
      ],
    ),
    gauge(
      'collector_health_reason',
      'Why a component is not well: 1. Absent when it is.',
      ['component', 'reason'],
      ({ verdict }) => verdict.reasons.map(({ component, reason }) => [component, reason, 1]),
    ),
    counter(
      'collector_health_transitions_total',
      'Changes of the state of the whole instance, number.',
      [],
      ({ verdict }) => [[verdict.transitions]],
    ),
    counter(
      'collector_health_flaps_total',
      'Changes of the state that went back within 30 seconds, number.',
      [],
      ({ verdict }) => [[verdict.flaps]],
    ),
  ],
}

/** The processes that the supervisor watches. */
export const CHILDREN_FAMILY: Family = {
  title: 'Supervision',
  doc: 'Told by the supervisor of the processes that it watches.',
  metrics: [
    gauge(
      'collector_heartbeat_timestamp_seconds',
      'When a process was last heard from, seconds since 1970. Before the first time of a process: when it was started.',
      COMPONENT,
      heartbeats,
    ),
    gauge(
      'collector_snapshot_timestamp_seconds',
      'As of when the metrics of a process are, seconds since 1970. Absent while it has told nothing.',
      COMPONENT,
      snapshots,
    ),
    gauge(
      'collector_child_state',
      'Where a process stands: 1 for the state that it is in, 0 for the others.',
      ['process', 'state'],
      ({ children }) =>
        children.flatMap(({ name, state }) =>
          CHILD_STATES.map((each): Sample => [name, each, asNumber(state.name === each)]),
        ),
    ),
    gauge(
      'collector_child_start_time_seconds',
      'When a process was started, seconds since 1970. Absent while it is not running.',
      PROCESS,
      (instance) =>
        instance.children.map(({ name, startUs }) => [
          name,
          startUs === undefined ? undefined : epochSeconds(instance, startUs),
        ]),
    ),
    counter(
      'collector_restarts_total',
      'How often a process was started again, number, by why the one before it ended.',
      ['process', 'reason'],
      ({ children }) =>
        children.flatMap(({ name, restartsBy }) =>
          withZeros(COUNTED_ENDS, restartsBy).map(([reason, count]): Sample => [name, reason, count]),
        ),
    ),
    gauge(
      'collector_last_exit_code',
      'Exit code of the last end of a process. Absent when a signal ended it.',
      ['process', 'reason'],
      ({ children }) =>
        children.flatMap(({ name, lastEnd }): readonly Sample[] =>
          lastEnd === undefined ? [] : [[name, lastEnd.reason, lastEnd.code]],
        ),
    ),
  ],
}
