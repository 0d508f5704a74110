import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

/** What stands for Grafana's variables, and for those of a dashboard. */
export type Variables = Readonly<Record<string, string>>

/** Grafana's own: as of a panel of an hour with a scrape interval of 15 s. */
export const GRAFANA_VARIABLES: Variables = {
  __rate_interval: '1m',
  __interval: '15s',
  __range: '1h',
}

/** `$name` and `${name}` replaced. One that is not known stays: `$` is no PromQL. */
export const substituted = (expr: string, variables: Variables): string =>
  expr.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    return variables[braced ?? bare ?? ''] ?? whole
  })

/** Names of the variables in a text. */
export const variablesIn = (text: string): readonly string[] =>
  [...text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, braced, bare]) => braced ?? bare ?? '')

/** One series selector. */
export interface Selector {
  readonly metric: string
  /** Labels that it matches on. */
  readonly labels: readonly string[]
  /** Of a range of time, as `rate` and its like want. */
  readonly isRange: boolean
}

/** What a query looks at. */
export interface Parsed {
  /** Where it is no PromQL; empty where it is. */
  readonly faults: readonly string[]
  readonly selectors: readonly Selector[]
  /** Labels in `by`, `without`, `on` and `ignoring`. */
  readonly groupings: readonly string[]
}

/** A query, its variables replaced, as the grammar of Prometheus reads it. */
export function parsed(expr: string): Parsed {
  const faults: string[] = []
  const selectors: Selector[] = []
  const groupings: string[] = []
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }): string =>
    expr.slice(from, to)
  parser.parse(expr).iterate({
    enter: ({ type, name, node, from, to }) => {
      if (type.isError) faults.push(`at ${from}: ${expr.slice(Math.max(0, from - 20), to + 20)}`)
      if (name === 'VectorSelector') selectors.push(selectorOf(node, textOf))
      if (name === 'GroupingLabels') groupings.push(...node.getChildren('LabelName').map(textOf))
    },
  })
  return { faults, selectors, groupings }
}

function selectorOf(node: SyntaxNode, textOf: (node: SyntaxNode) => string): Selector {
  const name = node.getChild('Identifier')
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
  const labels = matchers.flatMap((matcher) => matcher.getChildren('LabelName'))
  return {
    metric: name === null ? '' : textOf(name),
    labels: labels.map(textOf),
    isRange: node.parent?.name === 'MatrixSelector',
  }
}
