import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Status } from '../../src/app/status.ts'
import { TrendDetector } from '../../src/governor/trend.ts'
import {
  areSocketsAsPlanned,
  cutAll,
  descriptorsOf,
  laterGrowth,
  megabytes,
  passed,
  reconnectsOf,
  Recorder,
  residentBytes,
  trendOf,
} from '../app/incident-rig.ts'
import { PlainServer } from '../app/plain-server.ts'
import { SlowStore } from '../app/slow-store.ts'
import { areVerified, Scraper, SupervisedInstance } from '../app/supervised.ts'

/** `MARKETPRISM_LONG=1`: ten minutes in place of forty seconds, and a store that is slow for one. */
const IS_LONG = process.env['MARKETPRISM_LONG'] === '1'
const SECONDS = IS_LONG ? 600 : 40
/** What one acknowledgement took on the day of the incident. */
const DELAY_MS = 150
const CUT_MS = 10_000
/** Attempts that follow each other within a minute wait longer and longer: half a minute at most. */
const BACK_LIMIT_MS = 45_000
/** Books are seen to stay live for so long after each resync. */
const STAYING_MS = 3_000
const SCRAPE_MS = 100
/** Beyond what a plain server needs at the same time: the machine may have much else to do. */
const P99_LIMIT_MS = 100
/** Of what a queue in memory would keep, RSS may grow by this share: the heap is collected only once it has grown, and more so at first. */
const RSS_SHARE = IS_LONG ? 0.05 : 0.2
/** What stays behind each second is at least so much: in memory it would be seen at once. */
const BEHIND_BYTES = 300_000
/** One by one they come and go: a request for a snapshot, a scrape, a segment. */
const DESCRIPTORS_LIMIT = 0.2

/** How long the store stays slow once that is seen. */
const SLOW_MS = IS_LONG ? 60_000 : 1_000
const SINK_SECONDS = 2
/** As bad for so long at most: the backlog, and then half a minute without a fault, or the holds of the governor on a busy machine. */
const HEALTHY_LIMIT_MS = IS_LONG ? 400_000 : 180_000

test(
  `the incident: fifty messages a second and book, ${DELAY_MS} ms for each insert, every socket cut every ten seconds: nothing grows but the journal`,
  { timeout: SECONDS * 1_000 + 120_000 },
  async (t) => {
    await using store = await SlowStore.start(DELAY_MS)
    await using instance = await SupervisedInstance.start({
      market: { speed: 5 },
      config: {
        health: { sink_seconds: 3 },
        sinks: {
          parquet: { enabled: false },
          // Ten records an insert are one of each book: what a publisher for each of ten symbols would get.
          clickhouse: { enabled: true, url: store.url, batch_records: 10, linger_ms: 10 },
        },
      },
    })
    await instance.untilVerified()
    await using plain = await PlainServer.start()
    await using control = new Scraper(plain.url, ['/'], SCRAPE_MS)
    await using recorder = new Recorder(instance)
    await using scraper = new Scraper(instance.url, ['/metrics', '/health'], SCRAPE_MS)
    const cuts: Cut[] = []
    const endMs = performance.now() + SECONDS * 1_000
    // The longer they have to wait for their next attempt, the more rarely they can be cut.
    for (let dueMs = performance.now() + CUT_MS; dueMs < endMs; dueMs = performance.now() + CUT_MS) {
      await passed(Math.max(0, dueMs - performance.now()))
      cuts.push(await cutAndBack(instance, recorder))
    }
    await passed(Math.max(0, endMs - performance.now()))
    const looks = await recorder.stop()
    const scrapes = await scraper.stop()
    const plainly = await control.stop()

    const last = await instance.until('the sockets are as planned', areSocketsAsPlanned)
    const [before, after] = [looks[0]?.status, last.status]
    assert.ok(before !== undefined)
    const growth = laterGrowth(looks, residentBytes)
    const behind = laterGrowth(looks, behindBytes)
    const descriptors = laterGrowth(looks, descriptorsOf)
    const sockets = cuts.reduce((sum, cut) => sum + cut.sockets, 0)
    const backMs = Math.max(...cuts.map(({ ms }) => ms))
    t.diagnostic(
      `RSS ${megabytes(residentBytes(before))}, then ${megabytes(residentBytes(after))}, ${(growth / 1e3).toFixed(0)} kB/s over the second half; journal unread ${megabytes(behindBytes(after))}, ${(behind / 1e3).toFixed(0)} kB/s`,
    )
    t.diagnostic(
      `descriptors ${descriptorsOf(before)}, then ${descriptorsOf(after)}; ${sockets} sockets cut, books back within ${(backMs / 1_000).toFixed(1)} s; ${shown(scrapes, plainly)}`,
    )
    assertAnswered(scrapes, plainly)
    assert.ok(behind > BEHIND_BYTES, `the store is too slow: ${behind.toFixed(0)} bytes a second stay behind`)
    assert.ok(growth < behind * RSS_SHARE, `RSS grows by ${growth.toFixed(0)} bytes a second`)
    assert.ok(descriptors < DESCRIPTORS_LIMIT, `descriptors grow by ${descriptors} a second`)
    assert.ok(descriptorsOf(after) - descriptorsOf(before) < 10)
    assert.ok(cuts.length >= (IS_LONG ? 10 : 2), `${cuts.length} times cut`)
    for (const { status } of looks) {
      assert.ok(status.processes.every(({ restarts }) => restarts === 0))
      assert.ok(status.governor.level < 2, `level ${status.governor.level}`)
    }
    assert.equal(after.state, 'degraded')
    assert.ok(
      after.reasons.some(
        ({ component, reason }) => component === 'sink/clickhouse' && reason === 'sink_behind',
      ),
      JSON.stringify(after.reasons),
    )
    assert.equal(trendOf(new TrendDetector('memory'), looks, residentBytes).isRapidlyIncreasing, false)
  },
)

test(
  'a slow store makes the instance degraded, with 200 and the reason, and healthy again once it has caught up',
  { timeout: HEALTHY_LIMIT_MS * 2 + SLOW_MS + 120_000 },
  async (t) => {
    await using store = await SlowStore.start(0)
    await using instance = await SupervisedInstance.start({
      market: { speed: 1 },
      config: {
        health: { sink_seconds: SINK_SECONDS },
        sinks: {
          parquet: { enabled: false },
          clickhouse: { enabled: true, url: store.url, batch_records: 10, linger_ms: 10 },
        },
      },
    })
    await instance.untilVerified()
    await instance.until('it is healthy', ({ state }) => state === 'healthy', HEALTHY_LIMIT_MS)
    await using plain = await PlainServer.start()
    await using control = new Scraper(plain.url, ['/'], SCRAPE_MS)
    await using scraper = new Scraper(instance.url, ['/metrics', '/health', '/ready'], SCRAPE_MS)
    await using recorder = new Recorder(instance)
    store.delayMs = DELAY_MS
    const degraded = await recorder.until('it is degraded', isBehind, BACK_LIMIT_MS)
    const answer = await instance.get('/health')
    assert.equal(answer.status, 200)
    assert.match(answer.text, /"state":"degraded".*Behind the journal by \d+ s \(allowed: 2 s\)/)
    const seen = recorder.looks.length
    await passed(SLOW_MS)
    for (const { status } of recorder.looks.slice(seen))
      assert.ok(isBehind(status), JSON.stringify(status.reasons))

    store.delayMs = 0
    const healthy = await recorder.until(
      'it is healthy',
      ({ state }) => state === 'healthy',
      HEALTHY_LIMIT_MS,
    )
    const scrapes = await scraper.stop()
    const plainly = await control.stop()
    t.diagnostic(
      `degraded after ${(degraded.ms / 1e3).toFixed(1)} s, healthy ${(healthy.ms / 1e3).toFixed(1)} s after the store was quick; ${shown(scrapes, plainly)}`,
    )
    assertAnswered(scrapes, plainly)
    assert.ok(scrapes.answers.every(({ status }) => status === 200))
    assert.deepEqual(healthy.status.reasons, [])
    assert.ok(healthy.status.processes.every(({ restarts }) => restarts === 0))
  },
)

interface Cut {
  readonly sockets: number
  /** Until every book was verified again, and every socket as planned. */
  readonly ms: number
}

/** Cuts all sockets, waits until they are back, and sees that the books stay live from then on. */
async function cutAndBack(instance: SupervisedInstance, recorder: Recorder): Promise<Cut> {
  const [last] = recorder.looks.slice(-1)
  assert.ok(last !== undefined)
  const before = reconnectsOf(last.status)
  const sockets = await cutAll(instance)
  const { ms } = await recorder.until(
    'all books are live on other sockets',
    (status) =>
      reconnectsOf(status) >= before + sockets && areVerified(status) && areSocketsAsPlanned(status),
    BACK_LIMIT_MS,
  )
  const seen = recorder.looks.length
  await passed(STAYING_MS)
  assert.ok(
    recorder.looks.slice(seen).every(({ status }) => areVerified(status)),
    'the books stay verified after the resync',
  )
  return { sockets, ms }
}

type Scrapes = Awaited<ReturnType<Scraper['stop']>>

const shown = ({ answers, p99Ms }: Scrapes, plainly: Scrapes): string =>
  `${answers.length} scrapes, p99 ${p99Ms.toFixed(0)} ms, of a plain server ${plainly.p99Ms.toFixed(0)} ms`

/** Every scrape is answered, and soon, unless the machine itself stood still. */
function assertAnswered(scrapes: Scrapes, plainly: Scrapes): void {
  assert.ok(scrapes.failures.length <= plainly.failures.length, scrapes.failures.join('\n'))
  assert.ok(scrapes.p99Ms < P99_LIMIT_MS + plainly.p99Ms, shown(scrapes, plainly))
}

const behindBytes = ({ sinks }: Status): number => sinks[0]?.behindBytes ?? 0

const isBehind = ({ state, reasons }: Status): boolean =>
  state === 'degraded' &&
  reasons.some(({ component, reason }) => component === 'sink/clickhouse' && reason === 'sink_behind')
