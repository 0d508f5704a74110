import type { SheddingReport } from '../../telemetry/report.ts'
import type { Instance } from '../instance.ts'
import { counter, type Family, gauge, type Sample } from './metric.ts'
import { asNumber, collectorsOf, worstCollector } from './reading.ts'

const perTrend =
  (read: (trend: Instance['trends'][number]) => number | undefined) =>
  ({ trends }: Instance): readonly Sample[] =>
    trends.map((trend) => [trend.resource, read(trend)])

const perShedding =
  (read: (shedding: SheddingReport) => readonly Sample[]) =>
  (instance: Instance): readonly Sample[] =>
    collectorsOf(instance).flatMap(({ report }) => read(report.shedding))

/** Pressure, and what is done against it. */
export const GOVERNOR_FAMILY: Family = {
  title: 'Governor',
  doc: 'Told by the supervisor; what the collector has really left out, by the collector.',
  metrics: [
    gauge(
      'collector_governor_level',
      'Level: 0 normal, 1 pressure, 2 shed, 3 survive, 4 controlled restart.',
      [],
      ({ governor }) => [[governor.level]],
    ),
    gauge(
      'collector_governor_pressure',
      'Each signal by its own limit: at 1 level 3 is entered.',
      ['signal'],
      ({ governor }) => Object.entries(governor.pressures),
    ),
    gauge(
      'collector_governor_action_active',
      'Whether the governor asks for the action: 1 yes, 0 no.',
      ['action'],
      ({ governor }) =>
        Object.entries(governor.actions).map(([action, isActive]) => [action, asNumber(isActive)]),
    ),
    counter(
      'collector_governor_actions_total',
      'How often the governor has asked for the action, number.',
      ['action'],
      ({ governor }) => Object.entries(governor.askedBy),
    ),
    counter(
      'collector_governor_transitions_total',
      'Changes of the level, number: up and down.',
      ['direction'],
      ({ governor: { ups, downs } }) => [
        ['up', ups],
        ['down', downs],
      ],
    ),
    gauge(
      'collector_shedding_level',
      'Level that the collector works at, as the governor last told it; the highest, where there are several.',
      [],
      worstCollector(({ shedding }) => shedding.level),
    ),
    gauge(
      'collector_shedding_action_active',
      'Actions that are in force in the collector: 1. Absent when they are not.',
      ['action'],
      perShedding(({ actions }) => actions.map((action) => [action, 1])),
    ),
    counter(
      'collector_shed_total',
      'What the collector did because the governor asked, number, by action: tops left out (slow_tops) or cut (less_depth), instruments paused, sockets ended, connections replaced, collections forced, renewals left out.',
      ['action'],
      perShedding(({ shedBy }) => Object.entries(shedBy)),
    ),
    gauge(
      'collector_trend_slope_per_minute',
      'How a resource grows, in bytes or descriptors, each minute.',
      ['resource'],
      perTrend(({ slopePerMinute }) => slopePerMinute),
    ),
    gauge(
      'collector_trend_rapidly_increasing',
      'Whether a resource grows steadily and fast: 1 yes, 0 no.',
      ['resource'],
      perTrend(({ isRapidlyIncreasing }) => asNumber(isRapidlyIncreasing)),
    ),
    gauge(
      'collector_resource_exhaustion_seconds',
      'Seconds until a resource reaches its limit, at the present slope. Absent where it does not.',
      ['resource'],
      perTrend(({ exhaustionSeconds }) => exhaustionSeconds),
    ),
  ],
}
