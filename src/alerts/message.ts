import type { Entry } from './backlog.ts'
import type { Markup } from './markup.ts'
import { type Alert, severityOf } from './notice.ts'
import type { Batch } from './planning.ts'
import { clipped, cutToWire, plainLine, wireBytesOf } from './text.ts'
import { durationText, type Language, WORDS, type Words } from './words.ts'

/** How messages are written. */
export interface MessageStyle {
  readonly markup: Markup
  readonly language: Language
  /** Stands in title and text: what a robot with a keyword wants to see. */
  readonly keyword: string | undefined
  /** Of critical alerts that fire. */
  readonly atMobiles: readonly string[]
  readonly atAll: boolean
  /** Epoch ms as a person reads it. */
  readonly timeText: (ms: number) => string
  readonly nowMs: number
  readonly isUncertain: (entry: Entry) => boolean
  /** For the text, as it is inside of a JSON text. */
  readonly limitBytes: number
}

/** A message, and which entries it tells. */
export interface Message {
  /** One line. */
  readonly title: string
  /** In the markup of the style. */
  readonly text: string
  readonly told: readonly Entry[]
  readonly atMobiles: readonly string[]
  readonly atAll: boolean
}

/** Labels shown of an alert. */
const LABELS_LIMIT = 12
const TITLE_LIMIT = 120
/** Characters shown of a name, of the value of a label, and of an annotation: so that a whole alert always fits into a message. */
const NAME_LIMIT = 80
const VALUE_LIMIT = 120
const ANNOTATION_LIMIT = 800
/** Told of once it is more than a moment, ms. */
const LATE_MS = 60_000
/** Shown in the heading already. */
const HEADING_LABELS: ReadonlySet<string> = new Set(['alertname', 'severity', 'service'])
/** Room for `more`, of any language. */
const MORE_BYTES = 100
/** Two line feeds in JSON. */
const GLUE_BYTES = 4

/** Writes the next message: as many entries of the batch as fit, at least the first, which is cut where it must be. Pure. */
export function writeMessage({ form, entries }: Batch, style: MessageStyle): Message {
  const words = WORDS[style.language]
  const isDigest = form === 'digest'
  const title = isDigest ? digestTitle(entries, words) : groupTitle(entries, words)
  const head = style.markup.heading(`${prefixOf(style)}${style.markup.escape(title)}`)
  const loud = entries.some(isLoud)
  const tail = loud ? style.atMobiles.map((mobile) => `@${mobile}`).join(' ') : ''
  const roomBytes = style.limitBytes - wireBytesOf(`${head}\n\n\n\n${tail}`) - MORE_BYTES
  const { blocks, told } = fill(entries, roomBytes, (entry) =>
    isDigest
      ? shortBlock(entry, style, words)
      : [...namesOf(entry, entries, { style, words }), fullBlock(entry, style, words)].join('\n\n'),
  )
  const left = entries.length - told.length
  const more = left > 0 ? [words.more(left)] : []
  const isLoudTold = told.some(isLoud)
  return {
    title: plainLine(`${prefixOf(style)}${title}`)
      .slice(0, TITLE_LIMIT)
      .toWellFormed(),
    text: [head, ...blocks, ...more, ...(isLoudTold && tail !== '' ? [tail] : [])].join('\n\n'),
    told,
    atMobiles: isLoudTold ? style.atMobiles : [],
    atAll: isLoudTold && style.atAll,
  }
}

function fill(
  entries: readonly Entry[],
  roomBytes: number,
  blockOf: (entry: Entry) => string,
): { readonly blocks: readonly string[]; readonly told: readonly Entry[] } {
  const blocks: string[] = []
  const told: Entry[] = []
  let leftBytes = roomBytes
  for (const entry of entries) {
    const whole = blockOf(entry)
    if (wireBytesOf(whole) + GLUE_BYTES > leftBytes && told.length > 0) break
    const block = cutToWire(whole, leftBytes - GLUE_BYTES)
    blocks.push(block)
    told.push(entry)
    leftBytes -= wireBytesOf(block) + GLUE_BYTES
  }
  return { blocks, told }
}

const shown = (text: string, limit: number, { markup }: MessageStyle): string =>
  markup.escape(clipped(text, limit))

const isLoud = ({ alert }: Entry): boolean => alert.status === 'firing' && severityOf(alert) === 'critical'

const prefixOf = ({ keyword }: MessageStyle): string => (keyword === undefined ? '' : `${keyword} `)

function headingOf(alert: Alert, words: Words): string {
  const { labels } = alert
  const venue = labels['venue'] === undefined ? '' : ` (${clipped(labels['venue'], NAME_LIMIT)})`
  return `${words.severities[severityOf(alert)]} ${words[alert.status]}${words.colon}${clipped(labels['alertname'] ?? '?', NAME_LIMIT)}${venue}`
}

/** Of alerts of one webhook: the first by name, and how many more. */
function groupTitle(entries: Batch['entries'], words: Words): string {
  const heading = headingOf(entries[0].alert, words)
  return entries.length > 1 ? `${heading} +${entries.length - 1}` : heading
}

/** Which alert a block is of, where it is not alone. */
const namesOf = (
  { alert }: Entry,
  entries: readonly Entry[],
  { style, words }: { readonly style: MessageStyle; readonly words: Words },
): readonly string[] => (entries.length > 1 ? [boldHeading(alert, style, words)] : [])

const boldHeading = (alert: Alert, { markup }: MessageStyle, words: Words): string =>
  markup.bold(markup.escape(headingOf(alert, words)))

function digestTitle(entries: readonly Entry[], words: Words): string {
  const counts = new Map<string, number>()
  for (const { alert } of entries) {
    const kind = alert.status === 'resolved' ? words.resolved : words.severities[severityOf(alert)]
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const parts = [...counts].map(([kind, count]) => `${count} ${kind}`)
  return `${words.digest(entries.length)}${words.colon}${parts.join(', ')}`
}

function fullBlock(entry: Entry, style: MessageStyle, words: Words): string {
  const { alert, externalUrl } = entry
  const item = (name: string, value: string): string => `- ${name}${words.colon}${value}`
  const labels = Object.entries(alert.labels)
    .filter(([name]) => !HEADING_LABELS.has(name))
    .slice(0, LABELS_LIMIT)
    .map(([name, value]) => item(shown(name, NAME_LIMIT, style), shown(value, VALUE_LIMIT, style)))
  const summary = textOf(alert, 'summary', style)
  const end = alert.status === 'resolved' ? [item(words.end, style.timeText(alert.endsAtMs))] : []
  const lines = [
    summary === '' ? boldHeading(alert, style, words) : style.markup.bold(summary),
    quoted(textOf(alert, 'description', style)),
    [
      item(words.start, style.timeText(alert.startsAtMs)),
      ...end,
      item(words.duration, lastedText(alert, style, words)),
      ...labels,
    ].join('\n'),
    notesOf(entry, style, words),
    linksOf(alert, externalUrl, { style, words }),
  ]
  return lines.filter((line) => line !== '').join('\n\n')
}

function shortBlock(entry: Entry, style: MessageStyle, words: Words): string {
  const { alert } = entry
  const times = `${style.timeText(alert.startsAtMs)}, ${lastedText(alert, style, words)}`
  const lines = [
    boldHeading(alert, style, words),
    quoted(textOf(alert, 'description', style) || textOf(alert, 'summary', style)),
    [times, linksOf(alert, undefined, { style, words })].filter((part) => part !== '').join(' · '),
    notesOf(entry, style, words),
  ]
  return lines.filter((line) => line !== '').join('\n\n')
}

const quoted = (text: string): string => (text === '' ? '' : `> ${text}`)

/** An annotation in the language of the message, else the plain one. */
function textOf({ annotations }: Alert, name: string, style: MessageStyle): string {
  return shown(annotations[`${name}_${style.language}`] ?? annotations[name] ?? '', ANNOTATION_LIMIT, style)
}

function lastedText(alert: Alert, { nowMs }: MessageStyle, words: Words): string {
  return durationText((alert.status === 'resolved' ? alert.endsAtMs : nowMs) - alert.startsAtMs, words)
}

function notesOf(entry: Entry, style: MessageStyle, words: Words): string {
  const waitedMs = style.nowMs - entry.atMs
  const late = waitedMs >= LATE_MS ? [words.late(durationText(waitedMs, words))] : []
  const isFirst = entry.id === entry.noticeId && entry.truncatedAlerts > 0
  const truncated = isFirst ? [words.truncated(entry.truncatedAlerts)] : []
  return [...late, ...truncated, ...(style.isUncertain(entry) ? [words.uncertain] : [])].join(' ')
}

function linksOf(
  { annotations, generatorUrl }: Alert,
  externalUrl: string | undefined,
  { style, words }: { readonly style: MessageStyle; readonly words: Words },
): string {
  const { link } = style.markup
  const links = [
    link(words.runbook, annotations['runbook_url']),
    link(words.panel, annotations['dashboard_url']),
    externalUrl === undefined ? undefined : link(words.source, generatorUrl),
    link(words.alertmanager, externalUrl),
  ]
  return links.filter((text) => text !== undefined).join(' · ')
}
