import { stringify } from 'yaml'

const HEAD = '# Made by `npm run ops` from ops/source/.'

/** YAML of generated data, which says that it is. */
export const yamlOf = (value: unknown): string =>
  `${HEAD}\n\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`
