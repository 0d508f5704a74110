// From real sockets to the journal: `npm run bench:socket [-- --only NAME] [--rounds N] [--json FILE]`. A sender plays a recording, or frames
// of a depth-heavy mix, over TLS on loopback; a receiver takes them, each in a process of its own. It shows
//
//     flood   back to back: frames per second of the receiver's processor time, beside those of `ws` that drops them
//     replay  recordings at so many times their speed: lag, books at the end, and the share of a processor
//     paced   the same with `start`, all of it on and scraped: the share of a processor that each process takes
//
// The lag of a record is how much later its frame was read than the quickest of the play, against the venue's own time. Exit 1 where
// anything was lost, or a book is not what it should be; then nothing is kept.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findCommand } from '../scripts/tools.ts'
import type { Status } from '../src/app/status.ts'
import { VENUE_IDS } from '../src/core/ids.ts'
import { journalLines } from '../test/journal/journal-records.ts'
import { keep, median, parsed, refuse, type SocketMeasured } from './measured.ts'
import { folderOf, NO_RECORDINGS, USD_M_2024 } from './recordings.ts'
import { manyMarkets } from './speed/market.ts'
import { made, type Play, recorded } from './socket/plays.ts'
import type { Taken } from './socket/receiver.ts'

const MIXES = [
  ['Binance depth', 'binance-derivatives'],
  ['OKX depth', 'okx-spot'],
  ['Deribit depth', 'deribit'],
] as const
const REPLAY_SPEEDS = [50, 100, 200]
/** Some 500 and 5,000 frames a second of a recording; and of a mix 10,000, and a snapshot of 1,000 levels among each hundred. */
const PACED_SPEEDS = [1, 10]
const MANY = 'OKX 1,000 books'
const MANY_BOOKS = 1_000
const MANY_LEVELS = 500
const SNAPSHOT_EVERY = 100
/** More than what a venue says of subscriptions. */
const BEGUN_FRAMES = 5_000
/** All of it before the play of many books ends, whose sockets take half of its forty seconds to open. */
const PACED_WARM_MS = 8_000
const PACED_MS = 12_000
const SCRAPE_MS = 1_000
const LAG = /^nodejs_eventloop_lag_p99_seconds\{process="collector"\} (\S+)$/m
const MEMORY = /^collector_process_resident_memory_bytes\{process="collector"\} (\S+)$/m
/** After the last frame was sent, all is read and written within this. */
const SETTLE_MS = 1_500
const REQUEST_MS = 5_000
const MODES = ['bare', 'collector'] as const
/** Plays of a flood that do not count: the first are met by cold code. */
const WARM_ROUNDS = 2
const TIMES = /"venue_time_us":(\d+),"recv_time_us":(\d+)/

const USAGE = 'npm run bench:socket [-- --only NAME] [--rounds N] [--json FILE]'
const values = parsed(
  () =>
    parseArgs({
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        json: { type: 'string' },
      },
    }),
  USAGE,
)
const captured = folderOf(USD_M_2024) === undefined ? [] : [USD_M_2024.name]
const parts = [
  ...[...captured, ...MIXES.map(([name]) => name)].map((name) => `flood ${name}`),
  ...captured.flatMap(() => REPLAY_SPEEDS.map((speed) => `replay ${speed}`)),
  ...captured.flatMap((name) => PACED_SPEEDS.map((speed) => `paced ${name} ${speed}`)),
  `paced ${MANY} 1`,
]
const wanted = new Set(parts.filter((name) => values.only === undefined || name.includes(values.only)))
if (wanted.size === 0) refuse(`--only ${values.only}: none of ${parts.join('; ')}`, USAGE)
if (captured.length === 0) {
  if (values.json !== undefined) refuse(`${NO_RECORDINGS} --json wants all of it`, USAGE)
  console.log(`${NO_RECORDINGS} Only mixes are measured.`)
}
const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const rounds = Number(values.rounds)
const folder = mkdtempSync(join(tmpdir(), 'marketprism-socket-'))
const children = new Set<ChildProcess>()
const [CERT, KEY] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
const certificate = [
  '-x509',
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:prime256v1',
  '-nodes',
  '-days',
  '2',
]
const names = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1']
const openssl = findCommand('openssl')
if (openssl === undefined) throw new Error('openssl is not on this machine: it makes the certificate')
execFileSync(openssl, ['req', ...certificate, ...names, '-keyout', KEY, '-out', CERT], { stdio: 'ignore' })

const start = (script: string, ...args: readonly string[]): ChildProcess =>
  run(join(import.meta.dirname, 'socket', script), ...args)

async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string> {
  if (stdout !== null) yield* createInterface({ input: stdout })
}

/** Where a sender is: streams and REST. */
async function placeOf(sender: ChildProcess): Promise<readonly [string, string]> {
  for await (const line of linesOf(sender)) {
    const [word, streamUrl = '', restUrl = ''] = line.split(' ')
    if (word === 'at') return [streamUrl, restUrl]
  }
  throw new Error('the sender has ended')
}

/** Where an instance answers. */
async function addressOf(program: ChildProcess): Promise<string> {
  for await (const line of linesOf(program))
    if (line.startsWith('health and metrics at ')) {
      program.stdout?.resume()
      return line.split(' ').at(-1) ?? ''
    }
  throw new Error('the instance has ended')
}

function run(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: CERT },
  })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** A receiver, that takes one play after the other. */
class Receiver {
  readonly #play: Play
  readonly #isBare: boolean
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(play: Play, mode: 'bare' | 'collector') {
    this.#play = play
    this.#isBare = mode === 'bare'
    this.#child = start('receiver.ts', mode, play.venue, JSON.stringify(play.keys))
    this.#answers = linesOf(this.#child)
  }

  /** Plays to it; answers what it took, and the folder of its journal. */
  async take(speed: number): Promise<Taken & { readonly journal: string }> {
    const { venue, file } = this.#play
    const requestMs = String(this.#isBare ? 1 : REQUEST_MS)
    const sender = start('sender.ts', venue, String(speed), requestMs, file, CERT, KEY)
    const journal = mkdtempSync(join(folder, 'journal-'))
    for await (const line of linesOf(sender)) {
      const [word, streamUrl = '', restUrl = ''] = line.split(' ')
      if (word === 'at') this.#child.stdin?.write(`${streamUrl} ${restUrl} ${journal}\n`)
      if (word === 'done') break
    }
    await pause(SETTLE_MS)
    this.#child.stdin?.write('end\n')
    const { value } = await this.#answers.next()
    sender.kill()
    const taken: Taken = JSON.parse(String(value))
    return { ...taken, journal }
  }

  stop(): void {
    this.#child.kill()
  }
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')

const told = (faults: readonly string[], otherwise: string): string => {
  if (faults.length > 0) process.exitCode = 1
  return faults.length > 0 ? `FAULTS: ${faults.join(', ')}` : otherwise
}

/** What was lost, and which books are not as they should be. */
function faultsOf(play: Play, { gaps, refused, books }: Taken): readonly string[] {
  const wrong = [...play.books].filter(([symbol, digest]) => digest !== '' && books[symbol] !== digest)
  const dead = Object.entries(books).filter(([, digest]) => digest === null)
  return [
    ...(gaps > 0 ? [`${gaps} gaps`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...wrong.map(([symbol]) => `${symbol} is another book`),
    ...dead.map(([symbol]) => `${symbol} is not live`),
  ]
}

/** Tells the faults of a play, which make the exit code 1, or that there are none. */
const toldOf = (play: Play, faults: readonly string[]): string =>
  told(faults, `no gap, ${play.books.size > 0 ? 'books as expected' : 'books live'}`)

async function flood(play: Play): Promise<SocketMeasured['floods'][number]> {
  const rates: Record<'bare' | 'collector', number[]> = { bare: [], collector: [] }
  const receivers = { bare: new Receiver(play, 'bare'), collector: new Receiver(play, 'collector') }
  const faults = new Set<string>()
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
      const { journal, ...taken } = await receivers[mode].take(0)
      if (round >= 0) rates[mode].push(taken.frames / taken.cpuSeconds)
      if (mode === 'collector') for (const fault of faultsOf(play, taken)) faults.add(fault)
      rmSync(journal, { recursive: true })
    }
  }
  for (const mode of MODES) receivers[mode].stop()
  const shares = rates.collector.map((rate, at) => (rate / (rates.bare[at] ?? NaN)) * 100)
  console.log(
    `flood   ${play.name.padEnd(20)} collector ${whole(median(rates.collector))}/s, bare ws ${whole(median(rates.bare))}/s: ` +
      `${median(shares).toFixed(0)} % (${Math.min(...shares).toFixed(0)} to ${Math.max(...shares).toFixed(0)})  ${toldOf(play, [...faults])}`,
  )
  return { name: play.name, ...rates }
}

/** Lag of each record in ms, the least first. */
function lags(journal: string, speed: number): readonly number[] {
  const offsets = journalLines(journal).flatMap((line) => {
    const [, venueUs, receiveUs] = TIMES.exec(line) ?? []
    return venueUs === undefined ? [] : [Number(receiveUs) - Number(venueUs) / speed]
  })
  const sorted = offsets.toSorted((one, other) => one - other)
  const [least = 0] = sorted
  return sorted.map((offsetUs) => (offsetUs - least) / 1_000)
}

async function replay(play: Play, speed: number): Promise<SocketMeasured['replays'][number]> {
  const receiver = new Receiver(play, 'collector')
  await receiver.take(0)
  const { journal, ...taken } = await receiver.take(speed)
  receiver.stop()
  const late = lags(journal, speed)
  const at = (share: number): number => late[Math.floor((late.length - 1) * share)] ?? NaN
  const share = (taken.cpuSeconds / taken.seconds) * 100
  console.log(
    `replay  ${play.name.padEnd(20)} at ${String(speed).padStart(3)} times: ${whole(taken.frames / taken.seconds)} frames/s, ` +
      `${share.toFixed(1)} % of a processor, loop delay p99 ${taken.loopDelayP99Ms.toFixed(1)} ms, ` +
      `lag p50 ${at(0.5).toFixed(1)}, p99 ${at(0.99).toFixed(1)}, most ${at(1).toFixed(1)} ms  ${toldOf(play, faultsOf(play, taken))}`,
  )
  rmSync(journal, { recursive: true })
  return {
    speed,
    rate: taken.frames / taken.seconds,
    share,
    loopDelayP99Ms: taken.loopDelayP99Ms,
    lagP99Ms: at(0.99),
    lagMostMs: at(1),
  }
}

/** The same of an instance, as it stands. */
function faultsAt({ venues }: Status): string {
  const faults = venues.flatMap(({ venue, books, gapsBy, refusedBy }) => [
    ...(books.live < books.expected ? [`${books.expected - books.live} books of ${venue} are not live`] : []),
    ...Object.entries({ ...gapsBy, ...refusedBy }).map(([cause, count]) => `${count} ${cause}`),
  ])
  return told(faults, 'no gap, books live')
}

/** `start` on a play at `speed`: what part of a processor each process takes. */
async function paced(play: Play, speed: number): Promise<SocketMeasured['paced'][number]> {
  const sender = start('sender.ts', play.venue, String(speed), String(REQUEST_MS), play.file, CERT, KEY)
  const place = mkdtempSync(join(folder, 'paced-'))
  const [stream_url, rest_url] = await placeOf(sender)
  const config = join(place, 'config.json')
  const venues = Object.fromEntries(
    VENUE_IDS.map((id) => [
      id,
      id === play.venue ? { stream_url, rest_url, ...play.keys } : { enabled: false },
    ]),
  )
  const others = {
    http: { health_port: 0, metrics_port: 0 },
    journal: { folder: join(place, 'journal') },
    sinks: { parquet: { folder: join(place, 'parquet') } },
  }
  writeFileSync(config, JSON.stringify({ venues, ...others }))
  const program = run(PROGRAM, 'start', '--config', config)
  const ended = once(program, 'exit')
  const url = await addressOf(program)
  const status = async (): Promise<Status> => JSON.parse(await (await fetch(`${url}/status`)).text())
  const framesOf = ({ venues: all }: Status): number => all.reduce((sum, { frames }) => sum + frames, 0)
  // A thousand books of OKX want some forty sockets, of which it takes two a second.
  while (framesOf(await status()) < BEGUN_FRAMES) await pause(SCRAPE_MS)
  await pause(PACED_WARM_MS)
  const before = await status()
  const untilMs = performance.now() + PACED_MS
  const delays: number[] = []
  let rssMb = 0
  while (performance.now() < untilMs) {
    await pause(Math.min(SCRAPE_MS, untilMs - performance.now()))
    const text = await (await fetch(`${url}/metrics`)).text()
    delays.push(Number(LAG.exec(text)?.[1]) * 1_000)
    rssMb = Math.max(rssMb, Number(MEMORY.exec(text)?.[1]) / 1e6)
  }
  const after = await status()
  const loopDelayP99Ms = median(delays)
  program.kill('SIGTERM')
  await ended
  sender.kill()
  const rate = (framesOf(after) - framesOf(before)) / (PACED_MS / 1_000)
  const shares = after.processes.map(({ name, cpuSeconds = NaN }, at): [string, number] => [
    name,
    ((cpuSeconds - (before.processes[at]?.cpuSeconds ?? NaN)) / (PACED_MS / 1_000)) * 100,
  ])
  const total = shares.reduce((sum, [, share]) => sum + share, 0)
  console.log(
    `paced   ${play.name.padEnd(20)} at ${whole(rate)} frames/s: ` +
      `${shares.map(([name, share]) => `${name} ${share.toFixed(1)} %`).join(', ')}, in all ${total.toFixed(1)} % of a processor; ` +
      `loop delay p99 ${loopDelayP99Ms.toFixed(1)} ms, RSS of the collector ${whole(rssMb)} MB  ${faultsAt(after)}`,
  )
  return { name: play.name, rate, total, loopDelayP99Ms, rssMb }
}

/** One after the other. */
async function each<Given, Made>(
  given: readonly Given[],
  make: (one: Given) => Promise<Made>,
): Promise<Made[]> {
  const results: Made[] = []
  for (const one of given) results.push(await make(one))
  return results
}

try {
  const usdm = await recorded(folder, USD_M_2024)
  const recordings = usdm === undefined ? [] : [usdm]
  const floods = [...recordings, ...(await each(MIXES, ([name, venue]) => made(folder, name, venue)))]
  const many = await made(folder, MANY, 'okx-spot', {
    markets: manyMarkets(MANY_BOOKS),
    levels: MANY_LEVELS,
    snapshotEvery: SNAPSHOT_EVERY,
  })
  const replays = recordings.flatMap((play) => REPLAY_SPEEDS.map((speed) => ({ play, speed })))
  const pacings = [
    ...recordings.flatMap((play) => PACED_SPEEDS.map((speed) => ({ play, speed }))),
    { play: many, speed: 1 },
  ]
  const part = {
    floods: await each(
      floods.filter(({ name }) => wanted.has(`flood ${name}`)),
      flood,
    ),
    replays: await each(
      replays.filter(({ speed }) => wanted.has(`replay ${speed}`)),
      ({ play, speed }) => replay(play, speed),
    ),
    paced: await each(
      pacings.filter(({ play, speed }) => wanted.has(`paced ${play.name} ${speed}`)),
      ({ play, speed }) => paced(play, speed),
    ),
  }
  if (values.json !== undefined) keep(values.json, { socket: part })
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}
