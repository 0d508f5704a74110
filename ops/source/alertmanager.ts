import type { Severity } from './alert.ts'
import { yamlOf } from './generated-yaml.ts'
import type { Site } from './site.ts'

/** Alerts of one group in one notification, at most. The bridge is told how many more there are. */
const ALERTS_LIMIT = 100

/**
 * `group_interval` is how long a group waits with what is new, and also after how long a send is given up; `repeat_interval` is rounded
 * up to a multiple of it. At 10 s the bridge would have no time to come back from a restart.
 */
const GROUP_INTERVAL = { page: '30s', other: '1m' } as const

/** What tells the alerts of one name apart. A label that neither of two alerts has counts as equal. */
const IDENTITY = ['instance', 'venue', 'sink', 'process', 'component', 'resource', 'path', 'robot']

/** An alert that makes others needless. */
interface Inhibition {
  readonly source_matchers: readonly string[]
  readonly target_matchers: readonly string[]
  /** Labels that both must have with the same value, or both lack. */
  readonly equal?: readonly string[]
}

const isOneOf = (...names: readonly string[]): string => `alertname=~"${names.join('|')}"`

/** All but the alert itself, the way of the alerts, which is not the collector, and the heartbeat, which nothing may mute. */
const CONSEQUENCES = ['alertname=~"Collector.+"', 'alertname!~"CollectorDown|CollectorAlertDeliveryFailing"']

const INHIBITIONS: readonly Inhibition[] = [
  {
    source_matchers: ['alertname="CollectorDown"', 'instance!=""'],
    target_matchers: CONSEQUENCES,
    equal: ['instance'],
  },
  // Where there is no target at all, there is no instance either, and what is left is about those that were.
  { source_matchers: ['alertname="CollectorDown"', 'instance=""'], target_matchers: CONSEQUENCES },
  {
    source_matchers: ['alertname="CollectorNoData"'],
    target_matchers: [isOneOf('CollectorVenueDown', 'CollectorBooksUnsynced', 'CollectorBookSloBurn')],
    equal: ['instance'],
  },
  // The whole of it: of several collectors, the venue of one says nothing of the others.
  {
    source_matchers: ['alertname="CollectorPipelineStalled"', 'component="collector"'],
    target_matchers: [
      isOneOf('CollectorNoData', 'CollectorVenueDown', 'CollectorBooksUnsynced', 'CollectorBookSloBurn'),
    ],
    equal: ['instance'],
  },
  {
    source_matchers: ['alertname="CollectorVenueBanned"', 'venue!=""'],
    target_matchers: [
      isOneOf(
        'CollectorVenueDown',
        'CollectorBooksUnsynced',
        'CollectorBookSloBurn',
        'CollectorReconnectStorm',
      ),
      'venue!=""',
    ],
    equal: ['instance', 'venue'],
  },
  {
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity="warning"'],
    equal: ['alertname', ...IDENTITY],
  },
  // The same thing under two names, the earlier one a warning.
  {
    source_matchers: ['alertname="CollectorOutboxFullSoon"'],
    target_matchers: ['alertname="CollectorOutboxFilling"'],
    equal: ['instance'],
  },
  {
    source_matchers: ['alertname="CollectorStorageStalled"', 'sink!=""'],
    target_matchers: [isOneOf('CollectorStorageErrors', 'CollectorSinkFailing'), 'sink!=""'],
    equal: ['instance', 'sink'],
  },
  {
    source_matchers: ['alertname="CollectorNatsDisconnected"'],
    target_matchers: ['alertname="CollectorSinkFailing"', 'sink="nats"'],
    equal: ['instance'],
  },
]

/** Who is told what: everything goes to the bridge, which has the robots. */
export function alertmanagerConfig(site: Site): string {
  const { watchdog_url: outside } = site
  const watchdog = {
    matchers: ['alertname="Watchdog"'],
    group_wait: '0s',
    group_interval: '1m',
    repeat_interval: '5m',
  }
  return yamlOf({
    global: { resolve_timeout: '5m' },
    route: {
      receiver: 'dingtalk',
      group_by: ['alertname', 'severity'],
      group_wait: '10s',
      group_interval: GROUP_INTERVAL.other,
      repeat_interval: '1h',
      routes: [
        ...(outside === undefined ? [] : [{ ...watchdog, receiver: 'outside', continue: true }]),
        { ...watchdog, receiver: 'heartbeat' },
        {
          matchers: [severityIs('critical')],
          receiver: 'dingtalk',
          group_interval: GROUP_INTERVAL.page,
          repeat_interval: '5m',
        },
        { matchers: [severityIs('info')], receiver: 'null' },
      ],
    },
    receivers: [
      { name: 'null' },
      {
        name: 'dingtalk',
        webhook_configs: [
          {
            url: `${site.bridge_url}/dingtalk/collector/send`,
            send_resolved: true,
            max_alerts: ALERTS_LIMIT,
          },
        ],
      },
      heartbeatTo('heartbeat', `${site.bridge_url}/heartbeat`),
      ...(outside === undefined ? [] : [heartbeatTo('outside', outside)]),
    ],
    inhibit_rules: INHIBITIONS,
  })
}

const severityIs = (severity: Severity): string => `severity="${severity}"`

/** The end of the heartbeat is that it stays away: nobody would miss it if he were told. */
const heartbeatTo = (name: string, url: string): object => ({
  name,
  webhook_configs: [{ url, send_resolved: false }],
})
