// Cuts text into the terms that are searched for. One function for text and query, so both are cut alike.
//
// A word is a run of letters, marks and digits; `snake_case`, paths, URLs and versions are runs side by side. A compound in camelCase gives
// its parts and, in the place of the first, itself. Scripts without spaces (and Hangul, whose words carry their particles) give pairs of
// neighbours, so a search for part of a run finds it: `ab` `bc` `c` for a run of three. Emoji are words without their colour of skin.

import { fold, isAscii } from './fold.js'

/** Longer words are cut into pieces of this many UTF-16 units, side by side. */
const LONGEST_WORD = 64

export interface Token {
  readonly term: string
  /** Counted over the text: what stands side by side differs by `span`. */
  readonly position: number
  /** How many positions it takes up: 1, or as many as a compound has parts. */
  readonly span: number
  /** The last sign of a run without spaces, alone: where a text goes on, it is the first of a pair. */
  readonly lastSign: boolean
  /** Where the first sign of a pair ends; elsewhere `end`. */
  readonly firstEnd: number
  /** UTF-16 offsets in the text, end exclusive. */
  readonly start: number
  readonly end: number
}

const PICTURE = '(?:\\p{RI}\\p{RI}|\\p{Extended_Pictographic}[\\uFE0F\\u{1F3FB}-\\u{1F3FF}]*(?:\\u200D\\p{Extended_Pictographic}[\\uFE0F\\u{1F3FB}-\\u{1F3FF}]*)*)'
// A joiner that chooses a glyph (Persian, Indic) does not part a word.
const RUN = new RegExp(`${PICTURE}|[\\p{L}\\p{M}\\p{N}](?:[\\p{L}\\p{M}\\p{N}]|[\\u200C\\u200D](?=[\\p{L}\\p{M}]))*`, 'gu')
const IS_PICTURE = /^[\p{RI}\p{Extended_Pictographic}]/u
const TINT = /\uFE0F|[\u{1F3FB}-\u{1F3FF}]/gu
const JOINERS = /[\u200C\u200D]/gu

const SPACELESS = '(?:(?!\\p{Nd})[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Bopo}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}\\p{sc=Yiii}\\p{sc=Tibt}])'
const HAS_SPACELESS = new RegExp(SPACELESS, 'u')
const SCRIPT_RUN = new RegExp(`(?:${SPACELESS}\\p{M}*)+|(?:(?!${SPACELESS})[^])+`, 'gu')
// A sign with what hangs on it: a syllable of single jamo, a letter with its marks, a half-width kana with its voicing.
const SIGN = /[\u1100-\u115F\uA960-\uA97C]+[\u1160-\u11A7\uD7B0-\uD7C6]+[\u11A8-\u11FF\uD7CB-\uD7FB]*|[^][\p{M}\uFF9E\uFF9F\u200C\u200D]*/gu

// Where a word in camelCase is cut: before a capital after a small letter or digit, and before the last capital of a row that a small one follows.
const HUMP = /(?<=[\p{Ll}\p{N}]\p{M}*)(?=\p{Lu})|(?<=\p{Lu}\p{M}*)(?=\p{Lu}\p{M}*\p{Ll})/gu
const MAY_HAVE_HUMP = /[^\p{Lu}]\p{Lu}|\p{Lu}\p{Lu}\p{M}*\p{Ll}/u

class Tokens {
  readonly all: Token[] = []
  #position = 0

  /** A term in the next place. What folds to nothing takes up none. */
  #add(term: string, start: number, end: number, sign: { readonly last: boolean; readonly firstEnd: number } = { last: false, firstEnd: end }): void {
    if (term !== '') this.all.push({ term, position: this.#position++, span: 1, lastSign: sign.last, firstEnd: sign.firstEnd, start, end })
  }

  picture(run: string, start: number): void {
    this.#add(run.replace(TINT, ''), start, start + run.length)
  }

  /** Pairs of neighbours, and the last sign alone. */
  signs(run: string, start: number): void {
    let before: { readonly term: string; readonly start: number } | undefined
    for (const match of run.matchAll(SIGN)) {
      const term = foldWord(match[0])
      const at = start + match.index
      if (before !== undefined) this.#add(before.term + term, before.start, at + match[0].length, { last: false, firstEnd: at })
      before = { term, start: at }
    }
    if (before !== undefined) this.#add(before.term, before.start, start + run.length, { last: true, firstEnd: start + run.length })
  }

  word(run: string, start: number): void {
    const cuts = MAY_HAVE_HUMP.test(run) ? [...run.matchAll(HUMP)].map(({ index }) => index) : []
    if (cuts.length === 0) return this.#pieces(run, start)
    const first = this.#position
    const at = this.all.length
    for (const [index, cut] of [0, ...cuts].entries()) this.#pieces(run.slice(cut, cuts[index] ?? run.length), start + cut)
    if (run.length <= LONGEST_WORD) this.all.splice(at, 0, { term: foldWord(run), position: first, span: this.#position - first, lastSign: false, firstEnd: start + run.length, start, end: start + run.length })
  }

  #pieces(run: string, start: number): void {
    for (let at = 0; at < run.length; ) {
      let end = Math.min(run.length, at + LONGEST_WORD)
      // Neither half of a surrogate pair nor a mark begins a piece.
      while (end < run.length && /^[\p{M}\uDC00-\uDFFF]/u.test(run.slice(end, end + 2))) end++
      this.#add(foldWord(run.slice(at, end)), start + at, start + end)
      at = end
    }
  }
}

/** Whether a term is of a script whose runs are cut into pairs. */
export function isSpaceless(term: string): boolean {
  return HAS_SPACELESS.test(term)
}

function foldWord(run: string): string {
  return fold(run.replace(JOINERS, ''))
}

/** The terms of a text, by position; a compound comes before its parts. */
export function tokenize(text: string): Token[] {
  const tokens = new Tokens()
  for (const match of text.matchAll(RUN)) {
    const [run] = match
    if (IS_PICTURE.test(run)) tokens.picture(run, match.index)
    else if (!HAS_SPACELESS.test(run)) tokens.word(run, match.index)
    else {
      for (const part of run.matchAll(SCRIPT_RUN)) {
        const start = match.index + part.index
        if (HAS_SPACELESS.test(part[0])) tokens.signs(part[0], start)
        else tokens.word(part[0], start)
      }
    }
  }
  return tokens.all
}

/** Visits a term, the position it begins at and how many positions it takes up. */
export type VisitTerm = (term: string, position: number, span: number) => void
/** Visits a word of one position that lies in the text from `start` up to `end`, but for the case of its ASCII letters; `hash` is of the term. */
export type VisitWord = (text: string, start: number, end: number, hash: number, position: number) => void

const HASH_SEED = 0x811c9dc5
const HASH_PRIME = 0x01000193

/** The hash that `VisitWord` gets (FNV-1a over the low bytes of its units). */
export function hashTerm(term: string): number {
  let hash = HASH_SEED
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ (term.charCodeAt(i) & 0xff), HASH_PRIME)
  return hash >>> 0
}

/**
 * The terms of a text as `tokenize` gives them, without offsets: most text needs no object a term.
 * @param first position of the first term
 * @param visitWord takes most words as they lie in the text; when left out, `visit` gets them too
 * @returns the position after the last one
 */
export function visitTerms(text: string, first: number, visit: VisitTerm, visitWord?: VisitWord): number {
  if (!isAscii(text)) return visitTokens(text, first, visit)
  let position = first
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at)
    if (!isWordCode(code)) continue
    const start = at++
    // Capitals and small letters of ASCII differ by one bit, which digits have set.
    let hash = Math.imul(HASH_SEED ^ (code | 0x20), HASH_PRIME)
    let plain = true
    for (; at < text.length; at++) {
      code = text.charCodeAt(at)
      if (!isWordCode(code)) break
      // A capital behind the first letter may be the hump of a compound.
      if (code <= 0x5a && code >= 0x41) plain = false
      hash = Math.imul(hash ^ (code | 0x20), HASH_PRIME)
    }
    if (!plain || at - start > LONGEST_WORD) position = visitTokens(text.slice(start, at), position, visit)
    else if (visitWord === undefined) visit(text.slice(start, at).toLowerCase(), position++, 1)
    else visitWord(text, start, at, hash >>> 0, position++)
  }
  return position
}

function visitTokens(text: string, first: number, visit: VisitTerm): number {
  let next = first
  for (const { term, position, span } of tokenize(text)) {
    visit(term, first + position, span)
    if (first + position + 1 > next) next = first + position + 1
  }
  return next
}

function isWordCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)
}

/** Where a long text may be cut in two so that both parts together have the same terms: before the first sign from there on that no word goes across. */
export function safeCut(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Spaces and punctuation of ASCII, and of Chinese.
    if ((code < 0x80 && !isWordCode(code)) || code === 0x3002 || code === 0xff0c) return at
  }
  return text.length
}
