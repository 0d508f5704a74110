import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { askOf } from '../../src/app/parent-link.ts'

describe('what a process is asked', () => {
  test('a level with its actions is understood', () => {
    const ask = { kind: 'govern', level: 2, actions: ['less_depth', 'end_orphans'] }
    assert.deepEqual(askOf(ask), ask)
  })

  test('actions that it does not know are left out', () => {
    const actions = ['less_depth', 'toString', 'constructor', 7, null, { name: 'less_depth' }]
    assert.deepEqual(askOf({ kind: 'govern', level: 1, actions }), {
      kind: 'govern',
      level: 1,
      actions: ['less_depth'],
    })
  })

  test('a diagnosis is understood', () => {
    for (const what of ['heap-sampling', 'cpu-profile', 'objects']) {
      const ask = { kind: 'diagnose', id: 4, what, seconds: 10 }
      assert.deepEqual(askOf(ask), ask)
    }
  })

  const NONSENSE: readonly unknown[] = [
    undefined,
    null,
    7,
    'govern',
    [],
    {},
    { kind: 'govern' },
    { kind: 'govern', level: 5, actions: [] },
    { kind: 'govern', level: '2', actions: [] },
    { kind: 'govern', level: 2, actions: 'less_depth' },
    { kind: 'diagnose', id: 1, what: 'heap-snapshot', seconds: 1 },
    { kind: 'diagnose', id: '1', what: 'objects', seconds: 1 },
    { kind: 'diagnose', id: 1, what: 'objects' },
    { kind: 'restart', id: 1, what: 'objects', seconds: 1 },
  ]
  for (const message of NONSENSE) {
    test(`${JSON.stringify(message)} is not understood`, () => {
      assert.equal(askOf(message), undefined)
    })
  }
})
