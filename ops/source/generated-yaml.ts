import { stringify } from 'yaml'

/** A file that is made from definitions. `path` is from the root of the repository. */
export interface OpsFile {
  readonly path: string
  readonly text: () => string
}

const HEAD = '# Made by `npm run ops` from ops/source/.'

/** YAML of generated data, which says that it is. */
export const yamlOf = (value: unknown): string =>
  `${HEAD}\n\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`
