// The strings that a JSON value holds.

/** A text of a record, and the way to it. */
export interface TextAt {
  readonly place: readonly (string | number)[]
  readonly text: string
}

/** At any depth. Values only: keys of objects are names that the app chose, not what anybody wrote. */
export function* stringsIn(value: unknown, path: readonly (string | number)[]): Generator<TextAt, void, undefined> {
  if (typeof value === 'string') yield { place: path, text: value }
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* stringsIn(item, [...path, index])
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) yield* stringsIn(item, [...path, key])
}
