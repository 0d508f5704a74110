import type { Channel } from '../core/ids.ts'

/** How patient the detector is, ms. */
export interface SilenceOptions {
  readonly slots: number
  /** No stream is called mute sooner. Trades come in bursts: a pause means less than in a book. */
  readonly floorMs: Readonly<Record<Channel, number>>
  /** A stream whose window would be longer is slow by nature, and is not judged. */
  readonly capMs: number
  /** First data where some is sure to come. */
  readonly firstDataMs: number
  /** First data of a book of which nothing is known. */
  readonly firstQuietMs: number
  /** The venue sends the book as soon as it is subscribed to. */
  readonly bookComesAtOnce: boolean
}

/** `mute`: it had data, and has none for longer than its own rate allows. `never`: no data at all since it was subscribed to. */
export type Verdict = 'fine' | 'mute' | 'never'

/** How patient the detector is unless told otherwise. */
export const PATIENCE: Pick<SilenceOptions, 'floorMs' | 'capMs'> = {
  floorMs: { book: 10_000, trade: 30_000 },
  capMs: 300_000,
}

/** Weight of the newest gap in the mean. */
const ALPHA = 0.05
/** So many mean gaps, and so many of the longest ones, are still no silence: by chance alone e^-20 of the gaps are longer. */
const MEAN_FACTOR = 20
const LONGEST_FACTOR = 3
/** A stream is judged once it has been heard so often, and for so many of its windows. */
const SAMPLES = 30
const WINDOWS = 6
/** The longest gap is forgotten over this time. */
const FADE_US = 3_600_000_000
/** Each alarm doubles the stream's patience, up to this; it halves again with each quiet hour. */
const PATIENCE_LIMIT = 32

/** Index of a stream in all arrays by stream. */
export const streamIndex = (slot: number, channel: Channel): number =>
  slot * 2 + (channel === 'trade' ? 1 : 0)

/** Slot of a stream index. */
export const slotOf = (stream: number): number => stream >> 1

/** Channel of a stream index. */
export const channelOf = (stream: number): Channel => ((stream & 1) === 0 ? 'book' : 'trade')

/**
 * Learns how often each stream speaks and tells which has fallen silent. Pure deciding over typed arrays: times are steady µs,
 * and looking is somebody else's business.
 */
export class Silence {
  readonly #options: SilenceOptions
  /** When it was subscribed to; NaN: it is not. */
  readonly #sinceUs: Float64Array
  readonly #lastUs: Float64Array
  readonly #meanUs: Float64Array
  readonly #longestUs: Float64Array
  readonly #heardUs: Float64Array
  readonly #samples: Float64Array
  readonly #patience: Float64Array
  readonly #alarmUs: Float64Array
  /** By slot: 1 while silence may be judged. */
  readonly #isTrading: Uint8Array

  constructor(options: SilenceOptions) {
    const streams = options.slots * 2
    this.#options = options
    this.#sinceUs = new Float64Array(streams).fill(Number.NaN)
    this.#lastUs = new Float64Array(streams).fill(Number.NaN)
    this.#meanUs = new Float64Array(streams)
    this.#longestUs = new Float64Array(streams)
    this.#heardUs = new Float64Array(streams)
    this.#samples = new Float64Array(streams)
    this.#patience = new Float64Array(streams).fill(1)
    this.#alarmUs = new Float64Array(streams)
    this.#isTrading = new Uint8Array(options.slots).fill(1)
  }

  /** The stream was subscribed to (again): the wait for its first data begins. What was learned stays. */
  begin(stream: number, nowUs: number): void {
    this.#sinceUs[stream] = nowUs
    this.#lastUs[stream] = Number.NaN
  }

  /** Nobody carries the stream: it is not judged. */
  end(stream: number): void {
    this.#sinceUs[stream] = Number.NaN
    this.#lastUs[stream] = Number.NaN
  }

  /** Only instruments that trade are judged. */
  setTrading(slot: number, isTrading: boolean): void {
    this.#isTrading[slot] = isTrading ? 1 : 0
  }

  /** The stream had data. */
  saw(stream: number, nowUs: number): void {
    const gapUs = nowUs - (this.#lastUs[stream] ?? Number.NaN)
    this.#lastUs[stream] = nowUs
    if (Number.isNaN(gapUs)) return
    const samples = (this.#samples[stream] ?? 0) + 1
    const meanUs = this.#meanUs[stream] ?? 0
    const longestUs = this.#longestUs[stream] ?? 0
    this.#samples[stream] = samples
    this.#heardUs[stream] = (this.#heardUs[stream] ?? 0) + gapUs
    this.#meanUs[stream] = meanUs + Math.max(ALPHA, 1 / samples) * (gapUs - meanUs)
    this.#longestUs[stream] = Math.max(gapUs, longestUs * (1 - Math.min(1, gapUs / FADE_US)))
  }

  /** True between data and the end of the subscription. */
  hasData(stream: number): boolean {
    return !Number.isNaN(this.#lastUs[stream] ?? Number.NaN)
  }

  /** How long the stream may be silent, µs; `Infinity` for one that is slow, or not known well enough. */
  windowUs(stream: number, nowUs: number): number {
    const floorUs = this.#options.floorMs[channelOf(stream)] * 1_000
    const meanUs = this.#meanUs[stream] ?? 0
    const longestUs = this.#longestUs[stream] ?? 0
    const windowUs = Math.max(floorUs, MEAN_FACTOR * meanUs, LONGEST_FACTOR * longestUs)
    const isKnown =
      (this.#samples[stream] ?? 0) >= SAMPLES && (this.#heardUs[stream] ?? 0) >= WINDOWS * windowUs
    if (!isKnown || windowUs > this.#options.capMs * 1_000) return Infinity
    return windowUs * this.#patienceOf(stream, nowUs)
  }

  /** How long the stream may be silent, µs; `Infinity` while its silence would mean nothing. */
  judgedUs(stream: number, nowUs: number): number {
    return this.#isCarried(stream) ? this.windowUs(stream, nowUs) : Infinity
  }

  isTrading(slot: number): boolean {
    return this.#isTrading[slot] === 1
  }

  judge(stream: number, nowUs: number): Verdict {
    if (!this.#isCarried(stream)) return 'fine'
    const lastUs = this.#lastUs[stream] ?? Number.NaN
    if (!Number.isNaN(lastUs)) return nowUs - lastUs > this.windowUs(stream, nowUs) ? 'mute' : 'fine'
    const sinceUs = this.#sinceUs[stream] ?? Number.NaN
    return nowUs - sinceUs > this.#firstUs(stream, nowUs) ? 'never' : 'fine'
  }

  /** The verdict was acted upon: the stream gets its time again, and twice as much of it. */
  alarm(stream: number, nowUs: number): void {
    this.#patience[stream] = Math.min(PATIENCE_LIMIT, this.#patienceOf(stream, nowUs) * 2)
    this.#alarmUs[stream] = nowUs
    this.begin(stream, nowUs)
  }

  #firstUs(stream: number, nowUs: number): number {
    const { firstDataMs, firstQuietMs, bookComesAtOnce } = this.#options
    const windowUs = this.windowUs(stream, nowUs)
    if (windowUs < Infinity) return Math.max(firstDataMs * 1_000, windowUs)
    if (channelOf(stream) === 'trade') return Infinity
    return (bookComesAtOnce ? firstDataMs : firstQuietMs) * 1_000 * this.#patienceOf(stream, nowUs)
  }

  #patienceOf(stream: number, nowUs: number): number {
    const patience = this.#patience[stream] ?? 1
    if (patience === 1) return 1
    const hours = Math.floor((nowUs - (this.#alarmUs[stream] ?? 0)) / FADE_US)
    return Math.max(1, patience / 2 ** hours)
  }

  #isCarried(stream: number): boolean {
    return this.#isTrading[slotOf(stream)] === 1 && !Number.isNaN(this.#sinceUs[stream] ?? Number.NaN)
  }
}

/** What a socket's silence asks for. */
export type SocketVerdict = 'fine' | 'probe' | 'dead'

/** What is known of a socket, µs: for how long it is live and without data, the shortest window of its streams, and the first-data deadline. */
export interface SocketSilence {
  readonly quietUs: number
  readonly hasData: boolean
  readonly windowUs: number
  readonly firstUs: number
  /** Since the last sign of life that was asked for. */
  readonly probedUs: number
}

/** After one window a sign of life is asked for; after half of one more the socket is dead, whatever the answer was. */
export function judgeSocket({ quietUs, hasData, windowUs, firstUs, probedUs }: SocketSilence): SocketVerdict {
  if (!hasData) return quietUs > firstUs ? 'dead' : 'fine'
  if (quietUs > windowUs * 1.5) return 'dead'
  return quietUs > windowUs && probedUs > windowUs ? 'probe' : 'fine'
}
