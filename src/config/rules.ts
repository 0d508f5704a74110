import { VENUE_IDS } from '../core/ids.ts'
import { type Config, JOURNAL_LIMIT_MIN_BYTES } from './schema.ts'

/** Keys that are sound each by itself, but not together. `keys` leads to the one to change. */
export interface Conflict {
  readonly keys: readonly string[]
  readonly expected: string
  readonly found: string
  readonly hint: string
}

/** What the schema alone cannot say. Pure. */
export function findConflicts(config: Config): readonly Conflict[] {
  return [
    ...venueConflicts(config),
    ...depthConflicts(config),
    ...overrideConflicts(config),
    ...folderConflicts(config),
    ...journalConflicts(config),
    ...natsConflicts(config),
    ...httpConflicts(config),
    ...healthConflicts(config),
    ...supervisorConflicts(config),
    ...tierConflicts(config),
    ...robotConflicts(config),
  ]
}

function* venueConflicts({ venues }: Config): Generator<Conflict> {
  const enabled = VENUE_IDS.filter((venue) => venues[venue].enabled)
  if (enabled.length === 0) {
    const hint = 'set `enabled: true` for one of them'
    yield { keys: ['venues'], expected: 'at least one venue that is enabled', found: 'none', hint }
  }
  for (const venue of enabled) {
    if (venues[venue].instruments.length > 0) continue
    const hint = 'name one, or set `enabled: false` for the venue'
    yield { keys: ['venues', venue, 'instruments'], expected: 'at least one instrument', found: 'none', hint }
  }
}

function* depthConflicts({ publish, book }: Config): Generator<Conflict> {
  const expected = `at most book.level_limit, ${book.levelLimit}`
  const hint = 'publish fewer levels, or keep more'
  if (publish.books.depth > book.levelLimit) {
    yield { keys: ['publish', 'books', 'depth'], expected, found: `${publish.books.depth}`, hint }
  }
  for (const [index, { depth }] of publish.overrides.entries()) {
    if (depth === undefined || depth <= book.levelLimit) continue
    yield { keys: ['publish', 'overrides', `${index}`, 'depth'], expected, found: `${depth}`, hint }
  }
}

function* overrideConflicts({ publish, venues }: Config): Generator<Conflict> {
  for (const [index, override] of publish.overrides.entries()) {
    const { instrument: _, venue, ...choices } = override
    const keys = ['publish', 'overrides', `${index}`]
    if (Object.values(choices).every((choice) => choice === undefined)) {
      const hint = 'add one of them, or take the entry out'
      yield { keys, expected: 'one of deltas, books, depth, every_ms', found: 'none', hint }
    }
    if (venue !== undefined && !venues[venue].enabled) {
      const hint = 'enable it, or take the entry out'
      yield {
        keys: [...keys, 'venue'],
        expected: 'a venue that is enabled',
        found: `\`${venue}\`, which is not`,
        hint,
      }
    }
  }
}

function* folderConflicts({ journal, capture, sinks }: Config): Generator<Conflict> {
  const others = [
    { keys: ['capture', 'folder'], folder: capture.folder },
    { keys: ['sinks', 'parquet', 'folder'], folder: sinks.parquet.folder },
  ]
  for (const { keys, folder } of others) {
    if (plainFolder(journal.folder) !== plainFolder(folder)) continue
    const hint = 'give each its own folder'
    yield { keys, expected: 'another folder than that of the journal', found: 'the same', hint }
  }
}

/** With less room than two segments the one that was just sealed would go before anybody could read it. */
function* journalConflicts({ journal, supervisor, venues }: Config): Generator<Conflict> {
  const collectors =
    supervisor.collectors === 'one' ? 1 : VENUE_IDS.filter((venue) => venues[venue].enabled).length
  const leastBytes = Math.max(journal.segmentBytes * 2, JOURNAL_LIMIT_MIN_BYTES) * collectors
  if (journal.limitBytes >= leastBytes) return
  yield {
    keys: ['journal', 'limit_bytes'],
    expected: `at least two segments${collectors > 1 ? ` for each of ${collectors} collectors` : ''}, ${leastBytes}`,
    found: `${journal.limitBytes}`,
    hint: 'allow more, or make segments smaller (segment_bytes)',
  }
}

function* natsConflicts({ sinks }: Config): Generator<Conflict> {
  const { user, passwordFile, nkeySeedFile, credentialsFile } = sinks.nats.auth
  const keys = ['sinks', 'nats', 'auth']
  if ((user === undefined) !== (passwordFile === undefined)) {
    const found = user === undefined ? 'password_file without user' : 'user without password_file'
    yield { keys, expected: 'user and password_file together', found, hint: 'give both or none' }
  }
  const ways = [user, nkeySeedFile, credentialsFile].filter((way) => way !== undefined)
  if (ways.length > 1) {
    const hint = 'keep one of user with password_file, nkey_seed_file, credentials_file'
    yield { keys, expected: 'at most one way to log in', found: `${ways.length}`, hint }
  }
  if (sinks.nats.stream.maxAgeS > 0 && sinks.nats.stream.duplicateWindowS > sinks.nats.stream.maxAgeS) {
    yield {
      keys: ['sinks', 'nats', 'stream', 'duplicate_window_s'],
      expected: `at most max_age_s, ${sinks.nats.stream.maxAgeS}`,
      found: `${sinks.nats.stream.duplicateWindowS}`,
      hint: 'the server refuses a stream that forgets records before their ids',
    }
  }
}

function* httpConflicts({ http }: Config): Generator<Conflict> {
  const pairs = [
    { keys: ['user', 'password_file'], given: [http.user, http.passwordFile] },
    { keys: ['cert_file', 'key_file'], given: [http.certFile, http.keyFile] },
  ]
  for (const { keys, given } of pairs) {
    const missing = keys.filter((_, index) => given[index] === undefined)
    if (missing.length !== 1) continue
    const expected = `${keys.join(' and ')} together`
    yield { keys: ['http'], expected, found: `no ${missing[0]}`, hint: 'give both or none' }
  }
  if (http.healthPort === http.metricsPort && http.healthPort !== 0) {
    const hint = 'each port answers all paths; give them different numbers, or 0 for any that is free'
    yield {
      keys: ['http', 'metrics_port'],
      expected: 'another port than health_port',
      found: `${http.healthPort} as well`,
      hint,
    }
  }
}

function* healthConflicts({ health, venues }: Config): Generator<Conflict> {
  const hasVenue = VENUE_IDS.some((venue) => venues[venue].enabled)
  if (!hasVenue || health.required.some((venue) => venues[venue].enabled)) return
  yield {
    keys: ['health', 'required'],
    expected: 'at least one venue that is enabled',
    found: `${health.required.join(', ')}, none of them enabled`,
    hint: 'name one that is, or leave the key out: then all count',
  }
}

function* supervisorConflicts({ supervisor }: Config): Generator<Conflict> {
  const { stallingSeconds, unhealthySeconds, killSeconds } = supervisor
  if (stallingSeconds < unhealthySeconds && unhealthySeconds < killSeconds) return
  yield {
    keys: ['supervisor'],
    expected: 'stalling_seconds below unhealthy_seconds below kill_seconds',
    found: `${stallingSeconds}, ${unhealthySeconds}, ${killSeconds}`,
    hint: 'a process is first called stalling, then unhealthy, then killed',
  }
}

function* tierConflicts({ governor }: Config): Generator<Conflict> {
  for (const name of governor.lastTier.filter((candidate) => governor.firstTier.includes(candidate))) {
    const hint = 'leave it in one of them'
    yield {
      keys: ['governor', 'last_tier'],
      expected: 'nothing that is in first_tier',
      found: `\`${name}\``,
      hint,
    }
  }
}

const plainFolder = (folder: string): string =>
  folder.replaceAll(/\/+(\.?\/+)*/g, '/').replaceAll(/^\.\/|\/\.?$/g, '')

function* robotConflicts({ alerts: { robots } }: Config): Generator<Conflict> {
  for (const [index, robot] of robots.entries()) {
    const keys = ['alerts', 'robots', `${index}`]
    if (robots.findIndex(({ name }) => name === robot.name) < index) {
      const hint = 'give each robot a name of its own'
      yield { keys: [...keys, 'name'], expected: 'each name once', found: `${robot.name} twice`, hint }
    }
    if (robot.webhookUrlFile !== undefined && robot.tokenFile !== undefined) {
      const hint = 'take one of them out'
      yield { keys, expected: 'one of webhook_url_file and token_file', found: 'both', hint }
    }
    if (robot.routes?.length === 0) {
      const hint = 'name one, or leave the key out: collector'
      yield { keys: [...keys, 'routes'], expected: 'at least one route', found: 'none', hint }
    }
    yield* foreignKeys(robot, keys)
  }
}

type RobotConfig = Config['alerts']['robots'][number]

/** What only DingTalk has. */
function* foreignKeys(robot: RobotConfig, keys: readonly string[]): Generator<Conflict> {
  const { kind = 'dingtalk' } = robot
  if (kind === 'dingtalk') return
  const given = {
    token_file: robot.tokenFile,
    secret_file: robot.secretFile,
    critical_at_mobiles: robot.criticalAtMobiles,
    critical_at_all: robot.criticalAtAll,
  }
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    const hint = 'take it out'
    yield { keys: [...keys, key], expected: 'for a robot of DingTalk only', found: `for ${kind}`, hint }
  }
}
