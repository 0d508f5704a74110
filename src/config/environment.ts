import type { Config } from './schema.ts'

/** Variables that go before the file, as the collectors of old understood them. */
export const VARIABLES = [
  'COLLECTOR_ENABLE_HTTP',
  'HEALTH_CHECK_PORT',
  'METRICS_PORT',
  'HEALTH_GRACE_SECONDS',
] as const
export type Variable = (typeof VARIABLES)[number]

export interface VariableFault {
  readonly variable: Variable
  readonly found: string
  readonly expected: string
}

const PORT = { min: 0, max: 65_535 }
const GRACE_SECONDS = { min: 0, max: 3_600 }

/** The configuration with what the environment says, or what is wrong with that: an empty variable says nothing. Pure. */
export function withEnvironment(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): { readonly config: Config } | { readonly faults: readonly VariableFault[] } {
  const faults: VariableFault[] = []
  const read = <Value>(
    variable: Variable,
    fallback: Value,
    rule: { readonly expected: string; readonly of: (text: string) => Value | undefined },
  ): Value => {
    const text = env[variable]
    if (text === undefined || text === '') return fallback
    const value = rule.of(text)
    if (value === undefined) faults.push({ variable, found: text, expected: rule.expected })
    return value ?? fallback
  }
  const { http, health } = config
  const changed: Config = {
    ...config,
    http: {
      ...http,
      enabled: read('COLLECTOR_ENABLE_HTTP', http.enabled, SWITCH),
      healthPort: read('HEALTH_CHECK_PORT', http.healthPort, integerRule(PORT)),
      metricsPort: read('METRICS_PORT', http.metricsPort, integerRule(PORT)),
    },
    health: {
      ...health,
      graceSeconds: read('HEALTH_GRACE_SECONDS', health.graceSeconds, integerRule(GRACE_SECONDS)),
    },
  }
  return faults.length > 0 ? { faults } : { config: changed }
}

const SWITCH = {
  expected: '1, true, yes, on, 0, false, no or off',
  of: (text: string): boolean | undefined => {
    const word = text.toLowerCase()
    if (['1', 'true', 'yes', 'on'].includes(word)) return true
    return ['0', 'false', 'no', 'off'].includes(word) ? false : undefined
  },
}

const integerRule = ({ min, max }: { readonly min: number; readonly max: number }) => ({
  expected: `a whole number from ${min} to ${max}`,
  of: (text: string): number | undefined => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  },
})

/** A fault for people, in a line. */
export const variableFaultText = ({ variable, found, expected }: VariableFault): string =>
  `${variable}: expected ${expected}, found '${found}'\n    unset it, or set it so`
