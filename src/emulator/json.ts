import type { Reply } from './model.ts'

/** Reads JSON that a client sent; `undefined` when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** A JSON object (not an array). */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An array of strings only. */
export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string')

/** An HTTP answer with a JSON body. */
export function jsonReply(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** Path and query of a request apart. */
export function splitPath(path: string): { readonly route: string; readonly query: URLSearchParams } {
  const [route = '', query = ''] = path.split('?')
  return { route, query: new URLSearchParams(query) }
}
