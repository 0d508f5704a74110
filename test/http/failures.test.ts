import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FAILURE_LIMIT, Failures } from '../../src/http/failures.ts'

const WINDOW_US = 60_000_000

test('an address has so many guesses in the minute from its first, and is never kept out for longer', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(12_000_000)), { maxLength: 100 })
  fc.assert(
    fc.property(steps, (guesses) => {
      let nowUs = 0
      const failures = new Failures(() => nowUs)
      const windows = new Map<string, { startUs: number; count: number }>()
      for (const [address, waitedUs] of guesses) {
        nowUs += waitedUs
        const window = windows.get(address)
        const isOpen = window !== undefined && nowUs < window.startUs + WINDOW_US
        const isKeptOut = isOpen && window.count >= FAILURE_LIMIT
        const waitSeconds = failures.waitSeconds(address)
        assert.equal(waitSeconds !== undefined, isKeptOut)
        if (waitSeconds !== undefined) assert.ok(waitSeconds >= 1 && waitSeconds <= 60)
        if (isKeptOut) continue
        failures.add(address)
        windows.set(address, isOpen ? { ...window, count: window.count + 1 } : { startUs: nowUs, count: 1 })
      }
    }),
  )
})

test('the addresses that are remembered are limited, the oldest forgotten first', () => {
  const failures = new Failures(() => 0)
  for (const address of ['first', 'second']) {
    for (let guess = 0; guess < FAILURE_LIMIT; guess++) failures.add(address)
  }
  for (let other = 0; other < 9_999; other++) failures.add(String(other))
  assert.equal(failures.waitSeconds('first'), undefined)
  assert.equal(failures.waitSeconds('second'), 60)
})
