// How much a message is about the words: BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over
// the messages that the filters leave, with a phrase as one word and UTF-16 units as length.

const K1 = 1.2
const B = 0.75

export interface Counted {
  /** How often each word or phrase stands in the text. */
  readonly counts: readonly number[]
  readonly length: number
}

/** What has to be known of all texts before one can be weighed. */
export class Statistics {
  #texts = 0
  #length = 0
  readonly #textsHolding: number[] = []

  add({ counts, length }: Counted): void {
    this.#texts++
    this.#length += length
    for (const [i, count] of counts.entries()) this.#textsHolding[i] = (this.#textsHolding[i] ?? 0) + (count > 0 ? 1 : 0)
  }

  score({ counts, length }: Counted): number {
    const norm = K1 * (1 - B + (B * length) / (this.#length / this.#texts || 1))
    return counts.reduce((score, count, i) => {
      const holding = this.#textsHolding[i] ?? 0
      return score + (Math.log(1 + (this.#texts - holding + 0.5) / (holding + 0.5)) * count * (K1 + 1)) / (count + norm)
    }, 0)
  }
}
