import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { missingForStack } from '../../scripts/alert-stack.ts'
import type { Status } from '../../src/app/status.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { SupervisedInstance } from '../app/supervised.ts'
import { until } from '../app/asking.ts'
import { dashboard, panelsOf, uidsOf } from '../ops/dashboard-files.ts'
import { type Answered, MonitoringStack, sendAlert } from '../ops/monitoring-stack.ts'
import { substituted } from '../ops/promql.ts'
import { natsServer, NATS_SKIPPED } from '../sinks/nats-server.ts'

const LIMIT_MS = 120_000
/** For all queries to be answered, once everything has happened that they ask for. */
const ANSWERED_MS = 60_000
/** The venue that misbehaves, and that the dashboard of one venue shows. */
const VENUE = 'binance-spot'
/** So often a book is lost: of a histogram a rate is known once it has grown before the eyes of Prometheus. */
const CUTS = 3
const MALFORMED = 2

/** What a run of a minute does not tell, by a word of the query, each with why. */
const SILENT: Readonly<Record<string, string>> = {
  collector_resource_exhaustion_seconds: 'needs 24 minutes of floors: test/governor/trend.test.ts',
  collector_trend_slope_per_minute: 'needs 24 minutes of floors: test/governor/trend.test.ts',
  collector_journal_unread_removed_total:
    'needs a journal that is full: test/instance/instance-metrics.test.ts',
}

/** An alert that always fires, of a venue as those of ours are. */
const ALWAYS = {
  name: 'always',
  rules: [
    {
      alert: 'Always',
      expr: `collector_venue_maintenance{venue="${VENUE}"} >= 0`,
      labels: { service: 'collector', severity: 'warning' },
    },
  ],
}

/** One query, and where it stands. */
interface Query {
  readonly name: string
  readonly expr: string
  readonly isInstant: boolean
  /** Labels that its legend names. */
  readonly labels: readonly string[]
}

/** Every query of every dashboard, variables as Grafana would have them for this instance. */
function queriesFor(instance: string): readonly Query[] {
  // A rate needs two scrapes within its range; Grafana makes it four times as long as their interval.
  const variables = { __rate_interval: '4s', __range: '5m', instance, venue: VENUE }
  return uidsOf('en').flatMap((uid) => {
    const shown = dashboard(uid, 'en')
    const ofPanels = panelsOf(shown).flatMap(({ name, targets }) =>
      targets.map(({ refId, expr, instant, legendFormat = '' }) => ({
        name: `${name} ${refId}`,
        expr: substituted(expr, variables),
        isInstant: instant === true,
        labels: labelsIn(legendFormat),
      })),
    )
    const ofAnnotations = (shown.annotations.list ?? []).map(({ name, expr = '', titleFormat = '' }) => ({
      name: `${uid}: ${name}`,
      expr: substituted(expr, variables),
      isInstant: false,
      labels: labelsIn(titleFormat),
    }))
    return ofPanels.concat(ofAnnotations)
  })
}

const labelsIn = (format: string): readonly string[] =>
  [...format.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)

const isSilent = ({ expr }: Query): boolean => Object.keys(SILENT).some((word) => expr.includes(word))

/** What a query lacks; `undefined` where it is answered with values, all with the labels of its legend. */
async function lackOf(stack: MonitoringStack, query: Query): Promise<string | undefined> {
  const series = query.isInstant ? await stack.instant(query.expr) : await stack.range(query.expr)
  const told = series.filter(({ values }) => values.length > 0)
  if (told.length === 0) return `${query.name}: nothing for ${query.expr}`
  const isThere = (label: string): boolean => {
    const has = ({ labels }: Answered): boolean => label in labels
    // An alert has the labels of its expression: not every one is of a venue.
    return query.expr.includes('ALERTS{') ? told.some(has) : told.every(has)
  }
  const missing = query.labels.filter((label) => !isThere(label))
  return missing.length > 0 ? `${query.name}: no ${missing.join(', ')} in ${query.expr}` : undefined
}

/** Gaps of the venue because a socket ended: told once its books are live again. */
const disconnections = ({ venues }: Status): number =>
  venues.find(({ venue }) => venue === VENUE)?.gapsBy.disconnected ?? 0

/** Frames of the venue that could not be read. */
const refusals = ({ venues }: Status): number =>
  Object.values(venues.find(({ venue }) => venue === VENUE)?.refusedBy ?? {}).reduce(
    (sum, count) => sum + count,
    0,
  )

/** Venue, sockets, sinks, heap and alerts do what seldom happens. */
async function misbehave(
  instance: SupervisedInstance,
  venues: HeldVenues,
  stack: MonitoringStack,
): Promise<void> {
  instance.fault('collect')
  venues.faults(VENUE).set({ name: 'malformed', times: MALFORMED })
  venues.faults(VENUE).set({ name: 'http_429', times: 1, value: 3 })
  // A book that is lost already has no gap of a socket that ends.
  await instance.until('what is malformed is told', (status) => refusals(status) >= MALFORMED, LIMIT_MS)
  await instance.untilVerified(LIMIT_MS)
  for (let cut = 0; cut < CUTS; cut++) {
    const before = disconnections(await instance.status())
    venues.cut(VENUE)
    await instance.until('a gap is told', (status) => disconnections(status) > before, LIMIT_MS)
    await instance.untilVerified(LIMIT_MS)
  }
  const labels = { alertname: 'Always', severity: 'warning' }
  assert.equal(await sendAlert(`${stack.bridgeUrl}/dingtalk/collector/send`, labels), 200)
  assert.equal(await sendAlert(`${stack.bridgeUrl}/heartbeat`, { alertname: 'Watchdog' }), 200)
}

test(
  'every query of every dashboard is answered after a run with faults, with the labels of its legend',
  { skip: NATS_SKIPPED || (missingForStack() ?? false), timeout: 600_000 },
  async (t) => {
    await using nats = await natsServer()
    const venues = await HeldVenues.start()
    const config = {
      publish: { books: { every_ms: 100 } },
      sinks: {
        nats: { enabled: true, servers: [nats.url], stream: { max_bytes: 100_000_000 } },
        parquet: { enabled: true },
        // Nobody listens there: a sink in trouble.
        clickhouse: { enabled: true, url: 'http://127.0.0.1:9' },
      },
    }
    await using instance = await SupervisedInstance.start({ venues, config })
    await using stack = await MonitoringStack.start(instance.url, stringify({ groups: [ALWAYS] }))
    await instance.untilVerified(LIMIT_MS)
    await misbehave(instance, venues, stack)

    const queries = queriesFor(new URL(instance.url).host)
    let lacking = queries.filter((query) => !isSilent(query))
    let lacks: string[] = []
    await until(
      'every query is answered',
      async () => {
        const found: { readonly query: Query; readonly lack: string }[] = []
        for (const query of lacking) {
          const lack = await lackOf(stack, query)
          if (lack !== undefined) found.push({ query, lack })
        }
        lacking = found.map(({ query }) => query)
        lacks = found.map(({ lack }) => lack)
        return lacking.length === 0
      },
      ANSWERED_MS,
      () => `\n${lacks.join('\n')}`,
    )

    const surprising: string[] = []
    for (const query of queries.filter(isSilent)) {
      if ((await lackOf(stack, query)) === undefined) surprising.push(query.name)
    }
    assert.deepEqual(surprising, [], 'said to be silent')
    const mistyped: Query = { name: '', expr: 'collector_tcp_conections', isInstant: false, labels: [] }
    assert.match((await lackOf(stack, mistyped)) ?? '', /nothing/)
    const silent = queries.filter(isSilent).length
    t.diagnostic(`${queries.length - silent} queries answered, ${silent} silent`)
  },
)
