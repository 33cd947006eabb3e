// Whether two JSON values say the same, and one text for all that do.

/** In whatever order keys come. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  const [mine, theirs] = [keysOf(a), keysOf(b)]
  return mine.length === theirs.length && mine.every((key) => Object.hasOwn(b, key) && equalJson((a as Fields)[key], (b as Fields)[key]))
}

type Fields = Readonly<Record<string, unknown>>

/** Keys that JSON writes. */
function keysOf(value: object): string[] {
  return Object.keys(value).filter((key) => (value as Fields)[key] !== undefined)
}

/** JSON with keys in order: the same for equal values. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  return `{${keysOf(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson((value as Fields)[key])}`).join()}}`
}
