// How long a record's JSON is: cheap for the usual record, exact for one that could be too long.

/** True when the JSON of a value is longer than this many characters. */
export function isTooLong(value: unknown, limit: number): boolean {
  // An escaped unit takes six characters at most, so what is rough and short is short.
  return roughLength(value) > limit / 6 && JSON.stringify(value).length > limit
}

/** Without escapes: cheap. */
export function roughLength(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 4
  let length = 2
  if (Array.isArray(value)) for (const item of value) length += roughLength(item) + 1
  else for (const [key, item] of Object.entries(value)) length += key.length + 4 + roughLength(item)
  return length
}
