// Holds a record of several texts against a query. Each word or phrase must stand whole in one of the texts, no matter
// which: `paris train` is met by one text with Paris and another with train, `"paris train"` only by a text with both.

import type { Slices } from '../../core/slices.js'
import { Corrections, type Correction } from './corrections.js'
import { matchText, type Range } from './match.js'
import type { Query } from './query.js'

/** A text of a record, and which one it is. */
export interface PlacedText<P> {
  readonly place: P
  readonly text: string
}

export interface TextsFinding<P> {
  readonly met: boolean
  /** How often the record holds each of the words and phrases wanted, in all of its texts. */
  readonly counts: readonly number[]
  /** UTF-16 units of all texts together. */
  readonly length: number
  /** The first text that holds any of them. */
  readonly first: (PlacedText<P> & { readonly highlights: readonly Range[] }) | undefined
  /** What stands in any of them in place of words that were mistyped; undefined where there are none. */
  readonly corrections: readonly Correction[] | undefined
}

/** Words excluded must be missing from all texts. @throws the signal's reason when the slices have one that was aborted */
export async function matchTexts<P>({ wanted, unwanted }: Query, texts: Iterable<PlacedText<P>>, match: 'all' | 'any', slices: Slices): Promise<TextsFinding<P>> {
  const counts = wanted.map(() => 0)
  const corrections = new Corrections({ wanted })
  let length = 0
  let excluded = false
  let first: TextsFinding<P>['first']
  for (const placed of texts) {
    await slices.breathe()
    const { met, counts: more, highlights } = matchText({ wanted, unwanted: [] }, placed.text, 'any', true)
    for (const [i, count] of more.entries()) counts[i]! += count
    length += placed.text.length
    if (met) {
      first ??= { ...placed, highlights }
      corrections.add(placed.text)
    }
    excluded ||= unwanted.length > 0 && matchText({ wanted: unwanted, unwanted: [] }, placed.text, 'any').met
  }
  const found = match === 'all' ? counts.every((count) => count > 0) : counts.some((count) => count > 0)
  return { met: found && !excluded, counts, length, first, corrections: corrections.list() }
}
