import { nearest } from '../config/nearest.ts'
import { isVenueId, VENUE_IDS, type VenueId } from '../core/ids.ts'
import { type Fault, type FaultName, FAULTS } from '../emulator/model.ts'

/** A fault as the command line names it; without `venue` it is for every venue. */
export interface NamedFault {
  readonly venue: VenueId | undefined
  readonly fault: Fault
}

const NUMBERS = {
  share: { form: /^(0|1|0?\.\d{1,9})$/, expected: 'a number from 0 to 1' },
  times: { form: /^[1-9]\d{0,8}$/, expected: 'a whole number from 1' },
  value: { form: /^\d{1,9}$/, expected: 'a whole number' },
} as const

/**
 * Reads `[VENUE:]NAME[,symbol=S][,channel=book|trade][,share=0.1][,times=N][,value=N]`, as in `okx-spot:drop,share=0.001`.
 * Answers what is wrong with any other text.
 */
export function parseFault(text: string): NamedFault | { readonly problem: string } {
  const [head = '', ...settings] = text.split(',')
  const colon = head.indexOf(':')
  const venue = colon === -1 ? undefined : head.slice(0, colon)
  if (venue !== undefined && !isVenueId(venue)) return { problem: unknown('venue', venue, VENUE_IDS) }
  const name = head.slice(colon + 1)
  if (!isFaultName(name)) return { problem: unknown('fault', name, FAULTS) }
  let fault: Fault = { name }
  for (const setting of settings) {
    const changed = readSetting(fault, setting)
    if (typeof changed === 'string') return { problem: changed }
    fault = changed
  }
  return { venue, fault }
}

const isFaultName = (text: string): text is FaultName => FAULTS.some((name) => name === text)

function unknown(what: string, word: string, words: readonly string[]): string {
  const near = nearest(word, words)
  const hint = near === undefined ? `there are ${words.join(', ')}` : `did you mean '${near}'?`
  return `unknown ${what} '${word}'; ${hint}`
}

/** The fault with one more setting, or what is wrong with the setting. */
function readSetting(fault: Fault, setting: string): Fault | string {
  const equals = setting.indexOf('=')
  const key = equals === -1 ? setting : setting.slice(0, equals)
  const value = equals === -1 ? '' : setting.slice(equals + 1)
  if (key === 'symbol')
    return value === '' ? 'symbol needs a value: symbol=BTCUSDT' : { ...fault, symbol: value }
  if (key === 'channel') {
    return value === 'book' || value === 'trade'
      ? { ...fault, channel: value }
      : `channel is book or trade, not '${value}'`
  }
  if (key !== 'share' && key !== 'times' && key !== 'value') {
    return unknown('setting', key, ['symbol', 'channel', ...Object.keys(NUMBERS)])
  }
  const { form, expected } = NUMBERS[key]
  return form.test(value) ? { ...fault, [key]: Number(value) } : `${key} is ${expected}, not '${value}'`
}
