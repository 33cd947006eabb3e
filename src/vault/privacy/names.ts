// Finds names in texts, where they stand as whole words: as many names as there are, in one walk over the text.

/** Letters and digits that belong together. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu
const INNER = /[\p{L}\p{M}\p{N}]/u
/** Of a name of several words, one this long is a name, too: who is called Ada Lovelace is called Ada. */
const MIN_PART = 3

interface Name {
  readonly folded: string
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
    const folded = fold(name)
    const [first] = folded.match(WORD) ?? []
    if (first === undefined) return
    const named = this.#byFirstWord.get(first) ?? []
    // Whose name it was first keeps it.
    if (named.some((known) => known.folded === folded)) return
    this.#byFirstWord.set(first, [...named, { folded, replacement }].sort((a, b) => b.folded.length - a.folded.length))
  }

  /** @param text in NFC */
  replaceIn(text: string): string {
    const folded = fold(text)
    let replaced = ''
    let done = 0
    for (const match of folded.matchAll(WORD)) {
      if (match.index < done) continue
      const named = this.#byFirstWord.get(match[0])
      const found = named?.find((name) => standsAt(folded, match.index, name.folded))
      if (found === undefined) continue
      replaced += text.slice(done, match.index) + found.replacement()
      done = match.index + found.folded.length
    }
    return done === 0 ? text : replaced + text.slice(done)
  }
}

function standsAt(text: string, at: number, name: string): boolean {
  const end = at + name.length
  return text.startsWith(name, at) && !(end < text.length && INNER.test(String.fromCodePoint(text.codePointAt(end)!)))
}

/** In one case, character by character, so that everything stays in its place: a few have a longer form in the other case, and one depends on what stands beside it. */
function fold(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase()
  return Array.from(text, (character) => {
    const lower = character.toLowerCase()
    return lower.length !== character.length ? character : lower === 'ς' ? 'σ' : lower
  }).join('')
}

/** From its first letter or digit to its last. */
function trimmed(name: string): string {
  return name.normalize('NFC').replace(/^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '')
}

const lengthOf = (text: string): number => [...text].length
