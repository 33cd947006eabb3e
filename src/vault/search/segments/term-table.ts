// Numbers for terms, in the order they come: a hash table that looks words up where they lie in a text, without cutting them out.

import { hashTerm } from '../words/tokenizer.js'

export class TermTable {
  readonly terms: string[] = []
  readonly #hashes: number[] = []
  /** Numbers plus one by hash, open addressing; zeros are free. */
  #slots = new Uint32Array(4096)

  /** The number of a term. */
  idOf(term: string): number {
    return this.#find(term, 0, term.length, hashTerm(term), false)
  }

  /** The number of a word that lies in a text, see `VisitWord`. */
  idOfWord(text: string, start: number, end: number, hash: number): number {
    return this.#find(text, start, end, hash, true)
  }

  #find(text: string, start: number, end: number, hash: number, anyCase: boolean): number {
    const mask = this.#slots.length - 1
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const there = this.#slots[slot]!
      if (there === 0) return this.#add(anyCase ? text.slice(start, end).toLowerCase() : text, hash, slot)
      if (this.#hashes[there - 1] === hash && isSame(this.terms[there - 1]!, text, start, end, anyCase)) return there - 1
    }
  }

  #add(term: string, hash: number, slot: number): number {
    const id = this.terms.length
    this.terms.push(term)
    this.#hashes.push(hash)
    this.#slots[slot] = id + 1
    if (this.terms.length * 2 > this.#slots.length) this.#grow()
    return id
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 4)
    const mask = slots.length - 1
    for (const [id, hash] of this.#hashes.entries()) {
      let slot = spread(hash) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
    this.#slots = slots
  }
}

/** The high bits of an FNV hash are better than its low ones. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

function isSame(term: string, text: string, start: number, end: number, anyCase: boolean): boolean {
  if (!anyCase) return term === text
  if (term.length !== end - start) return false
  for (let i = 0; i < term.length; i++) if (term.charCodeAt(i) !== (text.charCodeAt(start + i) | 0x20)) return false
  return true
}
