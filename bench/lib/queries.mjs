// @ts-check
// What is searched for: drawn by how many messages hold a word, from a seed, and never the same query twice, for that one would come from a cache.

import { seededRandom } from './random.mjs'

export const kinds = /** @type {const} */ (['one-term', 'two-terms', 'phrase', 'prefix', 'infix', 'common', 'as-you-type', 'relevance'])

/**
 * @typedef {typeof kinds[number]} Kind
 * @typedef {object} Query
 * @property {Kind} kind
 * @property {'words' | 'phrase' | 'infix'} form every word anywhere, the words side by side, or letters inside of a word
 * @property {readonly string[]} words
 * @property {boolean} begins the last word is the beginning of one
 * @property {'recent' | 'relevance'} order
 */

const seed = 4127
/** Most messages that hold a word of each bucket; beyond the last and a twentieth of all, it is common. */
const bucketEnds = [5, 50, 500]
const commonShare = 0.05
const placesKept = 3
const attemptsEach = 60
const plainWord = /^[a-z]+$/
/** A run with capitals inside is cut in pieces by some tokenizers and not by others. */
const camelCase = /[\p{L}\p{N}]*[\p{Ll}\p{N}]\p{Lu}[\p{L}\p{N}]*|\p{Lu}{2,}\p{Ll}[\p{L}\p{N}]*/gu

/** The same for queries that ask for the same. @param {Query} query */
export const keyOf = ({ form, words, begins, order }) => `${order}/${form}/${(form === 'words' && !begins ? words.toSorted() : words).join(' ')}${begins ? '*' : ''}`

export class QueryDrawer {
  #random = seededRandom(seed)
  #contents
  /** Words of all buckets, rarest first; the last are the common ones. @type {string[][]} */
  #buckets = Array.from({ length: bucketEnds.length + 2 }, () => [])
  /** Messages that hold a word. @type {Map<string, { count: number, places: number[] }>} */
  #words = new Map()
  #turn = 0
  #used = new Set()
  #typedStarts = new Set()

  /**
   * @param {readonly string[]} contents texts of the messages
   * @param {readonly string[]} normal the same as `TextScan` has them: words between spaces
   */
  constructor(contents, normal) {
    this.#contents = contents
    for (const [place, text] of normal.entries()) this.#count(place, new Set(text.split(' ')))
    const doubtful = new Set(contents.flatMap((text) => text.match(camelCase) ?? []).flatMap((run) => run.split(/(?=\p{Lu})/u).map((part) => part.toLowerCase())))
    for (const [word, { count }] of this.#words) {
      const common = count > contents.length * commonShare
      // A common word is so often a word of its own that the few runs it is a part of change no answer.
      if (word.length < (common ? 2 : 3) || (!common && doubtful.has(word))) continue
      const bucket = bucketEnds.findIndex((end) => count <= end)
      this.#buckets[common ? bucketEnds.length + 1 : bucket === -1 ? bucketEnds.length : bucket]?.push(word)
    }
  }

  /** @param {number} place @param {Set<string>} words */
  #count(place, words) {
    for (const word of words) {
      if (!plainWord.test(word)) continue
      const known = this.#words.get(word)
      if (known === undefined) this.#words.set(word, { count: 1, places: [place] })
      else if (++known.count <= placesKept) known.places.push(place)
      else if (this.#below(known.count) < placesKept) known.places[this.#below(placesKept)] = place
    }
  }

  /** How many words each bucket has, rarest first. */
  get bucketSizes() {
    return this.#buckets.map(({ length }) => length)
  }

  /**
   * Queries that were not drawn before; fewer where the words run out.
   * @param {Kind} kind
   * @param {number} count
   * @returns {Query[]}
   */
  draw(kind, count) {
    /** @type {Query[]} */
    const drawn = []
    for (let attempt = 0; drawn.length < count && attempt < count * attemptsEach; attempt++) {
      const made = kind === 'as-you-type' ? this.#typing() : [this.#query(kind, attempt > (count * attemptsEach) / 2)]
      for (const query of made) {
        if (query === undefined || drawn.length === count || this.#used.has(keyOf(query))) continue
        this.#used.add(keyOf(query))
        drawn.push(query)
      }
    }
    return drawn
  }

  /**
   * @param {Exclude<Kind, 'as-you-type'>} kind
   * @param {boolean} scarce most of what is like it was drawn before
   * @returns {Query | undefined}
   */
  #query(kind, scarce) {
    const begins = false
    const order = 'recent'
    switch (kind) {
      case 'one-term':
        return { kind, form: 'words', words: [this.#word()], begins, order }
      case 'two-terms':
        return { kind, form: 'words', words: this.#pair(), begins, order }
      case 'phrase': {
        const words = this.#neighbours(this.#turn % 3 === 0 ? 3 : 2)
        return words && { kind, form: 'phrase', words, begins, order }
      }
      case 'prefix': {
        const word = this.#word()
        return word.length < 5 ? undefined : { kind, form: 'words', words: [word.slice(0, 3 + this.#below(word.length - 4))], begins: true, order }
      }
      case 'infix': {
        const word = this.#word()
        const length = Math.min(3 + this.#below(3), word.length - 2)
        const start = 1 + this.#below(word.length - length - 1)
        return length < 3 ? undefined : { kind, form: 'infix', words: [word.slice(start, start + length)], begins, order }
      }
      case 'common': {
        const words = Array.from({ length: scarce ? 3 : this.#turn++ % 3 === 0 ? 1 : 2 }, () => this.#common())
        return new Set(words).size < words.length ? undefined : { kind, form: 'words', words, begins, order }
      }
      case 'relevance': {
        const words = this.#turn % 2 === 0 ? [this.#word()] : this.#turn % 3 === 0 ? [this.#word(), this.#common()] : this.#pair()
        return new Set(words).size < words.length ? undefined : { kind, form: 'words', words, begins, order: 'relevance' }
      }
    }
  }

  /** A word as it is typed, letter by letter; every other one behind a word that is there already. @returns {Query[]} */
  #typing() {
    const [before, word] = this.#turn % 2 === 0 ? [undefined, this.#word()] : this.#pair()
    if (word === undefined || word.length < 4) return []
    // Alone, its first two letters must be new: they would be typed again otherwise.
    if (before === undefined && this.#typedStarts.has(word.slice(0, 2))) return []
    if (before === undefined) this.#typedStarts.add(word.slice(0, 2))
    return Array.from({ length: word.length - 1 }, (_, i) => {
      const typed = word.slice(0, i + 2)
      return { kind: 'as-you-type', form: 'words', words: before === undefined ? [typed] : [before, typed], begins: true, order: 'recent' }
    })
  }

  /** @param {number} end */
  #below(end) {
    return Math.floor(this.#random() * end)
  }

  /** @param {readonly string[]} words */
  #oneOf(words) {
    return words[this.#below(words.length)] ?? ''
  }

  /** Buckets take turns, so that rare words do not crowd out the others. */
  #word() {
    const filled = this.#buckets.filter(({ length }) => length > 0)
    return this.#oneOf(filled[this.#turn++ % filled.length] ?? [])
  }

  #common() {
    return this.#oneOf(this.#buckets.at(-1) ?? [])
  }

  /** Two words, mostly of one message: others may have no answer, as happens to people too. @returns {string[]} */
  #pair() {
    const first = this.#word()
    const second = this.#random() < 0.8 ? this.#oneOf(this.#wordsBeside(first)) : this.#word()
    return second === '' || second === first ? [first, this.#word()] : [first, second]
  }

  /** Words of a message that holds this one. @param {string} word */
  #wordsBeside(word) {
    const content = this.#contents[this.#placeOf(word)] ?? ''
    return content.split(' ').filter((other) => other.length > 2 && other !== word && plainWord.test(other))
  }

  /** @param {string} word */
  #placeOf(word) {
    const places = this.#words.get(word)?.places ?? []
    return places[this.#below(places.length)] ?? -1
  }

  /** Words with nothing but a space between them. @param {number} count @returns {string[] | undefined} */
  #neighbours(count) {
    const word = this.#word()
    const parts = (this.#contents[this.#placeOf(word)] ?? '').split(' ')
    const words = parts.slice(parts.indexOf(word)).slice(0, count)
    return words.length === count && words[0] === word && words.every((part) => plainWord.test(part)) ? words : undefined
  }
}
