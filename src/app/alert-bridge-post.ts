import { request as requestTls } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Outcome } from '../alerts/judging.ts'
import { networkFailure } from '../runtime/failure-of.ts'
import { request as requestPlain } from '../runtime/node-http.ts'
import { retryAfterMs } from '../runtime/retry-after.ts'

/** Sends one message; never rejects. */
export type Post = (url: string, body: string) => Promise<Outcome>

/** For the whole answer. A clean end waits for it, and has ten seconds. */
const DEADLINE_MS = 8_000
/** Read of an answer: those of robots have some hundred bytes. */
const ANSWER_LIMIT_BYTES = 16_384

/**
 * Over a connection of its own each time: one that is kept may be closed by the far side at the moment it is used, and nobody can say
 * then whether the message has arrived. Redirects are answers.
 */
export const post: Post = (url, body) =>
  new Promise((resolve) => {
    const sent = open(new URL(url), body)
    let hasConnection = false
    const finish = (outcome: Outcome): void => {
      clearTimeout(deadline)
      resolve(outcome)
      sent.destroy()
    }
    const fail = (error: Error): void => {
      finish({ name: 'failure', code: networkFailure(error).code, isUncertain: hasConnection })
    }
    const deadline = setTimeout(() => {
      finish({ name: 'failure', code: 'timeout', isUncertain: hasConnection })
    }, DEADLINE_MS)
    sent.on('socket', (socket) => {
      socket.once(sent.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        hasConnection = true
      })
    })
    sent.on('error', fail)
    sent.on('response', (response) => {
      readAnswer(response).then(finish, fail)
    })
    sent.end(body)
  })

function open(url: URL, body: string): ClientRequest {
  const options = {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'marketprism',
      connection: 'close',
    },
  } as const
  return url.protocol === 'https:' ? requestTls(url, options) : requestPlain(url, options)
}

async function readAnswer(response: IncomingMessage): Promise<Outcome> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) continue
    sizeBytes += chunk.length
    chunks.push(chunk)
    if (sizeBytes > ANSWER_LIMIT_BYTES) break
  }
  const text = Buffer.concat(chunks).subarray(0, ANSWER_LIMIT_BYTES).toString('utf8')
  const waitMs = retryAfterMs(response.headers['retry-after'], Date.now())
  return { name: 'answer', status: response.statusCode ?? 0, text, retryAfterMs: waitMs }
}
