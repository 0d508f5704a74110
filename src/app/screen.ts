import type { ShownBook } from '../telemetry/report.ts'
import type { InstanceView, VenueView } from './view.ts'

/** Things said at most. */
const NOTICES_LIMIT = 6
/** Books shown at most. */
const BOOKS_LIMIT = 12

const BOLD = '\u001B[1m'
const DIM = '\u001B[2m'
const RED = '\u001B[31m'
const GREEN = '\u001B[32m'
const PLAIN = '\u001B[0m'
const HOME = '\u001B[H'
const CLEAR_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'
/** The alternate screen: what was on the terminal before comes back when it is left. */
export const ENTER_SCREEN = '\u001B[?1049h\u001B[?25l'
export const LEAVE_SCREEN = '\u001B[?25h\u001B[?1049l'

/** One redraw of the screen: goes home and writes over what stands there, so nothing flickers. */
export function drawScreen(view: InstanceView, columns: number): string {
  const lines = [...headLines(view), '', ...venueLines(view), '', ...bookLines(view)]
  const notices = noticesOf(view)
  if (notices.length > 0) lines.push('', ...notices.map((notice) => `${RED}${notice}${PLAIN}`))
  const address = view.address === undefined ? '' : `${view.address}  ·  `
  lines.push('', `${DIM}${address}Ctrl-C ends it${PLAIN}`)
  return HOME + lines.map((line) => fit(line, columns) + CLEAR_LINE).join('\r\n') + CLEAR_BELOW
}

/** The same facts as lines, for logs and pipes: one for the collector, one a venue. */
export function plainLines(view: InstanceView): readonly string[] {
  const time = duration(view.upMs)
  const head = `${time} ${view.title}: ${[view.state, usage(view)].join(', ')}`
  const venues = view.venues.map((venue) => `${time} ${venue.venue}: ${venueText(venue)}`)
  return [head, ...venues, ...noticesOf(view).map((notice) => `${time} ${notice}`)]
}

/** What must be said, not more of it than a screen has room for. */
function noticesOf({ notices }: InstanceView): readonly string[] {
  const more = notices.length - NOTICES_LIMIT
  return more > 0 ? [...notices.slice(0, NOTICES_LIMIT), `and ${more} more`] : notices
}

/** What is wrong comes first, and alone where nothing has come yet. */
function venueText({ trouble, books, sockets, rates, lagMs, gaps, checks }: VenueView): string {
  if (trouble !== undefined && books.total === 0) return trouble
  const parts = [
    ...(trouble === undefined ? [] : [trouble]),
    `books ${books.live}/${books.total} live`,
    `sockets ${sockets.open}/${sockets.planned}`,
    `${rate(rates.frames)} frames/s`,
    `${rate(rates.deltas)} deltas/s`,
    `${rate(rates.trades)} trades/s`,
    `lag p50 ${lag(lagMs.p50)} p99 ${lag(lagMs.p99)} ms`,
    `gaps ${gaps}`,
    ...(checks === undefined ? [] : [`verified ${checks.equal}/${checks.total}`]),
  ]
  return parts.join(', ')
}

function headLines(view: InstanceView): readonly string[] {
  const colour = view.state === 'healthy' || view.state === 'starting' ? GREEN : RED
  return [
    `${BOLD}${view.title}${PLAIN}  ${duration(view.upMs)}  ${colour}${view.state}${PLAIN}  ${usage(view)}`,
  ]
}

function usage({ cpuShare, rssBytes, journal }: InstanceView): string {
  const parts = [
    ...(cpuShare === undefined ? [] : [`CPU ${(cpuShare * 100).toFixed(0)} % of a core`]),
    ...(rssBytes === undefined ? [] : [`RSS ${size(rssBytes)}`]),
    ...(journal === undefined
      ? []
      : [`${grouped(journal.records)} records (${size(journal.bytes)}) in ${journal.folder}`]),
  ]
  return parts.join(', ')
}

function venueLines({ venues }: InstanceView): readonly string[] {
  const isChecked = venues.some(({ checks }) => checks !== undefined)
  const head = row([
    'venue',
    'sockets',
    'books live',
    'frames/s',
    'deltas/s',
    'trades/s',
    'lag p50/p99 ms',
    'gaps',
  ])
  const lines = venues.map((venue) => {
    const line = venueRow(venue)
    const { equal, total } = venue.checks ?? { equal: 0, total: 0 }
    const colour = equal === total ? GREEN : RED
    const checks = isChecked ? `  ${total === 0 ? '     -' : `${colour}${equal} of ${total}${PLAIN}`}` : ''
    return venue.trouble === undefined
      ? line + checks
      : `${line}${checks}\r\n  ${RED}${venue.trouble}${PLAIN}`
  })
  return [`${DIM}${head}${isChecked ? '  equal to the truth' : ''}${PLAIN}`, ...lines]
}

function venueRow({ venue, sockets, books, rates, lagMs, gaps }: VenueView): string {
  const isWhole = books.live === books.total && books.total > 0
  const cells = row([
    venue,
    `${sockets.open}/${sockets.planned}`,
    `${books.live}/${books.total}`,
    rate(rates.frames),
    rate(rates.deltas),
    rate(rates.trades),
    `${lag(lagMs.p50)} / ${lag(lagMs.p99)}`,
    grouped(gaps),
  ])
  return isWhole ? cells : `${RED}${cells}${PLAIN}`
}

const WIDTHS = [-20, 7, 11, 9, 9, 9, 15, 6] as const

/** Cells in their widths; a negative width is aligned left. */
function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = WIDTHS[index] ?? 10
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
    })
    .join('')
}

function bookLines({ venues }: InstanceView): readonly string[] {
  const share = Math.max(1, Math.floor(BOOKS_LIMIT / Math.max(1, venues.length)))
  const lines = venues.flatMap(({ venue, shown }) =>
    shown.slice(0, share).map((book) => bookLine(venue, book)),
  )
  const total = venues.reduce((sum, { books }) => sum + books.total, 0)
  const more = total > lines.length ? [`${DIM}and ${grouped(total - lines.length)} more books${PLAIN}`] : []
  const head = `${'book'.padEnd(40)}${'bid'.padStart(14)}${'ask'.padStart(14)}${'levels'.padStart(8)}${'age ms'.padStart(8)}  state`
  return [`${DIM}${head}${PLAIN}`, ...lines, ...more]
}

function bookLine(venue: string, book: ShownBook): string {
  const name = `${venue} ${book.symbol}`.padEnd(40)
  const age = book.ageMs === undefined ? '-' : book.ageMs.toFixed(0)
  const colour = book.state === 'live' ? GREEN : RED
  const prices = `${book.bid.padStart(14)}${book.ask.padStart(14)}`
  return `${name}${prices}${grouped(book.levels).padStart(8)}${age.padStart(8)}  ${colour}${book.state}${PLAIN}`
}

/** Cuts a line to the width of the terminal, not counting colours. */
function fit(line: string, columns: number): string {
  let width = 0
  let out = ''
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  for (const part of line.split(/(\u001B\[[0-9;?]*[A-Za-z]|\r\n)/)) {
    if (part.startsWith('\u001B')) out += part
    else if (part === '\r\n') {
      out += CLEAR_LINE + part
      width = 0
    } else {
      out += part.slice(0, Math.max(0, columns - width))
      width += part.length
    }
  }
  return out + PLAIN
}

const rate = (perSecond: number): string => grouped(Math.round(perSecond))
const lag = (ms: number | undefined): string => (ms === undefined ? '-' : ms.toFixed(1))
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

const two = (value: number): string => String(value).padStart(2, '0')

/** `00:01:05` */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `1 book`, `2 books`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `3.2 MB` */
export function size(bytes: number): string {
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(0)} kB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`
}
