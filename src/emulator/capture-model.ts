import type { CaptureLine } from '../core/capture.ts'
import type { VenueId } from '../core/ids.ts'
import { SPOT_HABITS, USDM_HABITS } from './binance-control.ts'
import { binanceProtocol } from './binance-model.ts'
import { BinanceRest } from './binance-rest.ts'
import { readCapture, type ReadCapture } from './capture-lines.ts'
import { CaptureSource, type PlayOptions } from './capture-source.ts'
import { DERIBIT_HABITS } from './deribit-control.ts'
import { deribitProtocol } from './deribit-model.ts'
import { deribitCalls } from './deribit-rest.ts'
import { Faults } from './faults.ts'
import { Front, type Protocol, TICK_MS } from './front.ts'
import type { EmulatedVenue } from './model.ts'
import { OKX_HABITS } from './okx-control.ts'
import { okxProtocol } from './okx-model.ts'
import { OkxRest } from './okx-rest.ts'
import type { EmulatorRuntime } from './outlet.ts'

/** A capture to play as a venue. */
export interface CaptureToPlay {
  readonly venue: VenueId
  readonly lines: Iterable<CaptureLine>
  /** Called once, when the last line has been played. */
  readonly done: () => void
}

const DEFAULTS: PlayOptions = { speed: 1, subscribeMs: 30_000, requestMs: 5_000, tickMs: TICK_MS }

/**
 * A venue that plays a capture: it waits until the recorded books and trades have subscribers, then sends the recorded frames byte
 * for byte. Everything else (acknowledgements, pings, instrument lists) is the venue's protocol as ever. It lists what it recorded.
 */
export function captureModel(
  { venue, lines, done }: CaptureToPlay,
  runtime: EmulatorRuntime,
  options: Partial<PlayOptions> = {},
): EmulatedVenue {
  const capture = readCapture(venue, lines)
  const play = { ...DEFAULTS, ...options }
  const source = new CaptureSource(capture, play, done)
  const protocol = protocolOf(venue, { capture, source, runtime })
  const { tickMs } = play
  return new Front(venue, runtime, { faults: new Faults(runtime.random), source, protocol, tickMs })
}

/** OKX and Deribit send books in the stream: requests for them were not recorded. */
const book = (): undefined => undefined

interface Parts {
  readonly capture: ReadCapture
  readonly source: CaptureSource
  readonly runtime: EmulatorRuntime
}

function protocolOf(venue: VenueId, { capture, source, runtime }: Parts): Protocol {
  const { listings } = capture
  switch (venue) {
    case 'binance-spot':
    case 'binance-derivatives':
      return binancePlay(venue === 'binance-derivatives', { capture, source, runtime })
    case 'okx-spot':
    case 'okx-derivatives': {
      const rest = new OkxRest({ listings, runtime, book })
      return okxProtocol({ ...OKX_HABITS, tickByTick: true }, rest, source)
    }
    case 'deribit': {
      const calls = deribitCalls({ listings, runtime, book })
      return deribitProtocol({ ...DERIBIT_HABITS, rawAllowed: true }, { calls, runtime, source })
    }
  }
}

function binancePlay(usdm: boolean, { capture, source, runtime }: Parts): Protocol {
  const { listings } = capture
  const rest: BinanceRest = new BinanceRest({
    usdm,
    listings,
    runtime,
    depth: (symbol, _limit, answer) => source.depth(symbol, answer),
  })
  return binanceProtocol(usdm ? USDM_HABITS : SPOT_HABITS, rest, source)
}
