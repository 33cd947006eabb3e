// Finds names in texts, where they stand as whole words: as many names as there are, in one walk over the text.

/** Letters and digits that belong together. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu
const INNER = /[\p{L}\p{M}\p{N}]/u
/** Of a name of several words, one this long is a name, too: who is called Ada Lovelace is called Ada. */
const MIN_PART = 3

interface Name {
  readonly lower: string
  readonly replacement: () => string
}

export class Names {
  readonly #replacementOf: (id: string) => string
  /** By their first words, longest first. */
  readonly #byFirstWord = new Map<string, Name[]>()
  readonly #known = new Set<string>()

  /** @param replacementOf asked when a name is found for the first time */
  constructor(replacementOf: (id: string) => string) {
    this.#replacementOf = replacementOf
  }

  /** Whether there is anything in it that a text could be searched for. */
  static canBeFound(name: string): boolean {
    return INNER.test(name)
  }

  /** A name, and each longer word of it. One letter alone is no name: it stands everywhere. */
  add(id: string): void {
    if (this.#known.has(id)) return
    this.#known.add(id)
    const whole = trimmed(id)
    const parts = whole.split(/\s+/u)
    for (const part of parts.length > 1 ? [whole, ...parts.map(trimmed).filter((word) => lengthOf(word) >= MIN_PART)] : [whole]) {
      if (lengthOf(part) > 1) this.#put(part, () => this.#replacementOf(id))
    }
  }

  addWord(word: string, replacement: string): void {
    this.#put(trimmed(word), () => replacement)
  }

  #put(name: string, replacement: () => string): void {
    const lower = name.toLowerCase()
    const [first] = lower.match(WORD) ?? []
    if (first === undefined) return
    const named = this.#byFirstWord.get(first) ?? []
    // Whose name it was first keeps it.
    if (named.some((known) => known.lower === lower)) return
    this.#byFirstWord.set(first, [...named, { lower, replacement }].sort((a, b) => b.lower.length - a.lower.length))
  }

  /** @param text in NFC */
  replaceIn(text: string): string {
    let replaced = ''
    let done = 0
    for (const match of text.matchAll(WORD)) {
      if (match.index < done) continue
      const named = this.#byFirstWord.get(match[0].toLowerCase())
      const found = named?.find(({ lower }) => standsAt(text, match.index, lower))
      if (found === undefined) continue
      replaced += text.slice(done, match.index) + found.replacement()
      done = match.index + found.lower.length
    }
    return done === 0 ? text : replaced + text.slice(done)
  }
}

function standsAt(text: string, at: number, lower: string): boolean {
  const end = at + lower.length
  return text.slice(at, end).toLowerCase() === lower && !INNER.test(text.charAt(end))
}

/** From its first letter or digit to its last. */
function trimmed(name: string): string {
  return name.normalize('NFC').replace(/^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '')
}

const lengthOf = (text: string): number => [...text].length
