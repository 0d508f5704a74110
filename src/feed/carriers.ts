import { type Columns, KIND } from '../core/columns.ts'
import type { FailureCode } from '../core/errors.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Emit } from '../telemetry/events.ts'
import type { SocketPlan, StreamChoice } from '../venues/venue.ts'
import { outOfReach } from './connection.ts'
import type { Recovery } from './frames.ts'
import { changePlan } from './planner.ts'
import { Recoveries } from './recoveries.ts'
import type { ResolvedInstrument } from './resolve.ts'
import type { Rest } from './rest.ts'
import { Carrier } from './rotation.ts'
import type { Refused, Session, SessionListener, SessionSurroundings } from './session.ts'
import type { SessionStream } from './subscribing.ts'
import { channelOf, PATIENCE, Silence, slotOf, streamIndex } from './silence.ts'
import { Slots } from './slots.ts'
import type { StreamCounts } from './status.ts'
import { isCarrying, watch } from './watch.ts'

/** What the carriers need of their feed. */
export interface CarriersSurroundings {
  readonly sessions: SessionSurroundings
  readonly rest: Rest
  readonly emit: Emit
  readonly choice: StreamChoice
  /** Levels a side of a snapshot. */
  readonly depth: number
  /** By slot. */
  readonly instruments: readonly Instrument[]
  /** The venue is out of reach, or (`undefined`) back. */
  reach(failure: { readonly code: FailureCode; readonly text: string } | undefined): void
  /** Every session is live and has been for a while. */
  settled(): void
}

/**
 * All planned sockets of a feed and what keeps their streams true: silence is found, lost books are made live again, old sockets
 * are replaced. Driven by `sweep`, once a second. In one file because what is carried, what is silent and what is being recovered
 * change together: each event of a session moves all three.
 */
export class Carriers implements Recovery {
  readonly #given: CarriersSurroundings
  readonly #slots: Slots
  readonly #silence: Silence
  readonly #recoveries: Recoveries
  /** Streams that the venue will not give on the socket of the moment. */
  readonly #refused = new Set<number>()
  readonly #byStream = new Map<number, Carrier>()
  #carriers: readonly Carrier[] = []
  #isMaintenance = false

  constructor(given: CarriersSurroundings) {
    this.#given = given
    const { instruments, sessions } = given
    const { venue, timing } = sessions
    this.#slots = new Slots(instruments)
    this.#silence = new Silence({
      ...PATIENCE,
      slots: instruments.length,
      firstDataMs: timing.firstDataMs,
      firstQuietMs: timing.firstQuietMs,
      bookComesAtOnce: venue.link.snapshot !== 'request',
    })
    this.#recoveries = new Recoveries({
      sessions,
      rest: given.rest,
      emit: given.emit,
      depth: given.depth,
      slots: this.#slots,
      silence: this.#silence,
      carrierOf: (stream) => this.#byStream.get(stream),
      isRefused: (stream) => this.#refused.has(stream),
    })
  }

  get carriers(): readonly Carrier[] {
    return this.#carriers
  }

  get isMaintenance(): boolean {
    return this.#isMaintenance
  }

  /** What there is, for people to see. */
  get counts(): StreamCounts {
    const streams = [...this.#byStream.keys()]
    const books = streams.filter((stream) => channelOf(stream) === 'book')
    return {
      streams: streams.length,
      heard: streams.filter((stream) => this.#silence.hasData(stream)).length,
      refused: this.#refused.size,
      books: books.length,
      booksLive: books.filter((stream) => this.#recoveries.isLive(slotOf(stream))).length,
      ...this.#recoveries.counts,
    }
  }

  /** Carries exactly these from here on: what stays is not touched. `isShed`: by slot, why the others are not wanted. */
  carry(wanted: readonly ResolvedInstrument[], isShed: (slot: number) => boolean): void {
    const { sessions, choice } = this.#given
    for (const { instrument } of wanted) {
      const slot = this.#slots.slotOf(instrument.symbol)
      if (slot !== undefined) this.#silence.setTrading(slot, instrument.state === 'trading')
    }
    const subscriptions = wanted
      .filter(
        ({ instrument }) =>
          instrument.state !== 'ended' && this.#slots.slotOf(instrument.symbol) !== undefined,
      )
      .flatMap(({ instrument, channels }) =>
        channels.map((channel) => ({ channel, symbol: instrument.symbol })),
      )
    const change = changePlan(
      this.#carriers.map(({ path, streams }) => ({ path, subscriptions: this.#slots.plannedOf(streams) })),
      subscriptions,
      sessions.venue,
      choice,
    )
    for (const { socket, subscriptions: left } of change.leave) {
      this.#leave(this.#carriers[socket], this.#slots.streamsOf(left), isShed)
    }
    for (const { socket, subscriptions: more } of change.join)
      this.#join(this.#carriers[socket], this.#slots.streamsOf(more))
    const closed = change.close.flatMap((socket) => this.#carriers[socket] ?? [])
    for (const carrier of closed) {
      this.#leave(carrier, carrier.streams, isShed)
      carrier.stop()
    }
    const opened = change.open.map((plan) => this.#open(plan))
    this.#carriers = [...this.#carriers.filter((carrier) => !closed.includes(carrier)), ...opened]
    this.#desire()
    for (const carrier of opened) carrier.start()
  }

  /** Asks once more for what the venue has refused. */
  retryRefused(): void {
    const refused = [...this.#refused]
    this.#refused.clear()
    const nowUs = this.#nowUs()
    for (const stream of refused) {
      const carrier = this.#byStream.get(stream)
      const own = carrier?.streamOf(slotOf(stream), channelOf(stream))
      if (own === undefined || carrier?.resubscribe(own, undefined) !== true) continue
      this.#silence.begin(stream, nowUs)
    }
  }

  recover(slot: number): void {
    this.#recoveries.recover(slot)
  }

  recovered(slot: number): void {
    this.#recoveries.recovered(slot)
  }

  renew(slot: number): void {
    this.#recoveries.renew(slot)
  }

  sweep(nowUs: number): void {
    for (const carrier of this.#carriers) {
      carrier.sweep(nowUs)
      this.#recoveries.mend(carrier, nowUs)
      if (!this.#isMaintenance) this.#watch(carrier, nowUs)
    }
    this.#recoveries.sweep(nowUs)
    const isRotating = this.#carriers.some((carrier) => carrier.isRotating)
    if (!isRotating) this.#carriers.find((carrier) => carrier.isDue(nowUs))?.rotate()
    this.#desire()
    if (this.#carriers.every(({ newest: { state } }) => state.name === 'live' && state.attempt === 0)) {
      this.#given.settled()
    }
  }

  /** Ends all sessions. Their sockets are in the registry until they have ended too. */
  stop(): void {
    this.#recoveries.stop()
    for (const carrier of this.#carriers) carrier.stop()
    this.#carriers = []
    this.#desire()
  }

  #open(plan: SocketPlan): Carrier {
    const streams = this.#slots.streamsOf(plan.subscriptions)
    const { sessions, emit } = this.#given
    const carrier: Carrier = new Carrier(plan.path, streams, {
      sessions,
      emit,
      listener: this.#listener(() => carrier),
    })
    for (const stream of streams) this.#byStream.set(indexOf(stream), carrier)
    return carrier
  }

  #join(carrier: Carrier | undefined, streams: readonly SessionStream[]): void {
    const nowUs = this.#nowUs()
    for (const stream of streams.map(indexOf)) {
      if (carrier !== undefined) this.#byStream.set(stream, carrier)
      if (carrier?.isReading === true) this.#silence.begin(stream, nowUs)
    }
    carrier?.join(streams)
  }

  #leave(
    carrier: Carrier | undefined,
    streams: readonly SessionStream[],
    isShed: (slot: number) => boolean,
  ): void {
    const shed = streams.filter(({ slot }) => isShed(slot))
    const ended = streams.filter(({ slot }) => !isShed(slot))
    if (shed.length > 0) carrier?.leave(shed, 'shed')
    if (ended.length > 0) carrier?.leave(ended, 'disconnected')
    this.#forget(streams)
  }

  #forget(streams: readonly SessionStream[]): void {
    for (const stream of streams.map(indexOf)) {
      this.#byStream.delete(stream)
      this.#refused.delete(stream)
      this.#silence.end(stream)
      this.#recoveries.forget(stream)
    }
  }

  #listener(carrier: () => Carrier): SessionListener {
    return {
      changed: (session, reason) => this.#changed(carrier(), session, reason),
      data: (_session, said, nowUs) => this.#data(said, nowUs),
      closing: () => undefined,
      refused: (_session, stream, why) => this.#refuse(stream, why),
      maintenance: (active, reason) => this.#maintenance(active, reason),
    }
  }

  #changed(carrier: Carrier, session: Session, reason: string | undefined): void {
    const { state } = session
    const { emit, sessions } = this.#given
    emit({
      type: 'session_changed',
      venue: sessions.venue.id,
      session: session.lastNumber,
      state: state.name,
      ...(reason === undefined ? {} : { reason }),
    })
    if (state.name === 'subscribing') {
      for (const stream of session.streams.values()) this.#refused.delete(indexOf(stream))
    }
    if (state.name === 'live') this.#begin(carrier, session)
    if (!isCarrying(carrier)) {
      for (const stream of session.streams.values()) {
        this.#silence.end(indexOf(stream))
        this.#recoveries.silent(indexOf(stream))
      }
    }
    const failure = outOfReach(state)
    if (failure !== undefined) this.#given.reach({ code: failure, text: reason ?? 'no connection' })
  }

  /** All is acknowledged: data may be expected, and what the venue said to sockets before this one is over. */
  #begin(carrier: Carrier, session: Session): void {
    const nowUs = this.#nowUs()
    this.#maintenance(false, 'a socket is live again')
    this.#given.reach(undefined)
    for (const stream of [...session.streams.values()].map(indexOf)) {
      if (this.#refused.has(stream)) continue
      this.#silence.begin(stream, nowUs)
      this.#recoveries.fresh(stream, nowUs)
    }
    this.#recoveries.mend(carrier, nowUs)
  }

  /** Every frame with data comes by here. */
  #data(said: Columns, nowUs: number): void {
    let before = -1
    for (let at = 0; at < said.count; at++) {
      const slot = said.slot[at] ?? -1
      const stream = slot * 2 + (said.kind[at] === KIND.trade ? 1 : 0)
      if (slot < 0 || stream === before) continue
      before = stream
      const isFirst = !this.#silence.hasData(stream)
      this.#silence.saw(stream, nowUs)
      this.#recoveries.heard(stream, isFirst)
    }
  }

  #refuse(stream: SessionStream, why: Refused): void {
    const index = indexOf(stream)
    const { emit, sessions } = this.#given
    this.#refused.add(index)
    this.#silence.end(index)
    this.#recoveries.forget(index)
    emit({
      type: 'subscription_refused',
      venue: sessions.venue.id,
      key: stream.key,
      code: why.code,
      text: why.text,
    })
  }

  #maintenance(active: boolean, reason: string): void {
    if (active === this.#isMaintenance) return
    this.#isMaintenance = active
    this.#given.emit({ type: 'venue_maintenance', venue: this.#given.sessions.venue.id, active, reason })
  }

  #watch(carrier: Carrier, nowUs: number): void {
    const verdict = watch(carrier, this.#silence, nowUs, {
      timing: this.#given.sessions.timing,
      isExcused: (stream) => this.#refused.has(stream) || this.#recoveries.isBusy(stream),
    })
    switch (verdict.name) {
      case 'fine':
        break
      case 'probe':
        carrier.newest.probe()
        break
      case 'reconnect':
        carrier.reconnect('no data', 'silent')
        break
      case 'resubscribe':
        for (const stream of verdict.streams) this.#mute(stream, nowUs)
        break
    }
  }

  #mute({ slot, channel }: SessionStream, nowUs: number): void {
    const { emit, sessions } = this.#given
    const stream = streamIndex(slot, channel)
    emit({
      type: 'stream_silent',
      venue: sessions.venue.id,
      channel,
      symbol: this.#slots.symbolOf(slot),
    })
    this.#silence.alarm(stream, nowUs)
    this.#recoveries.mute(stream, nowUs)
  }

  #desire(): void {
    const { registry, venue } = this.#given.sessions
    registry.desire(
      venue.id,
      this.#carriers.reduce((sum, { sessions }) => sum + sessions.length, 0),
    )
  }

  #nowUs(): number {
    return this.#given.sessions.runtime.clock.steadyUs()
  }
}

const indexOf = ({ slot, channel }: SessionStream): number => streamIndex(slot, channel)
