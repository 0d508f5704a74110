import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { findCommand } from '../../../scripts/tools.ts'
import { fullInstance, NOW_MS, rendered } from './instance.ts'

const PROMTOOL = findCommand('promtool')
const PROMTOOL_SKIPPED: string | false =
  PROMTOOL === undefined ? 'promtool is not on this machine: Debian package prometheus' : false

describe('the exposition and Prometheus', () => {
  it('is without fault to promtool', { skip: PROMTOOL_SKIPPED }, async () => {
    const ended = spawnSync(PROMTOOL ?? '', ['check', 'metrics'], {
      input: await rendered(fullInstance()),
      encoding: 'utf8',
      timeout: 30_000,
    })
    assert.equal(`${ended.stdout}${ended.stderr}`, '')
    assert.equal(ended.status, 0)
  })

  it('is OpenMetrics to the reader of Prometheus', { skip: PROMTOOL_SKIPPED }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marketprism-metrics-'))
    try {
      const text = await rendered(fullInstance(), 'openmetrics')
      // The reader of blocks wants a time on each line.
      const timed = text.replaceAll(/^([^#].*)$/gm, `$1 ${NOW_MS / 1_000}`)
      writeFileSync(join(folder, 'metrics'), timed)
      const ended = spawnSync(
        PROMTOOL ?? '',
        ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'metrics'), join(folder, 'blocks')],
        { encoding: 'utf8', timeout: 60_000 },
      )
      assert.equal(ended.status, 0, `${ended.stdout}${ended.stderr}`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
