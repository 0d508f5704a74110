import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ServerReply, ServerRequest } from '../../src/core/http.ts'
import { FAILURE_LIMIT } from '../../src/http/failures.ts'
import { routes } from '../../src/http/routes.ts'
import { basic, bearer, requestOf, sourcesOf, told } from './sources.ts'

const MINUTE_US = 60_000_000
const user = { name: 'prometheus', password: 'corréct: horse' }

const repeat = async (
  count: number,
  ask: () => Promise<ServerReply> | ServerReply,
): Promise<readonly number[]> => {
  const statuses: number[] = []
  for (let index = 0; index < count; index++) statuses.push((await ask()).status)
  return statuses
}

suite('a user', () => {
  const right = basic(user.name, user.password)
  const wrong = basic(user.name, 'guess')

  test('who is configured is let in, and nobody else, at every path', async () => {
    const answer = routes(sourcesOf({ user }))
    for (const path of ['/', '/health', '/live', '/metrics', '/nothing']) {
      const reply = await answer(requestOf(`GET ${path}`))
      assert.equal(told(reply), '401 401 Unauthorized')
      assert.equal(reply.headers['www-authenticate'], 'Basic realm="marketprism", charset="UTF-8"')
      assert.notEqual((await answer(requestOf(`GET ${path}`, right))).status, 401)
    }
    const others = [
      wrong,
      basic('', ''),
      basic('other', user.password),
      { authorization: '' },
      { authorization: 'Basic' },
      { authorization: right.authorization.slice('Basic '.length) },
      { authorization: right.authorization.replace('Basic', 'Bearer') },
    ]
    for (const headers of others) assert.equal((await answer(requestOf('GET /metrics', headers))).status, 401)
  })

  test('may spell the scheme as they like', async () => {
    const headers = { authorization: right.authorization.replace('Basic', 'bASIC ') }
    assert.equal((await routes(sourcesOf({ user }))(requestOf('GET /live', headers))).status, 200)
  })

  test('who guesses has to wait a minute, while other addresses are let in', async () => {
    let nowUs = 5
    const answer = routes(sourcesOf({ user, steadyUs: () => nowUs }))
    const guesses = await repeat(FAILURE_LIMIT + 1, () => answer(requestOf('GET /live', wrong)))
    assert.deepEqual([guesses.slice(0, -1).every((status) => status === 401), guesses.at(-1)], [true, 429])
    nowUs += MINUTE_US - 1_500_000
    const kept = await answer(requestOf('GET /live', wrong))
    assert.deepEqual([told(kept), kept.headers['retry-after']], ['429 429 Too Many Requests', '2'])
    assert.equal((await answer(requestOf('GET /live', wrong, '10.0.0.1'))).status, 401)
    nowUs += 1_500_000
    assert.equal((await answer(requestOf('GET /live', wrong))).status, 401)
  })

  test('who has the password is let in, whoever else guesses behind the same address', async () => {
    const answer = routes(sourcesOf({ user }))
    await repeat(FAILURE_LIMIT + 1, () => answer(requestOf('GET /live', wrong)))
    assert.equal((await answer(requestOf('GET /live', wrong))).status, 429)
    assert.equal((await answer(requestOf('GET /live', right))).status, 200)
  })

  test('who shows nothing has guessed nothing', async () => {
    const answer = routes(sourcesOf({ user }))
    const statuses = await repeat(100, () => answer(requestOf('GET /live')))
    assert.deepEqual(new Set(statuses), new Set([401]))
    assert.equal((await answer(requestOf('GET /live', right))).status, 200)
  })
})

suite('an action', () => {
  const token = 'a-token-of-24-characters'
  const done: string[] = []
  const actions = {
    profile: async (query: ReadonlyMap<string, string>): Promise<ServerReply> => {
      done.push(query.get('seconds') ?? '')
      return { status: 200, headers: {}, body: 'done' }
    },
  }
  const admin = { token, actions }
  const post = (path: string, headers = {}): ServerRequest => requestOf(`POST /admin/${path}`, headers)

  test('is done for who has the token, by POST only', async () => {
    const answer = routes(sourcesOf({ admin }))
    assert.equal(told(await answer(post('profile?seconds=3', bearer(token)))), '200 done')
    assert.deepEqual(done.splice(0), ['3'])
    const get = await answer(requestOf('GET /admin/profile', bearer(token)))
    assert.deepEqual([get.status, get.headers['allow'], done], [405, 'POST', []])
    assert.equal(told(await answer(requestOf('GET /admin/', bearer(token)))), '200 POST /admin/profile')
    assert.equal((await answer(post('constructor', bearer(token)))).status, 404)
  })

  test('is refused without the token, and nothing is told of what there is', async () => {
    const answer = routes(sourcesOf({ admin, user }))
    for (const path of ['profile', 'nothing', '']) {
      for (const headers of [{}, bearer('guess'), bearer(''), basic(user.name, user.password)]) {
        const reply = await answer(post(path, headers))
        assert.equal(told(reply), '401 401 Unauthorized')
        assert.equal(reply.headers['www-authenticate'], 'Bearer realm="marketprism"')
      }
    }
    assert.deepEqual(done, [])
  })

  test('is refused, with the token too, to an address that guesses', async () => {
    const answer = routes(sourcesOf({ admin }))
    await repeat(FAILURE_LIMIT, () => answer(post('profile', bearer('guess'))))
    assert.equal((await answer(post('profile', bearer(token)))).status, 429)
    assert.deepEqual(done, [])
    assert.equal((await answer(requestOf('GET /live'))).status, 200)
  })

  test('is not there where no token is configured, nor where it is empty', async () => {
    for (const given of [undefined, { token: '', actions }]) {
      const answer = routes(sourcesOf({ admin: given }))
      for (const headers of [{}, bearer(token), bearer(''), { authorization: 'Bearer ' }]) {
        assert.equal(told(await answer(post('profile', headers))), '404 404 Not Found')
      }
    }
    assert.deepEqual(done, [])
  })
})
