import { parser } from '@prometheus-io/lezer-promql'

/** A metric as an expression reads it. */
export interface Selector {
  /** As it is written, without a window or an offset. */
  readonly text: string
  readonly metric: string
  /** What its matcher of the label job says; `undefined` where it has none. */
  readonly job: string | undefined
  /** Labels that its matchers look at. */
  readonly labels: readonly string[]
}

/** Every metric that an expression reads. Throws an `Error` when the expression cannot be parsed. */
export function selectorsOf(expr: string): readonly Selector[] {
  const selectors: Selector[] = []
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`No PromQL at ${node.from}: ${expr}`)
      if (node.name !== 'VectorSelector') return
      const text = expr.slice(node.from, node.to)
      const metric = /^[a-zA-Z_:][\w:]*/.exec(text)?.[0]
      if (metric === undefined) throw new Error(`A selector without a metric: ${text}`)
      const matchers = [...text.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)]
      selectors.push({
        text,
        metric,
        job: matchers.find(([, label]) => label === 'job')?.[2],
        labels: matchers.flatMap(([, label]) => label ?? []),
      })
    },
  })
  return selectors
}

/** What an expression divides by, besides numbers. */
export function divisorsOf(expr: string): readonly string[] {
  const divisors: string[] = []
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name !== 'BinaryExpr' || node.getChild('Div') === null) return
      const right = node.lastChild
      if (right !== null && right.name !== 'NumberDurationLiteral')
        divisors.push(expr.slice(right.from, right.to))
    },
  })
  return divisors
}
