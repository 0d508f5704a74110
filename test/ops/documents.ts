import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Paths from the root of every document that people read. */
export const DOCUMENTS: readonly string[] = globSync(
  ['*.md', 'docs/**/*.md', 'examples/*.md', 'ops/**/*.md'],
  { cwd: ROOT },
).toSorted()

export const readDocument = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** A line of a document that is outside of every fence, or inside of one. */
interface DocumentLine {
  readonly text: string
  readonly number: number
  /** Language of the fence around it, `''` where it names none; `undefined` outside. */
  readonly fence: string | undefined
  /** Counts the fences. */
  readonly block: number
}

function linesOf(text: string): readonly DocumentLine[] {
  const lines: DocumentLine[] = []
  let fence: string | undefined
  let block = 0
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^```(\S*)$/.exec(line)
    if (mark === null) lines.push({ text: line, number: index + 1, fence, block })
    else {
      fence = fence === undefined ? mark[1] : undefined
      block++
    }
  }
  return lines
}

const outside = (text: string): readonly DocumentLine[] =>
  linesOf(text).filter(({ fence }) => fence === undefined)

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const { text: line } of outside(text)) {
    const heading = /^#{1,6} (.+)$/.exec(line)?.[1]
    if (heading === undefined) continue
    const slug = slugOf(heading)
    let anchor = slug
    for (let repeat = 1; anchors.has(anchor); repeat++) anchor = `${slug}-${repeat}`
    anchors.add(anchor)
  }
  return anchors
}

const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** A link to another place of this repository. */
export interface RelativeLink {
  readonly line: number
  /** From the folder of the document; `''`: the document itself. */
  readonly path: string
  readonly anchor: string | undefined
}

export function relativeLinksOf(text: string): readonly RelativeLink[] {
  return outside(text).flatMap(({ text: line, number }) =>
    [...line.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return []
      const [path = '', anchor] = target.split('#')
      return [{ line: number, path, anchor }]
    }),
  )
}

/** What a section of a document holds, below a heading of the third level. */
export function sectionsOf(text: string, begin: string, end: string): ReadonlyMap<string, string> {
  const part = text.slice(text.indexOf(`\n## ${begin}\n`), text.indexOf(`\n## ${end}\n`))
  const sections = part.split(/^### /m).slice(1)
  return new Map(sections.map((section) => [section.split('\n', 1)[0] ?? '', section]))
}

/** A line that is to be typed. */
export interface DocumentCommand {
  readonly line: number
  /** Without its comment. */
  readonly text: string
  /** Assignments (`T=...`) that stand before it in its block. */
  readonly assignments: readonly string[]
}

const ASSIGNMENT = /^[A-Z][A-Z_]*=/

/** Every line of the `sh` blocks of a document. */
export function commandsOf(text: string): readonly DocumentCommand[] {
  const commands: DocumentCommand[] = []
  let assignments: { readonly block: number; readonly lines: readonly string[] } = { block: -1, lines: [] }
  for (const { text: line, number, fence, block } of linesOf(text)) {
    if (fence !== 'sh') continue
    if (assignments.block !== block) assignments = { block, lines: [] }
    const command = withoutComment(line).trim()
    if (ASSIGNMENT.test(command)) assignments = { block, lines: [...assignments.lines, command] }
    else if (command !== '') commands.push({ line: number, text: command, assignments: assignments.lines })
  }
  return commands
}

/** Text in backquotes, outside of fences. */
export function codeOf(text: string): readonly { readonly line: number; readonly text: string }[] {
  return outside(text).flatMap(({ text: line, number }) =>
    [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ line: number, text: code })),
  )
}

/** As a shell reads it: a `#` after a space begins a comment, not so within quotes. */
function withoutComment(line: string): string {
  let quote = ''
  for (let index = 0; index < line.length; index++) {
    const letter = line.charAt(index)
    if (quote !== '') quote = letter === quote ? '' : quote
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '#' && (index === 0 || line[index - 1] === ' ')) return line.slice(0, index)
  }
  return line
}

/** The simple commands of a line, each as its words without quotes: what `|`, `&&` and `;` join. Redirections are left out. */
export function simpleCommandsOf(line: string): readonly (readonly string[])[] {
  const words = [...line.matchAll(/\|\||&&|[|;]|>\s*\S+|(?:[^\s|&;"'>]|"[^"]*"|'[^']*')+/g)].map(
    ([word]) => word,
  )
  const commands: string[][] = [[]]
  for (const word of words) {
    if (/^(\|\||&&|[|;])$/.test(word)) commands.push([])
    else if (!word.startsWith('>')) commands.at(-1)?.push(word.replaceAll(/["']/g, ''))
  }
  return commands.filter((command) => command.length > 0)
}
