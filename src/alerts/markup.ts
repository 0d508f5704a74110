import type { RobotKind } from './judging.ts'
import { hrefOf, plainLine } from './text.ts'

/** How a kind of robot wants a text to be marked. Only `escape` is given texts of somebody else. */
export interface Markup {
  /** In one line, meaning only itself. */
  readonly escape: (text: string) => string
  readonly heading: (text: string) => string
  readonly bold: (text: string) => string
  /** `undefined` where the URL is none that a person can open, or is longer than anybody's. */
  readonly link: (text: string, url: string | undefined) => string | undefined
}

/** What means something in the middle of a line of markdown. */
const MARKS = /[\\`*_[\]<>~|#]/g

const MARKDOWN: Markup = {
  escape: (text) => plainLine(text).replaceAll(MARKS, String.raw`\$&`),
  heading: (text) => `### ${text}`,
  bold: (text) => `**${text}**`,
  link: (text, url) => {
    const href = hrefOf(url)?.replaceAll('(', '%28').replaceAll(')', '%29')
    return href === undefined ? undefined : `[${text}](${href})`
  },
}

const entities = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/**
 * Slack's mrkdwn: no headings, and nothing by which `*`, `_`, `~` or a backtick would mean only itself.
 * https://docs.slack.dev/messaging/formatting-message-text
 */
const MRKDWN: Markup = {
  escape: (text) => entities(plainLine(text)),
  heading: (text) => `*${text}*`,
  bold: (text) => `*${text}*`,
  link: (text, url) => {
    const href = hrefOf(url)?.replaceAll('|', '%7C')
    return href === undefined ? undefined : `<${entities(href)}|${text}>`
  },
}

/** No marks at all. */
const unmarked = (escape: (text: string) => string): Markup => ({
  escape: (text) => escape(plainLine(text)),
  heading: (text) => text,
  bold: (text) => text,
  link: (text, url) => {
    const href = hrefOf(url)
    return href === undefined ? undefined : `${text}: ${escape(href)}`
  },
})

const TEXT = unmarked((text) => text)

/** What a `webhook` is sent holds no text, so that its markup is any. */
export const MARKUPS: Readonly<Record<RobotKind, Markup>> = {
  dingtalk: MARKDOWN,
  slack: MRKDWN,
  webhook: MARKDOWN,
}

/** Of the plainest form, for a robot that has refused the usual one. Slack reads entities in any text. */
export const PLAIN_MARKUPS: Readonly<Record<RobotKind, Markup>> = {
  dingtalk: TEXT,
  slack: unmarked(entities),
  webhook: TEXT,
}
