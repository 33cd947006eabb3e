// In how many of the messages that no segment knows the words stand that begin as was typed.

import { isAscii } from '../words/fold.js'
import type { CutText } from '../words/match.js'
import { visitTerms } from '../words/tokenizer.js'

export class WordTally {
  readonly counts = new Map<string, number>()
  readonly #beginning: string
  /** The message that was counted last for a word: several times in one message are one message. */
  readonly #countedFor = new Map<string, number>()
  #messages = 0

  constructor(beginning: string) {
    this.#beginning = beginning
  }

  addText(text: string): void {
    // Terms of a text in ASCII are parts of it as they stand: most texts need not be cut at all.
    if (isAscii(text) && !text.toLowerCase().includes(this.#beginning)) return
    this.#messages++
    visitTerms(text, 0, (term) => this.#count(term))
  }

  addCut(cut: CutText): void {
    this.#messages++
    for (const tokens of cut.values()) for (const { term } of tokens) this.#count(term)
  }

  #count(term: string): void {
    if (!term.startsWith(this.#beginning) || this.#countedFor.get(term) === this.#messages) return
    this.#countedFor.set(term, this.#messages)
    this.counts.set(term, (this.counts.get(term) ?? 0) + 1)
  }
}
