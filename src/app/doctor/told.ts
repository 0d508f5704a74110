import { type Check, check, type Finding, RESULTS } from './check.ts'

/** Checks that have come out, with their place in the report: what goes between the processes of a diagnosis, as JSON. */
export interface Told {
  readonly place: number
  readonly checks: readonly Check[]
}

/** Follows when all have been told. */
export const LAST_MESSAGE = 'done'

export const toldText = (told: Told): string => JSON.stringify(told)

/** Reads it back. Throws where it is something else. */
export function readTold(text: string): Told {
  const facts = factsOf(JSON.parse(text))
  const checks = facts.get('checks')
  if (!Array.isArray(checks)) throw new TypeError('no list of checks')
  return {
    place: Number(facts.get('place')),
    checks: checks.map((item: unknown) => checkFrom(factsOf(item))),
  }
}

type Facts = ReadonlyMap<string, unknown>

const factsOf = (value: unknown): Facts => new Map<string, unknown>(Object.entries(Object(value)))

const checkFrom = (facts: Facts): Check =>
  check(String(facts.get('group')), String(facts.get('subject')), findingFrom(facts))

function findingFrom(facts: Facts): Finding {
  const result = RESULTS.find((known) => known === facts.get('result'))
  const text = String(facts.get('text'))
  switch (result) {
    case 'ok':
    case 'skipped':
      return { result, text }
    case 'warning':
    case 'fault':
      return { result, text, advice: String(facts.get('advice')) }
    case undefined:
      throw new TypeError('a check without a result')
  }
}
