// Asks whether this container is healthy: `node healthcheck.mjs [URL]`. Ends with 0 where the answer is below 400 (healthy and degraded
// are 200), with 1 otherwise (unhealthy is 503), and says why: `docker inspect` shows it.
import { readFileSync } from 'node:fs'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import process from 'node:process'

/** Below the time-out of the healthcheck, so that the reason is told. */
const TIMEOUT_MS = 8_000
/** The beginning of the answer says what is wrong. */
const SHOWN_CHARACTERS = 400

const {
  HEALTH_CHECK_PORT = '8087',
  HEALTH_CHECK_URL = `http://127.0.0.1:${HEALTH_CHECK_PORT}/health`,
  HEALTH_CHECK_USER,
  HEALTH_CHECK_PASSWORD_FILE,
} = process.env

try {
  ask(new URL(process.argv[2] ?? HEALTH_CHECK_URL))
} catch (failure) {
  end(1, failure instanceof Error ? failure.message : String(failure))
}

function ask(url) {
  const get = url.protocol === 'https:' ? getHttps : getHttp
  const options = {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    // The certificate is for the name that others use, and this does not leave the container.
    rejectUnauthorized: false,
    ...(HEALTH_CHECK_USER !== undefined && { auth: `${HEALTH_CHECK_USER}:${password()}` }),
  }
  get(url, options, (response) => {
    const { statusCode = 0 } = response
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk) => (text = `${text}${chunk}`.slice(0, SHOWN_CHARACTERS)))
    response.on('end', () => end(statusCode > 0 && statusCode < 400 ? 0 : 1, `${statusCode} ${text}`))
    response.on('error', (failure) => end(1, `${url.href}: ${failure.message}`))
  }).on('error', (failure) => end(1, `${url.href}: ${failure.message}`))
}

function password() {
  return HEALTH_CHECK_PASSWORD_FILE === undefined
    ? ''
    : readFileSync(HEALTH_CHECK_PASSWORD_FILE, 'utf8').trim()
}

function end(code, text) {
  process.stdout.write(`${text}\n`)
  process.exitCode = code
}
