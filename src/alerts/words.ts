import type { Severity } from './notice.ts'

export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** Everything that a message says by itself. */
export interface Words {
  readonly severities: Readonly<Record<Severity, string>>
  readonly firing: string
  readonly resolved: string
  readonly start: string
  readonly end: string
  readonly duration: string
  readonly labels: string
  readonly runbook: string
  readonly panel: string
  readonly source: string
  readonly alertmanager: string
  /** Heading of a digest. */
  readonly digest: (count: number) => string
  readonly more: (count: number) => string
  readonly late: (duration: string) => string
  readonly truncated: (count: number) => string
  readonly uncertain: string
  /** Of whole units: days, hours, minutes, seconds. */
  readonly units: readonly [string, string, string, string]
  readonly colon: string
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    severities: { critical: 'CRITICAL', warning: 'WARNING', info: 'INFO', none: 'NOTE' },
    firing: 'firing',
    resolved: 'resolved',
    start: 'Start',
    end: 'End',
    duration: 'Duration',
    labels: 'Labels',
    runbook: 'Runbook',
    panel: 'Panel',
    source: 'Expression',
    alertmanager: 'Alertmanager',
    digest: (count) => `${count} alerts`,
    more: (count) => `and ${count} more, in the next message`,
    late: (duration) => `Told ${duration} late: earlier messages had to wait.`,
    truncated: (count) => `Alertmanager has left ${count} alerts of this group out.`,
    uncertain: 'Possibly a repeat: there was no answer when this was sent before.',
    units: [' d', ' h', ' min', ' s'],
    colon: ': ',
  },
  zh: {
    severities: { critical: '严重', warning: '警告', info: '提示', none: '通知' },
    firing: '触发',
    resolved: '已恢复',
    start: '开始时间',
    end: '结束时间',
    duration: '持续时间',
    labels: '标签',
    runbook: '处理手册',
    panel: '监控面板',
    source: '表达式',
    alertmanager: '告警管理',
    digest: (count) => `${count} 条告警`,
    more: (count) => `另有 ${count} 条，见下一条消息`,
    late: (duration) => `延迟 ${duration} 送达：此前的消息在排队。`,
    truncated: (count) => `告警管理省略了该组的 ${count} 条告警。`,
    uncertain: '可能重复：上次发送时没有收到应答。',
    units: [' 天', ' 小时', ' 分钟', ' 秒'],
    colon: '：',
  },
}

/** The two largest units of a duration: `1 h 5 min`. */
export function durationText(ms: number, { units }: Words): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const parts = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ]
  const first = parts.findIndex((part) => part > 0)
  if (first === -1) return `0${units[3]}`
  return parts
    .slice(first, first + 2)
    .flatMap((part, at) => (part > 0 ? [`${part}${units[first + at] ?? ''}`] : []))
    .join(' ')
}

/** Writes epoch ms as `2026-11-25 19:15:30 UTC+8`, in a time zone of the tz database. */
export function timeWriter(timeZone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'shortOffset',
  })
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
    const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? ''
    const date = `${part('year')}-${part('month')}-${part('day')}`
    const time = `${part('hour')}:${part('minute')}:${part('second')}`
    return `${date} ${time} ${part('timeZoneName').replace('GMT', 'UTC')}`
  }
}
