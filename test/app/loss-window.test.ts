import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LossWindow } from '../../src/app/loss-window.ts'

const MINUTE_US = 60_000_000
const nats = (lost: number) => new Map([['nats', lost]])

test('what was lost before the first look is not held against a sink', () => {
  const losses = new LossWindow()
  assert.equal(losses.lately(nats(100), 0).get('nats') ?? 0, 0)
  assert.equal(losses.lately(nats(100), MINUTE_US).get('nats') ?? 0, 0)
})

test('losses add up, and each is forgotten after five minutes', () => {
  const losses = new LossWindow()
  losses.lately(nats(0), 0)
  assert.equal(losses.lately(nats(10), MINUTE_US).get('nats'), 10)
  assert.equal(losses.lately(nats(15), 2 * MINUTE_US).get('nats'), 15)
  assert.equal(losses.lately(nats(15), 6 * MINUTE_US - 1).get('nats'), 15)
  assert.equal(losses.lately(nats(15), 6 * MINUTE_US).get('nats'), 5)
  assert.equal(losses.lately(nats(15), 7 * MINUTE_US).get('nats'), 0)
})

test('a process that counts from 0 again has lost nothing by that, and what it lost since counts', () => {
  const losses = new LossWindow()
  losses.lately(nats(100), 0)
  assert.equal(losses.lately(nats(0), MINUTE_US).get('nats') ?? 0, 0)
  assert.equal(losses.lately(nats(3), 2 * MINUTE_US).get('nats'), 3)
  assert.equal(losses.lately(nats(2), 3 * MINUTE_US).get('nats'), 5)
})

test('a loss is remembered while nothing is told of it, and names are apart', () => {
  const losses = new LossWindow()
  const both = (one: number, other: number) =>
    new Map([
      ['nats', one],
      ['parquet', other],
    ])
  losses.lately(both(0, 0), 0)
  losses.lately(both(4, 0), 1)
  const lately = losses.lately(new Map(), MINUTE_US)
  assert.equal(lately.get('nats'), 4)
  assert.equal(lately.get('parquet') ?? 0, 0)
})
