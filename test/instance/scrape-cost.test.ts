import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureScrapeCost } from '../app/scrape-cost.ts'
import { SupervisedInstance } from '../app/supervised.ts'

const SHARE_LIMIT = 0.02
/** Short windows on a machine that is also used otherwise differ by so much. Rendering in the collector would cost many times it. */
const NOISE_SHARE = 0.25
/** Two processors have the venues, the instance and fifty clients to serve. */
const P99_LIMIT_MS = 1_000

test('fifty scrapers cost the collector two percent of its time per frame at most, give or take the noise of 25 %', async (context) => {
  await using instance = await SupervisedInstance.start()
  await instance.untilVerified()
  const cost = await measureScrapeCost(instance, { rounds: 4, windowMs: 3_000, scrapers: 50, pauseMs: 50 })
  const { share, scrapes, failures, p99Ms } = cost
  context.diagnostic(
    `${(share.middle * 100).toFixed(1)} % more; ${scrapes} scrapes, p99 ${p99Ms.toFixed(0)} ms`,
  )
  assert.deepEqual(failures, [])
  assert.ok(scrapes > 500, `${scrapes} scrapes`)
  assert.ok(share.middle < SHARE_LIMIT + NOISE_SHARE, JSON.stringify(cost))
  assert.ok(p99Ms < P99_LIMIT_MS, `p99 ${p99Ms} ms`)
})
