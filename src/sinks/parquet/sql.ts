/** A text as SQL writes it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A name as SQL writes it. */
export const named = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Paths as the readers of DuckDB take them: a list of patterns, in which `*`, `?` and `[` of a folder's name stand for themselves. */
export const pathList = (paths: readonly string[]): string =>
  `[${paths.map((path) => quoted(path.replaceAll(/[*?[]/g, '[$&]'))).join(', ')}]`
