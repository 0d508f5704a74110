import { Seeded } from './seeded.ts'

/** A coin and about what it costs in dollars. */
export interface Coin {
  readonly base: string
  readonly price: number
}

const NAMED: readonly Coin[] = [
  { base: 'BTC', price: 67_234.1 },
  { base: 'ETH', price: 3_456.78 },
  { base: 'SOL', price: 172.34 },
  { base: 'XRP', price: 0.6123 },
  { base: 'DOGE', price: 0.14567 },
  { base: 'SHIB', price: 0.00001742 },
  { base: 'BNB', price: 587.3 },
  { base: 'ADA', price: 0.4312 },
  { base: 'AVAX', price: 27.81 },
  { base: 'LINK', price: 13.94 },
  { base: 'DOT', price: 4.813 },
  { base: 'LTC', price: 84.2 },
  { base: 'UNI', price: 9.345 },
  { base: 'SUSHI', price: 1.234 },
  { base: 'PEPE', price: 0.000011 },
  { base: 'TRX', price: 0.1612 },
  { base: 'NEAR', price: 4.121 },
  { base: 'APT', price: 8.66 },
  { base: 'ARB', price: 0.7112 },
  { base: 'ZEN', price: 9.12 },
]

/** Binance lists names beyond ASCII (sheet binance-spot, section 2). */
const UTF8_COIN: Coin = { base: '币安人生', price: 0.1834 }
const UTF8_INDEX = 40

const CONSONANTS = 'BDFGKLMNPRSTVZ'
const VOWELS = 'AEIOU'
const SYLLABLES = CONSONANTS.length * VOWELS.length

/** The coin at `index` of the list: well-known ones first, then invented ones, each for ever at the same price. */
export function coinAt(index: number, options: { readonly utf8: boolean }): Coin {
  if (options.utf8 && index === UTF8_INDEX) return UTF8_COIN
  const named = NAMED[index]
  if (named !== undefined) return named
  const last = 'XYQ'.charAt(Math.floor(index / SYLLABLES ** 2))
  const base = `${syllable(index)}${syllable(Math.floor(index / SYLLABLES))}${last}`
  return { base, price: new Seeded(base).lognormal(0.8, 2) }
}

function syllable(index: number): string {
  const consonant = CONSONANTS.charAt(index % CONSONANTS.length)
  return `${consonant}${VOWELS.charAt(Math.floor(index / CONSONANTS.length) % VOWELS.length)}`
}
