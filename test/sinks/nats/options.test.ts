import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultOf, type ValueOf } from '../../../src/config/field.ts'
import { NATS } from '../../../src/config/nats.ts'
import { FILE, USER } from '../../../src/config/forms.ts'
import { INBOX_PREFIX, NATS_SERVER, STREAM_NAME, SUBJECT_TEMPLATE } from '../../../src/config/nats-forms.ts'
import { FailureError } from '../../../src/core/errors.ts'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { credentialsOf, natsOptionsOf } from '../../../src/sinks/nats/options.ts'
import { SubjectTemplate } from '../../../src/sinks/nats/subjects.ts'

const NONE = {
  user: undefined,
  passwordFile: undefined,
  nkeySeedFile: undefined,
  credentialsFile: undefined,
}

test('each way to log in is known by its keys, and none is none', () => {
  assert.deepEqual(credentialsOf(NONE), { kind: 'none' })
  assert.deepEqual(credentialsOf({ ...NONE, user: 'u', passwordFile: 'p' }), {
    kind: 'password',
    user: 'u',
    passwordFile: 'p',
  })
  assert.deepEqual(credentialsOf({ ...NONE, nkeySeedFile: 's' }), { kind: 'nkey', seedFile: 's' })
  assert.deepEqual(credentialsOf({ ...NONE, credentialsFile: 'c' }), { kind: 'credentials', file: 'c' })
})

for (const changes of [
  { user: 'u' },
  { passwordFile: 'p' },
  { nkeySeedFile: 's', credentialsFile: 'c' },
  { user: 'u', passwordFile: 'p', nkeySeedFile: 's' },
]) {
  test(`${Object.keys(changes).join(' and ')} together is no way to log in`, () => {
    assert.throws(
      () => credentialsOf({ ...NONE, ...changes }),
      (error: unknown) => error instanceof FailureError && error.code === 'mismatch',
    )
  })
}

test('the keys of the configuration are the options of the sink, and cover every type of record', () => {
  const keys = defaultOf(NATS) as ValueOf<typeof NATS>
  const options = natsOptionsOf({ ...keys, modes: { ...keys.modes, orderbookDelta: 'off' } }, (path) => path)
  assert.equal(keys.enabled, false)
  assert.deepEqual(Object.keys(options.modes), [...RECORD_TYPES])
  assert.equal(options.modes.orderbook_delta, 'off')
  assert.deepEqual(options.credentials, { kind: 'none' })
  assert.equal(options.readSecret('path'), 'path')
  assert.ok(new SubjectTemplate(options.subject))
})

const FORMS = [
  {
    form: NATS_SERVER,
    good: ['nats://a.b:4222', 'tls://[::1]:4222'],
    bad: ['a:4222', 'nats://u:p@a:1', 'nats://', 'http://a'],
  },
  {
    form: SUBJECT_TEMPLATE,
    good: ['{type}', 'md.{type}.{symbol}'],
    bad: ['', 'md', '{type}.*', '{type}.{price}', '{type}..a'],
  },
  { form: INBOX_PREFIX, good: ['_INBOX', '_INBOX.a-b'], bad: ['', 'a.', 'a.*', 'a b'] },
  { form: STREAM_NAME, good: ['A_b-1'], bad: ['', 'a.b', 'a b', '*'] },
  { form: FILE, good: ['./a b'], bad: ['', ' a', 'a\nb'] },
  { form: USER, good: ['me'], bad: ['', 'a\n'] },
]

for (const { form, good, bad } of FORMS) {
  test(`${form.name} is told from what is none`, () => {
    assert.ok(form.accepts(form.sample))
    for (const text of good) assert.ok(form.accepts(text), text)
    for (const text of bad) assert.ok(!form.accepts(text), text)
  })
}
