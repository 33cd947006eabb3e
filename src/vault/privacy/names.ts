// Finds names in texts, where they stand as whole words: as many names as there are, in one walk over the text.

/** Letters and digits that belong together. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu
/** Of a name of several words, one this long is a name, too: who is called Ada Lovelace is called Ada. */
const MIN_PART = 3
/** Between two words of a name: a space or two, an apostrophe of whichever kind, a comma. */
const MAX_GAP = 3

export class Names {
  readonly #replacementOf: (id: string) => string
  /** By their words, one space between them. */
  readonly #replacements = new Map<string, () => string>()
  /** How many words names have that begin with this one, the longest first. */
  readonly #lengths = new Map<string, number[]>()
  readonly #known = new Set<string>()

  /** @param replacementOf asked when a name is found for the first time */
  constructor(replacementOf: (id: string) => string) {
    this.#replacementOf = replacementOf
  }

  /** Whether there is anything in it that a text could be searched for: one letter alone stands everywhere. */
  static canBeFound(name: string): boolean {
    return wordsOf(name).join('').length > 1
  }

  /** A name, and each longer word of it. */
  add(id: string): void {
    if (this.#known.has(id)) return
    this.#known.add(id)
    const parts = id.split(/\s+/u)
    for (const part of parts.length > 1 ? [id, ...parts.filter((word) => wordsOf(word).join('').length >= MIN_PART)] : [id]) {
      if (Names.canBeFound(part)) this.#put(part, () => this.#replacementOf(id))
    }
  }

  addWord(word: string, replacement: string): void {
    this.#put(word, () => replacement)
  }

  #put(name: string, replacement: () => string): void {
    const words = wordsOf(name)
    const key = words.join(' ')
    // Whose name it was first keeps it.
    if (this.#replacements.has(key)) return
    this.#replacements.set(key, replacement)
    const lengths = this.#lengths.get(words[0]!) ?? []
    if (!lengths.includes(words.length)) this.#lengths.set(words[0]!, [...lengths, words.length].sort((a, b) => b - a))
  }

  /** @param text in NFC */
  replaceIn(text: string): string {
    const words = [...fold(text).matchAll(WORD)]
    let replaced = ''
    let done = 0
    for (let i = 0; i < words.length; i++) {
      for (const length of this.#lengths.get(words[i]![0]) ?? []) {
        const found = i + length <= words.length ? words.slice(i, i + length) : []
        const replacement = areTogether(found) ? this.#replacements.get(found.map(([word]) => word).join(' ')) : undefined
        if (replacement === undefined) continue
        replaced += text.slice(done, found[0]!.index) + replacement()
        done = endOf(found.at(-1)!)
        i += length - 1
        break
      }
    }
    return done === 0 ? text : replaced + text.slice(done)
  }
}

const endOf = (word: RegExpExecArray): number => word.index + word[0].length

const areTogether = (words: readonly RegExpExecArray[]): boolean => words.every((word, i) => i === 0 || word.index - endOf(words[i - 1]!) <= MAX_GAP)

const wordsOf = (name: string): readonly string[] => fold(name.normalize('NFC')).match(WORD) ?? []

/** In one case, character by character, so that everything stays in its place: a few have a longer form in the other case, and one depends on what stands beside it. */
function fold(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase()
  return Array.from(text, (character) => {
    const lower = character.toLowerCase()
    return lower.length !== character.length ? character : lower === 'ς' ? 'σ' : lower
  }).join('')
}
