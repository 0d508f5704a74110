import type { RobotKind } from './judging.ts'
import type { Language } from './words.ts'

/** Where alerts are told, without what nobody may see. */
export interface Robot {
  readonly name: string
  readonly kind: RobotKind
  /** At least one. */
  readonly routes: readonly string[]
  readonly language: Language
  readonly keyword: string | undefined
  readonly criticalAtMobiles: readonly string[]
  readonly criticalAtAll: boolean
}

/** What nobody may see of a robot. */
export interface RobotSecrets {
  /** With its token. */
  readonly url: string
  readonly secret: string | undefined
}

const SECRET_MIN = 6

/** A text of the far side, one line, short, and with every secret of the robot struck out. */
export function cleaned(text: string, { url, secret }: RobotSecrets): string {
  const parsed = URL.parse(url)
  const values = [
    ...(parsed?.searchParams.values() ?? []),
    ...(parsed?.pathname.split('/') ?? []),
    secret ?? '',
  ]
  const shown = values
    .filter((value) => value.length >= SECRET_MIN && value !== 'robot')
    .reduce((rest, value) => rest.replaceAll(value, '***'), text.replaceAll(url, '***'))
  return shown
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
}
