import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import { COMMANDS } from '../../src/cli/commands.ts'

export const ROOT = join(import.meta.dirname, '../..')
/** The supervisor promises to end everything within this. */
export const STOP_SECONDS = 10

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
export const exists = (path: string): boolean => existsSync(join(ROOT, path))

/** What a file of YAML holds, merge keys resolved. */
export const yamlOf = (path: string): Node => new Node(parse(textOf(path), { merge: true }))

/** A document to look into, without knowing what is in it. */
export class Node {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }

  /** What is at a path of keys and indexes; a node of `undefined` where nothing is. */
  at(...path: readonly (string | number)[]): Node {
    let value = this.value
    for (const key of path) value = new Map(Object.entries(Object(value))).get(String(key))
    return new Node(value)
  }

  get text(): string {
    return typeof this.value === 'string' || typeof this.value === 'number' ? String(this.value) : ''
  }

  get items(): readonly Node[] {
    return Array.isArray(this.value) ? this.value.map((item: unknown) => new Node(item)) : []
  }

  get texts(): readonly string[] {
    return this.items.map(({ text }) => text)
  }

  get entries(): readonly (readonly [string, Node])[] {
    return Object.entries(Object(this.value)).map(([key, value]) => [key, new Node(value)] as const)
  }

  get keys(): readonly string[] {
    return this.entries.map(([key]) => key)
  }
}

/** The configuration of a file; throws what is wrong with it. */
export function configOf(text: string): Config {
  const outcome = readConfig(new TextEncoder().encode(text))
  if ('config' in outcome) return outcome.config
  throw new Error(JSON.stringify(outcome.faults))
}

export const DEFAULTS = configOf('{}')
export const PACKAGE_VERSION = yamlOf('package.json').at('version').text

/** Why a command line of ours would be refused: a command or an option that there is not. */
export function commandFault([name = '', ...args]: readonly string[]): string | undefined {
  const command = COMMANDS.find((known) => known.name === name)
  if (command === undefined) return `no command ${name}`
  const options = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=')[0])
  const unknown = options.find((option) => !command.options.some((known) => known.name === option))
  return unknown === undefined ? undefined : `${name} has no option --${unknown}`
}

/** Bytes of `4G`, `512M`, `4Gi`, `256Mi`: systemd, Docker and Kubernetes with an i mean powers of 1024. */
export function bytesOf(size: string): number {
  const [, count = '', unit = ''] = /^(\d+)([KMGT])i?$/.exec(size) ?? []
  if (count === '') throw new Error(`no size: '${size}'`)
  return Number(count) * 1024 ** ('KMGT'.indexOf(unit) + 1)
}

/** Seconds of `30s` or `15`. */
export function secondsOf(time: string): number {
  const [, count] = /^(\d+)s?$/.exec(time) ?? []
  if (count === undefined) throw new Error(`no time in seconds: '${time}'`)
  return Number(count)
}
