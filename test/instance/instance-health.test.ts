import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { VenueId } from '../../src/core/ids.ts'
import { ask } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { Scraper, SupervisedInstance } from '../app/supervised.ts'

const HEALTH = { grace_seconds: 60, book_seconds: 4, trade_seconds: 6, down_seconds: 4 }
/** To be found out: the longest window, two looks and a report, with what a busy machine adds. */
const FOUND_MS = 20_000
/**
 * Backoff of a venue that was away, 15 s from unhealthy to degraded, 30 s from there to healthy. A busy machine may bring the governor in,
 * which holds each level for half a minute.
 */
const HEALED_MS = 240_000
const TEST_MS = 600_000
/** How long trades are dead beyond their window. */
const DEAD_MS = 10_000
const VENUES = ['okx-spot', 'deribit'] as const satisfies readonly VenueId[]

interface Health {
  readonly code: number
  readonly state: string
  readonly reasons: readonly { readonly component: string; readonly reason: string; readonly text: string }[]
}

async function healthOf(instance: SupervisedInstance): Promise<Health> {
  const { status, text } = await instance.get('/health')
  return { code: status, ...JSON.parse(text) }
}

/** Looks until the state is `state`, for all of these components or reasons; answers how it was then. */
async function untilState(
  instance: SupervisedInstance,
  state: string,
  limitMs: number,
  all: readonly string[] = [],
): Promise<Health> {
  const untilMs = performance.now() + limitMs
  for (;;) {
    const health = await healthOf(instance)
    const told = new Set(health.reasons.flatMap(({ component, reason }) => [component, reason]))
    if (health.state === state && all.every((one) => told.has(one))) return health
    if (performance.now() > untilMs) {
      assert.fail(`${state} ${all.join()} within ${limitMs} ms: ${JSON.stringify(health)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

const codesOf = async (instance: SupervisedInstance): Promise<Readonly<Record<string, number>>> => {
  const paths = ['/health', '/ready', '/live', '/metrics'] as const
  const answers = await Promise.all(paths.map((path) => instance.get(path)))
  return Object.fromEntries(paths.map((path, at) => [path, answers[at]?.status ?? 0]))
}

async function healthyInstance(venues: HeldVenues): Promise<SupervisedInstance> {
  const instance = await SupervisedInstance.start({
    venues,
    config: { health: HEALTH, sinks: { parquet: { enabled: false } } },
  })
  await instance.untilVerified()
  await untilState(instance, 'healthy', HEALED_MS)
  return instance
}

// They wait, most of the time.
describe('the health of an instance', { concurrency: true }, () => {
  test(
    'one venue that is gone makes it degraded, all of them unhealthy, and it is healthy again when they are back',
    {
      timeout: TEST_MS,
    },
    async () => {
      const venues = await HeldVenues.start(VENUES)
      await using instance = await healthyInstance(venues)
      await using scraper = new Scraper(instance.url, ['/metrics'], 250)
      assert.deepEqual(await codesOf(instance), {
        '/health': 200,
        '/ready': 200,
        '/live': 200,
        '/metrics': 200,
      })

      await venues.end('deribit')
      const degraded = await untilState(instance, 'degraded', FOUND_MS, ['venue/deribit'])
      assert.equal(degraded.code, 200)
      assert.ok(
        !degraded.reasons.some(({ component }) => component.endsWith('okx-spot')),
        JSON.stringify(degraded),
      )
      assert.deepEqual(await codesOf(instance), {
        '/health': 200,
        '/ready': 200,
        '/live': 200,
        '/metrics': 200,
      })

      await venues.end('okx-spot')
      const gone = VENUES.map((id) => `venue/${id}`)
      const unhealthy = await untilState(instance, 'unhealthy', FOUND_MS, gone)
      assert.equal(unhealthy.code, 503)
      // A restart would not help: live. Nothing comes: not ready.
      assert.deepEqual(await codesOf(instance), {
        '/health': 503,
        '/ready': 503,
        '/live': 200,
        '/metrics': 200,
      })

      await venues.begin('deribit')
      await venues.begin('okx-spot')
      await untilState(instance, 'healthy', HEALED_MS)
      assert.deepEqual(await codesOf(instance), {
        '/health': 200,
        '/ready': 200,
        '/live': 200,
        '/metrics': 200,
      })
      const { answers, failures } = await scraper.stop()
      assert.deepEqual(failures, [])
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    },
  )

  test(
    'while no trade comes it is never healthy, though every book is fresh',
    { timeout: TEST_MS },
    async () => {
      const venues = await HeldVenues.start(VENUES)
      await using instance = await healthyInstance(venues)
      for (const id of VENUES) venues.faults(id).set({ name: 'mute', channel: 'trade' })
      const foundMs = HEALTH.trade_seconds * 1_000 + FOUND_MS
      const degraded = await untilState(instance, 'degraded', foundMs, ['trade_stale'])
      // A busy machine may bring the governor in.
      const others = degraded.reasons.filter(
        ({ component, reason }) => component !== 'governor' && reason !== 'trade_stale',
      )
      assert.deepEqual(others, [])
      const untilMs = performance.now() + DEAD_MS
      while (performance.now() < untilMs) {
        const { state, code } = await healthOf(instance)
        assert.notEqual(state, 'healthy')
        assert.equal(code, 200, 'books come: degraded, not unhealthy')
        const { venues: told } = await instance.status()
        for (const { ageMs, books } of told) {
          assert.ok(
            (ageMs.book ?? Infinity) < HEALTH.book_seconds * 1_000,
            `books are fresh: ${ageMs.book} ms`,
          )
          assert.equal(books.live, books.expected)
        }
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      for (const id of VENUES) venues.faults(id).clear()
      await untilState(instance, 'healthy', HEALED_MS)
    },
  )

  test(
    'HEAD answers as GET, without a body; other methods and paths are refused',
    { timeout: 120_000 },
    async () => {
      await using instance = await SupervisedInstance.start({
        venues: await HeldVenues.start(['okx-spot']),
        config: { sinks: { parquet: { enabled: false } } },
      })
      await instance.untilVerified()
      for (const path of ['/', '/health', '/ready', '/live', '/version', '/status', '/metrics']) {
        const [whole, head] = [
          await ask(instance.url + path),
          await ask(instance.url + path, { method: 'HEAD' }),
        ]
        assert.equal(head.status, whole.status, path)
        assert.equal(head.text, '', path)
        assert.equal(head.headers['content-type'], whole.headers['content-type'], path)
        assert.ok(whole.text.length > 0, path)
        assert.equal((await ask(instance.url + path, { method: 'POST' })).status, 405, path)
      }
      assert.equal((await ask(`${instance.url}/nothing`)).status, 404)
      // Without a token of its configuration there is nothing below /admin/.
      assert.equal((await ask(`${instance.url}/admin/objects`, { method: 'POST' })).status, 404)
    },
  )
})
