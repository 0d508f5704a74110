import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { REASONS } from '../../src/health/verdict.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/RUNBOOK.md'), 'utf8')
const reasons = text.slice(text.indexOf('## Health reasons'), text.indexOf('## Finding out more'))
const sections = reasons.split(/^### /m).slice(1)

test('the runbook has an entry for every reason of health, and for nothing else', () => {
  assert.deepEqual(new Set(sections.map((section) => section.split('\n', 1)[0])), new Set(REASONS))
})

test('each entry says what it means, what it costs, and what to do', () => {
  for (const section of sections) {
    for (const part of ['**Meaning.**', '**Impact.**', '**Do.**']) {
      assert.ok(section.includes(part), `${section.split('\n', 1)[0]}: ${part}`)
    }
  }
})
