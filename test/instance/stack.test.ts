import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingForStack } from '../../scripts/alert-stack.ts'

const STACK = join(import.meta.dirname, '../../scripts/stack.ts')
/** What is promised: within two minutes of the start. */
const TOLD_MS = 120_000

test(
  'npm run stack shows within two minutes how it is told that a venue has fallen silent, and ends with what it started',
  { skip: missingForStack() ?? false, timeout: 180_000 },
  async (t) => {
    const startMs = performance.now()
    const stack = spawn(process.execPath, [STACK, '--break', 'deribit', '--language', 'zh'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(stack, 'exit')
    let output = ''
    const told = new Promise<void>((resolve) => {
      for (const stream of [stack.stdout, stack.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
          if (/严重 触发：CollectorVenueDown \(deribit\)/.test(output)) resolve()
        })
      }
    })
    const timer = setTimeout(() => stack.kill('SIGTERM'), TOLD_MS)
    await Promise.race([told, ended])
    clearTimeout(timer)
    assert.match(output, /CollectorVenueDown/, output)
    t.diagnostic(`told after ${((performance.now() - startMs) / 1_000).toFixed(0)} s`)
    stack.kill('SIGINT')
    const [code] = await ended
    assert.equal(code, 0, output)
    const ports = [...output.matchAll(/http:\/\/127\.0\.0\.1:(\d+)\/(?:health|alerts)/g)].map(
      ([, port]) => port,
    )
    assert.equal(ports.length, 3)
    for (const port of ports) await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  },
)

test('a venue that there is none of is said with those that there are', () => {
  const { status, stderr } = spawnSync(process.execPath, [STACK, '--break', 'kraken'], { encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /--break kraken: there are binance-spot.*deribit/)
})
