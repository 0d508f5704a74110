import { setTimeout as passed } from 'node:timers/promises'
import type { VenueId } from '../src/core/ids.ts'
import { Seeded } from '../src/emulator/seeded.ts'
import type { DistantVenue } from '../test/app/emulated-venues.ts'
import { areVerified, processNamed, type SupervisedInstance } from '../test/app/supervised.ts'

const STRUCK_LIMIT_MS = 20_000
/** Instruments of each venue that the instance collects: the first. */
const COLLECTED = 2
const STOPPED_MS = 3_000
const MUTE_MS = 20_000
/** All books are live again within this, or the fault counts as one that was not survived. */
const VERIFIED_LIMIT_MS = 120_000
const LOOK_MS = 100

/** Data that was kept from the collector on purpose; the ledger has to tell of it. */
export interface Loss {
  readonly fault: string
  readonly venue: VenueId
  /** As the venue writes it. */
  readonly symbol: string
  /** Wall time, ms: it was lost between these, and all books were live at the second. */
  readonly fromMs: number
  readonly toMs: number
}

interface Target {
  readonly instance: SupervisedInstance
  readonly venue: DistantVenue
  readonly symbol: string
}

interface SoakFault {
  readonly name: string
  /** What is lost by it: frames of one symbol, of all that are collected of the venue, or nothing. */
  readonly loses: 'symbol' | 'venue' | 'nothing'
  readonly strike: (target: Target) => Promise<void>
}

const FAULTS: readonly SoakFault[] = [
  { name: 'dropped delta', loses: 'symbol', strike: (target) => strikeOnce(target, 'drop') },
  { name: 'bad frame', loses: 'symbol', strike: (target) => strikeOnce(target, 'malformed') },
  { name: 'reconnect', loses: 'venue', strike: cut },
  {
    name: 'reconnect without REST',
    loses: 'venue',
    async strike(target) {
      await ask(target, 'faults?set=http_503&times=2')
      await cut(target)
    },
  },
  {
    name: 'reconnect with REST that hangs',
    loses: 'venue',
    async strike(target) {
      await ask(target, 'faults?set=hang&times=1')
      await cut(target)
    },
  },
  {
    name: 'silent book',
    loses: 'symbol',
    async strike(target) {
      await ask(target, `faults?set=mute&channel=book&symbol=${encodeURIComponent(target.symbol)}`)
      await passed(MUTE_MS)
      await ask(target, 'faults?clear=mute')
    },
  },
  {
    name: 'killed delivery',
    loses: 'nothing',
    async strike({ instance }) {
      process.kill(await pidOf(instance, 'delivery'), 'SIGKILL')
      await passed(STOPPED_MS)
    },
  },
  {
    name: 'stopped collector',
    loses: 'nothing',
    async strike({ instance }) {
      const pid = await pidOf(instance, 'collector')
      process.kill(pid, 'SIGSTOP')
      await passed(STOPPED_MS)
      process.kill(pid, 'SIGCONT')
    },
  },
]

/** Faults of an instance one after the other, each once all books are live, in an order that follows from the seed. */
export class SoakFaults {
  readonly losses: Loss[] = []
  readonly counts = new Map<string, number>(FAULTS.map(({ name }) => [name, 0]))
  readonly #instance: SupervisedInstance
  readonly #random: Seeded

  constructor(instance: SupervisedInstance, seed: string) {
    this.#instance = instance
    this.#random = new Seeded(seed)
  }

  /** Causes one, and waits until all books are live. Rejects where that takes too long. */
  async next(): Promise<void> {
    const instance = this.#instance
    const fault = this.#oneOf(FAULTS)
    const venue = this.#oneOf(instance.venues.venues)
    const symbol = this.#oneOf(venue.symbols.slice(0, COLLECTED))
    const fromMs = Date.now()
    await fault.strike({ instance, venue, symbol })
    // The collector tells once a second: what it told before the fault does not count.
    await passed(2_000)
    await instance.until('all books are live', areVerified, VERIFIED_LIMIT_MS)
    this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1)
    const toMs = Date.now()
    const struck = { symbol: [symbol], venue: venue.symbols.slice(0, COLLECTED), nothing: [] }[fault.loses]
    for (const lost of struck)
      this.losses.push({ fault: fault.name, venue: venue.id, symbol: lost, fromMs, toMs })
  }

  #oneOf<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random.next() * items.length)]
    if (item === undefined) throw new Error('nothing to choose from')
    return item
  }
}

async function pidOf(instance: SupervisedInstance, name: string): Promise<number> {
  const { pid } = processNamed(await instance.status(), name)
  if (pid === undefined) throw new Error(`${name} does not run`)
  return pid
}

async function cut(target: Target): Promise<void> {
  await ask(target, 'cut')
}

/** Has the fault strike one frame of the book, and waits until it has. */
async function strikeOnce(target: Target, name: string): Promise<void> {
  const before = await struckBy(target, name)
  await ask(target, `faults?set=${name}&channel=book&symbol=${encodeURIComponent(target.symbol)}&times=1`)
  const untilMs = performance.now() + STRUCK_LIMIT_MS
  while ((await struckBy(target, name)) === before) {
    if (performance.now() > untilMs) throw new Error(`${name} does not strike ${target.symbol}`)
    await passed(LOOK_MS)
  }
}

async function struckBy(target: Target, name: string): Promise<number> {
  const { struck }: { struck: Readonly<Record<string, number>> } = JSON.parse(await ask(target, 'faults'))
  return struck[name] ?? 0
}

async function ask({ venue }: Target, question: string): Promise<string> {
  return (await fetch(`${venue.hosts.rest}/emulator/${question}`)).text()
}
