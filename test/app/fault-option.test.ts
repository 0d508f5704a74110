import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFault } from '../../src/app/fault-option.ts'
import { FAULTS } from '../../src/emulator/model.ts'

test('every fault of the emulator can be named on the command line', () => {
  for (const name of FAULTS) assert.deepEqual(parseFault(name), { venue: undefined, fault: { name } })
})

test('a fault takes a venue and settings', () => {
  assert.deepEqual(parseFault('okx-spot:drop,share=0.001'), {
    venue: 'okx-spot',
    fault: { name: 'drop', share: 0.001 },
  })
  assert.deepEqual(parseFault('close,symbol=BTCUSDT,channel=book,times=3,value=1012'), {
    venue: undefined,
    fault: { name: 'close', symbol: 'BTCUSDT', channel: 'book', times: 3, value: 1012 },
  })
})

for (const [text, problem] of [
  ['', "unknown fault ''; there are "],
  ['dorp', "did you mean 'drop'?"],
  ['okx-spott:drop', "unknown venue 'okx-spott'; did you mean 'okx-spot'?"],
  [':drop', "unknown venue ''"],
  ['drop,share=2', 'share is a number from 0 to 1'],
  ['drop,share', 'share is a number from 0 to 1'],
  ['drop,share=1e-3', 'share is a number from 0 to 1'],
  ['drop,times=0', 'times is a whole number from 1'],
  ['slow,value=-5', 'value is a whole number'],
  ['drop,symbol=', 'symbol needs a value'],
  ['drop,channel=books', 'channel is book or trade'],
  ['drop,shares=1', "did you mean 'share'?"],
  ['drop,', "unknown setting ''"],
] as const) {
  test(`the fault '${text}' is refused`, () => {
    const outcome = parseFault(text)
    assert.ok('problem' in outcome)
    assert.ok(outcome.problem.includes(problem), outcome.problem)
  })
}
