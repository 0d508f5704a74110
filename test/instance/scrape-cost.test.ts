import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Status } from '../../src/app/status.ts'
import { measureScrapeCost } from '../app/scrape-cost.ts'
import { processNamed, SupervisedInstance } from '../app/supervised.ts'

const SHARE_LIMIT = 0.02
/** Short windows on a machine that is also used otherwise differ by so much. Rendering in the collector would cost many times it. */
const NOISE_SHARE = 0.25
/** Two processors have the venues, the instance and fifty clients to serve. */
const P99_LIMIT_MS = 1_000
/** What the answers of fifteen seconds leave behind at most; those of a whole run, collected by need alone, left 150 MB. */
const GROWTH_BYTES = 30_000_000

test('fifty scrapers cost the collector two percent of its time per frame at most, give or take the noise of 25 %', async (context) => {
  await using instance = await SupervisedInstance.start()
  await instance.untilVerified()
  const before = supervisorBytes(await instance.status())
  const cost = await measureScrapeCost(instance, { rounds: 4, windowMs: 3_000, scrapers: 50, pauseMs: 50 })
  const { share, scrapes, failures, p99Ms } = cost
  context.diagnostic(
    `${(share.middle * 100).toFixed(1)} % more; ${scrapes} scrapes, p99 ${p99Ms.toFixed(0)} ms`,
  )
  const growth = supervisorBytes(await instance.status()) - before
  context.diagnostic(`the supervisor grew by ${(growth / 1e6).toFixed(1)} MB`)
  assert.deepEqual(failures, [])
  assert.ok(scrapes > 500, `${scrapes} scrapes`)
  assert.ok(share.middle < SHARE_LIMIT + NOISE_SHARE, JSON.stringify(cost))
  assert.ok(growth < GROWTH_BYTES, `${growth} bytes`)
  assert.ok(p99Ms < P99_LIMIT_MS, `p99 ${p99Ms} ms`)
})

const supervisorBytes = (status: Status): number => processNamed(status, 'supervisor').residentBytes ?? NaN
