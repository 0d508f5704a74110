import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, test } from 'node:test'
import { BRIDGE_METRICS } from '../../src/alerts/metrics.ts'
import { REASONS } from '../../src/health/verdict.ts'
import { METRICS } from '../../src/supervisor/metrics/families.ts'
import { ALERTS } from '../../ops/source/alerts.ts'
import { commandFaults, namedFaults } from './commands.ts'
import {
  anchorsOf,
  codeOf,
  commandsOf,
  DOCUMENTS,
  readDocument,
  relativeLinksOf,
  ROOT,
  sectionsOf,
} from './documents.ts'

const RUNBOOK = 'docs/runbook.md'
const OPERATIONS = 'docs/OPERATIONS.md'
const README = 'README.md'
const README_ZH = 'README.zh-CN.md'
const runbook = readDocument(RUNBOOK)
const reasons = sectionsOf(runbook, 'Health reasons', 'Finding out more')
const alerts = sectionsOf(runbook, 'Alerts', 'Health reasons')

const alertNames = new Set(ALERTS.map(({ name }) => name))

test('the runbook has an entry for every reason of health, and for nothing else', () => {
  assert.deepEqual(new Set(reasons.keys()), new Set(REASONS))
})

test('each entry of a reason says what it means, what it costs, and what to do', () => {
  for (const [name, section] of reasons) {
    for (const part of ['**Meaning.**', '**Impact.**', '**Do.**']) {
      assert.ok(section.includes(part), `${name}: ${part}`)
    }
  }
})

test('the runbook has an entry for every alert, and for nothing else', () => {
  assert.deepEqual(new Set(alerts.keys()), alertNames)
})

test('each entry of an alert says what it means, what it costs, how to find out, with commands, and what to do', () => {
  for (const [name, section] of alerts) {
    for (const part of ['**Meaning.**', '**Impact.**', '**Diagnosis.**', '**Mitigation.**']) {
      assert.ok(section.includes(part), `${name}: ${part}`)
    }
    assert.notEqual(commandsOf(section).length, 0, `${name}: no command`)
  }
})

test('the anchor of an alert is its name in small letters', () => {
  const anchors = anchorsOf(runbook)
  for (const name of alertNames) assert.ok(anchors.has(name.toLowerCase()), name)
})

test('the first page of the runbook is about a collector that is down', () => {
  const headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
  assert.equal(headings[0], 'The collector is down')
})

/** What an extended regular expression may begin with, each way through its groups. */
function waysOf(pattern: string): readonly string[] {
  let depth = 0
  const parts = ['']
  for (const letter of pattern) {
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === '|' && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.flatMap((part) => {
    const [, before = '', inner, mark, after = ''] = /^([^(]*)\(([^)]*)\)(\??)(.*)$/.exec(part) ?? []
    if (inner === undefined) return [part]
    const ways = [...waysOf(inner), ...(mark === '?' ? [''] : [])]
    return ways.flatMap((way) => waysOf(before + way + after))
  })
}

describe('words of the documents for operators', () => {
  const names = [...METRICS, ...Object.values(BRIDGE_METRICS)].map(({ name }) => name)
  /** Some metrics are told under several names: `_sum`, `_count`, `_bucket`. */
  const isMetric = (word: string): boolean =>
    names.some((name) => name === word || word.startsWith(`${name}_`))
  const isBeginOfMetric = (word: string): boolean =>
    isMetric(word) || names.some((name) => name.startsWith(word))
  const keys = configKeys(readDocument('docs/CONFIG.md'))
  const siteKeys = Object.keys(JSON.parse(readDocument('ops/site.json')))

  for (const document of [RUNBOOK, OPERATIONS]) {
    const text = readDocument(document)

    test(`every metric that ${document} names or looks for is told`, () => {
      for (const { line, text: code } of codeOf(text)) {
        if (
          !/^(collector|nodejs|process|dingtalk|alert_bridge)_[a-z0-9_]+$/.test(code) ||
          siteKeys.includes(code)
        )
          continue
        assert.ok(isMetric(code), `${document}:${line}: ${code}`)
      }
      for (const { line, text: command } of commandsOf(text)) {
        const pattern = /localhost:(?:9092|8060)\/metrics \| grep (?:-E )?'([^']+)'$/.exec(command)?.[1]
        for (const way of pattern === undefined ? [] : waysOf(pattern)) {
          const word = /^\^?([a-z0-9_]+)/.exec(way)?.[1] ?? ''
          const isLabel = /^[a-z]+="/.test(way)
          assert.ok(isLabel || isBeginOfMetric(word), `${document}:${line}: ${way}`)
        }
      }
    })

    test(`every key of the configuration that ${document} names exists`, () => {
      const sections = [...new Set(keys.map((key) => key.split('.', 1)[0]))].join('|')
      const named = new RegExp(`^((?:${sections})\\.[a-z_.]+)(?:: .+)?$`)
      for (const { line, text: code } of codeOf(text)) {
        const key = named.exec(code)?.[1]
        const isKnown =
          key === undefined || keys.some((known) => known === key || known.startsWith(`${key}.`))
        assert.ok(isKnown, `${document}:${line}: ${key}`)
      }
    })
  }

  test('the ways through a pattern are told apart', () => {
    assert.deepEqual(waysOf('^a_(b|c)d|^e'), ['^a_bd', '^a_cd', '^e'])
    assert.deepEqual(waysOf('^a(_b|_c)?[{]'), ['^a_b[{]', '^a_c[{]', '^a[{]'])
    assert.equal(isBeginOfMetric('collector_nothing'), false)
    assert.ok(keys.includes('journal.limit_bytes') && keys.includes('sinks.nats.window.max_bytes'))
  })
})

/** `journal.limit_bytes`: the rows of the table below each heading. */
function configKeys(reference: string): readonly string[] {
  return reference.split(/^## /m).flatMap((section) => {
    const name = /^`([a-z.]+)`/.exec(section)?.[1]
    const rows = [...section.matchAll(/^\| `([a-z_]+)` /gm)].map(([, key]) => key)
    return name === undefined ? [] : rows.map((key) => `${name}.${key}`)
  })
}

describe('links between documents', () => {
  for (const document of DOCUMENTS) {
    test(`every relative link of ${document} leads to a file and a heading`, () => {
      for (const { line, path, anchor } of relativeLinksOf(readDocument(document))) {
        const target = path === '' ? document : normalize(join(dirname(document), path))
        const place = `${document}:${line}: ${path}`
        assert.ok(existsSync(join(ROOT, target)), place)
        if (anchor === undefined) continue
        assert.ok(statSync(join(ROOT, target)).isFile(), place)
        assert.ok(anchorsOf(readDocument(target)).has(anchor), `${place}#${anchor}`)
      }
    })
  }
})

describe('commands of documents', () => {
  for (const document of [README, README_ZH, RUNBOOK, OPERATIONS]) {
    test(`every line of ${document} that is to be typed names commands and options that exist`, () => {
      const text = readDocument(document)
      const commands = commandsOf(text)
      assert.ok(commands.length > 10, `${commands.length} commands`)
      for (const { line, text: command } of commands) {
        assert.deepEqual(commandFaults(command), [], `${document}:${line}: ${command}`)
      }
      for (const { line, text: code } of codeOf(text)) {
        assert.deepEqual(namedFaults(code), [], `${document}:${line}: ${code}`)
      }
    })
  }

  test('a command, an option, a script, a file or a path that does not exist is a fault', () => {
    for (const line of [
      'npx marketprism tpo',
      'curl -s localhost:8087/healthy',
      'marketprism top --configuration=FILE',
      'npm run demos',
      'node bench/none.ts',
      'npm run demo -- --instrument=200',
      'marketprism query --config FILE',
      'curl -s localhost:8087/live | marketprism gap',
    ]) {
      assert.equal(commandFaults(line).length, 1, line)
    }
    assert.deepEqual(namedFaults('marketprism query'), [])
    assert.equal(namedFaults('marketprism query --only').length, 1)
  })

  test('both languages of the README have the same commands, tables and headings', () => {
    const [english, chinese] = [readDocument(README), readDocument(README_ZH)]
    const typed = (text: string) => commandsOf(text).map(({ text: command }) => command)
    const count = (text: string, pattern: RegExp) => text.match(pattern)?.length
    assert.deepEqual(typed(chinese), typed(english))
    for (const pattern of [/^## /gm, /^\|/gm, /^- /gm, /\]\((?!README)/g]) {
      assert.equal(count(chinese, pattern), count(english, pattern), String(pattern))
    }
  })
})
