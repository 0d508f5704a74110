/**
 * The vocabulary of the configuration schema. A schema is plain data made of these nodes; checking, defaults, documents, the
 * example file and the TypeScript type all come from it. Key names are snake_case in the file and camelCase in `ValueOf`.
 */

/** Which texts a key takes: `name` completes "expected …", `hint` says what to do about another one. */
export interface TextForm {
  readonly name: string
  readonly sample: string
  readonly hint: string
  accepts(text: string): boolean
}

export interface BooleanField {
  readonly kind: 'boolean'
  readonly doc: string
  readonly value: boolean
}

/** A whole number from `min` to `max`, both included; its unit ends the key. */
export interface IntegerField {
  readonly kind: 'integer'
  readonly doc: string
  readonly value: number
  readonly min: number
  readonly max: number
}

/** A text; without `value` it has no default and must be given. */
export interface TextField {
  readonly kind: 'text'
  readonly doc: string
  readonly value?: string
  readonly form: TextForm
}

/** One word of a closed list. */
export interface ChoiceField<Word extends string = string> {
  readonly kind: 'choice'
  readonly doc: string
  readonly value: Word
  readonly values: readonly Word[]
}

/** Words of a closed list, each at most once, at least one. */
export interface ChoicesField<Word extends string = string> {
  readonly kind: 'choices'
  readonly doc: string
  readonly value: readonly Word[]
  readonly values: readonly Word[]
}

/** Texts, each at most once, up to `limit` of them. */
export interface TextsField {
  readonly kind: 'texts'
  readonly doc: string
  readonly value: readonly string[]
  readonly form: TextForm
  readonly limit: number
}

/** A key that may be left out without taking a default: its value is then `undefined`. `sample` is for the example file. */
export interface OptionalField<Inner extends LeafField = LeafField> {
  readonly kind: 'optional'
  readonly doc: string
  readonly field: Inner
  readonly sample: string
}

/** Entries of one shape, up to `limit` of them; empty by default. */
export interface EntriesField<Entry extends Section = Section> {
  readonly kind: 'entries'
  readonly doc: string
  readonly entry: Entry
  readonly limit: number
}

/** Keys under a key. */
export interface Section<Fields extends SectionFields = SectionFields> {
  readonly kind: 'section'
  readonly doc: string
  readonly fields: Fields
}

/** The keys of a section, in the order of the documents. */
export interface SectionFields {
  readonly [key: string]: SchemaNode
}

export type LeafField = BooleanField | IntegerField | TextField | ChoiceField | ChoicesField | TextsField
export type SchemaNode = LeafField | OptionalField | EntriesField | Section

type CamelCase<Key extends string> = Key extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Key

/** What a node's key is in the program once the file has been checked. */
export type ValueOf<Node> = Node extends BooleanField
  ? boolean
  : Node extends IntegerField
    ? number
    : Node extends TextField
      ? string
      : Node extends ChoiceField<infer Word>
        ? Word
        : Node extends ChoicesField<infer Word>
          ? readonly Word[]
          : Node extends TextsField
            ? readonly string[]
            : Node extends OptionalField<infer Inner>
              ? ValueOf<Inner> | undefined
              : Node extends EntriesField<infer Entry>
                ? readonly ValueOf<Entry>[]
                : Node extends Section<infer Fields>
                  ? { readonly [Key in keyof Fields & string as CamelCase<Key>]: ValueOf<Fields[Key]> }
                  : never

/** A checked value without its type: what generic walks over the schema see. */
export type PlainValue =
  boolean | number | string | undefined | readonly PlainValue[] | { readonly [key: string]: PlainValue }

/** `segment_bytes` as the program spells it: `segmentBytes`. */
export const camelCase = (key: string): string =>
  key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

export const section = <const Fields extends SectionFields>(
  doc: string,
  fields: Fields,
): Section<Fields> => ({
  kind: 'section',
  doc,
  fields,
})

export const boolean = (doc: string, value: boolean): BooleanField => ({ kind: 'boolean', doc, value })

export const integer = (
  doc: string,
  range: { readonly value: number; readonly min: number; readonly max: number },
): IntegerField => ({ kind: 'integer', doc, ...range })

/** A text with a default. */
export const text = (doc: string, form: TextForm, value: string): TextField => ({
  kind: 'text',
  doc,
  form,
  value,
})

/** A text that must be given. */
export const requiredText = (doc: string, form: TextForm): TextField => ({ kind: 'text', doc, form })

/** One of `values`; the first is the default. */
export const choice = <const Word extends string>(
  doc: string,
  values: readonly [Word, ...Word[]],
): ChoiceField<Word> => ({ kind: 'choice', doc, values, value: values[0] })

/** Some of `values`; all of them by default. */
export const choices = <const Word extends string>(
  doc: string,
  values: readonly Word[],
): ChoicesField<Word> => ({
  kind: 'choices',
  doc,
  values,
  value: values,
})

export const texts = (
  doc: string,
  form: TextForm,
  range: { readonly value: readonly string[]; readonly limit: number },
): TextsField => ({ kind: 'texts', doc, form, ...range })

export const optional = <const Inner extends LeafField>(
  field: Inner,
  sample: string,
): OptionalField<Inner> => ({
  kind: 'optional',
  doc: field.doc,
  field,
  sample,
})

export const entries = <const Entry extends Section>(
  doc: string,
  entry: Entry,
  limit: number,
): EntriesField<Entry> => ({ kind: 'entries', doc, entry, limit })

/** What a key that is not in the file is worth. */
export function defaultOf(node: SchemaNode): PlainValue {
  if (node.kind === 'optional') return undefined
  if (node.kind === 'entries') return []
  if (node.kind !== 'section') return node.value
  return Object.fromEntries(
    Object.entries(node.fields).map(([key, inner]) => [camelCase(key), defaultOf(inner)]),
  )
}
