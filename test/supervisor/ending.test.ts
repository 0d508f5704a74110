import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXIT, EXIT_NAMES, type ExitName } from '../../src/app/exit.ts'
import type { ProcessEnd } from '../../src/runtime/processes.ts'
import { type EndFacts, endingOf } from '../../src/supervisor/ending.ts'
import type { EndReason } from '../../src/supervisor/instance.ts'

const withCode = (code: number): ProcessEnd => ({ code, signal: undefined, failure: undefined })
const bySignal = (signal: string): ProcessEnd => ({ code: undefined, signal, failure: undefined })
const notStarted: ProcessEnd = { code: undefined, signal: undefined, failure: 'spawn node EAGAIN' }

const HEAP_LINES = [
  '<--- Last few GCs --->',
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  '----- Native stack trace -----',
]

interface Row extends Partial<EndFacts> {
  readonly end: ProcessEnd
  readonly reason: EndReason
  readonly text: RegExp
  readonly isHopeless?: boolean
}

const TABLE: Readonly<Record<string, Row>> = {
  'out of heap': { end: bySignal('SIGABRT'), lines: HEAP_LINES, reason: 'heap', text: /ran out of heap/ },
  'out of heap, told as a code': { end: withCode(134), lines: HEAP_LINES, reason: 'heap', text: /heap/ },
  'out of heap while it was silent': {
    end: bySignal('SIGKILL'),
    lines: HEAP_LINES,
    isStalled: true,
    reason: 'heap',
    text: /heap/,
  },
  'told of the heap of another process, and went on': {
    end: withCode(78),
    lines: [...HEAP_LINES, 'marketprism: venues: none is enabled'],
    reason: 'config',
    text: /code 78: marketprism: venues: none is enabled/,
    isHopeless: true,
  },
  'aborted for another cause': { end: bySignal('SIGABRT'), reason: 'killed', text: /ended by SIGABRT/ },
  'killed by the system for want of memory': {
    end: bySignal('SIGKILL'),
    isMemoryKill: true,
    reason: 'cgroup',
    text: /container is at its memory limit/,
  },
  'the same, told as a code': { end: withCode(137), isMemoryKill: true, reason: 'cgroup', text: /memory/ },
  'killed by somebody': { end: bySignal('SIGKILL'), reason: 'killed', text: /ended by SIGKILL/ },
  'killed by somebody, told as a code': { end: withCode(143), reason: 'killed', text: /ended by SIGTERM/ },
  'crashed in native code while another was killed for memory': {
    end: bySignal('SIGSEGV'),
    isMemoryKill: true,
    reason: 'killed',
    text: /SIGSEGV/,
  },
  'killed for its silence': {
    end: bySignal('SIGKILL'),
    isStalled: true,
    reason: 'stall',
    text: /silent for too long/,
  },
  'killed for its silence while another was killed for memory': {
    end: bySignal('SIGKILL'),
    isStalled: true,
    isMemoryKill: true,
    reason: 'stall',
    text: /silent/,
  },
  'a bug that it told itself': {
    end: withCode(70),
    lines: ['marketprism: TypeError: x is not a function', '    at run (file.ts:1:2)'],
    reason: 'exception',
    text: /code 70: marketprism: TypeError: x is not a function$/,
  },
  'a bug that Node told': {
    end: withCode(1),
    lines: [
      'file.ts:1',
      'throw new Error("no")',
      'Error: no',
      '    at run (file.ts:1:2)',
      'Node.js v24.21.0',
    ],
    reason: 'exception',
    text: /code 1: Error: no$/,
  },
  'a bug of which nothing was said': { end: withCode(13), reason: 'exception', text: /code 13$/ },
  'a configuration that cannot be used': {
    end: withCode(78),
    lines: ['venues.okx-spot: unknown key'],
    reason: 'config',
    text: /code 78: venues.okx-spot: unknown key/,
    isHopeless: true,
  },
  'ended itself for want of resources': { end: withCode(71), reason: 'governor', text: /code 71/ },
  'asked by the governor': {
    end: withCode(0),
    askedFor: 'governor',
    reason: 'governor',
    text: /as it was asked to$/,
  },
  'asked, and ended by force': {
    end: bySignal('SIGKILL'),
    askedFor: 'asked',
    reason: 'asked',
    text: /asked/,
  },
  'asked, and ended with a fault': { end: withCode(78), askedFor: 'asked', reason: 'asked', text: /asked/ },
  'a service is missing': { end: withCode(69), reason: 'unavailable', text: /code 69/ },
  'a file cannot be written': { end: withCode(74), reason: 'unavailable', text: /code 74/ },
  'a file cannot be read': { end: withCode(66), reason: 'unavailable', text: /code 66/ },
  'another has the folder': {
    end: withCode(75),
    lines: ['/data/lock: held by process 12'],
    reason: 'unavailable',
    text: /held by process 12/,
  },
  'could not be started': {
    end: notStarted,
    reason: 'unavailable',
    text: /not be started: spawn node EAGAIN/,
  },
  'ended well without having been asked': { end: withCode(0), reason: 'killed', text: /without having been/ },
}

for (const [name, { reason, text, isHopeless = false, ...facts }] of Object.entries(TABLE)) {
  test(`the end of a process that ${name} is ${reason}`, () => {
    const ending = endingOf({
      lines: [],
      askedFor: undefined,
      isStalled: false,
      isMemoryKill: false,
      ...facts,
    })
    assert.equal(ending.reason, reason)
    assert.match(ending.text, text)
    assert.equal(ending.isHopeless, isHopeless)
    assert.equal(ending.code, facts.end.code)
  })
}

test('what a process says at its end is told only so far', () => {
  const end = withCode(70)
  const lines = [`Error: ${'x'.repeat(8_000)}`]
  const facts = { end, lines, askedFor: undefined, isStalled: false, isMemoryKill: false }
  assert.equal(endingOf(facts).text.length, 300)
})

const REASONS: Readonly<Record<ExitName, EndReason>> = {
  ok: 'killed',
  difference: 'exception',
  usage: 'exception',
  input: 'unavailable',
  unavailable: 'unavailable',
  bug: 'exception',
  io: 'unavailable',
  busy: 'unavailable',
  config: 'config',
}

test('every exit code of this program has its reason', () => {
  for (const name of EXIT_NAMES) {
    const facts = { lines: [], askedFor: undefined, isStalled: false, isMemoryKill: false }
    assert.equal(endingOf({ ...facts, end: withCode(EXIT[name]) }).reason, REASONS[name], name)
  }
})
