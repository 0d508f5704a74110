import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { networkOf } from '../../src/runtime/http-request.ts'
import { isSameText } from '../../src/runtime/same-text.ts'

suite('failures of an address are counted against', () => {
  const NETWORKS: readonly (readonly [address: string, network: string])[] = [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ]
  for (const [address, network] of NETWORKS) {
    test(`${network} for ${address}`, () => {
      assert.equal(networkOf(address), network)
    })
  }
})

test('texts are the same only where every character is', () => {
  for (const [left, right, isSame] of [
    ['', '', true],
    ['secret', 'secret', true],
    ['secret', 'secreT', false],
    ['secret', 'secret ', false],
    ['secret', '', false],
    ['é', 'e\u0301', false],
  ] as const) {
    assert.equal(isSameText(left, right), isSame)
  }
})
