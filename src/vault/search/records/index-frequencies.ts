// How common terms are in the vault, by the index: what is hidden does not count, so merging changes no answer.

import type { Access } from '../../core/access.js'
import { Slices } from '../../core/slices.js'
import { cutPending } from '../messages/pending-cuts.js'
import type { LiveIndex, LiveSegment } from '../index/live-index.js'
import { countEachAmong, hiddenOrdinals } from '../messages/hidden.js'
import { scanTermFrequencies, type TermFrequencies } from './term-frequencies.js'

/** Where there is no index, or one that does not cover everything yet, every message is read. */
export function indexTermFrequencies(access: Access, live: LiveIndex, signal: AbortSignal | undefined): TermFrequencies {
  const slices = new Slices(signal)
  return async (terms) => {
    const counted = await access.view(async () => {
      const view = await live.view()
      if (view === undefined || view.unread.length > 0) return undefined
      const holding = terms.map(() => 0)
      let messages = 0
      for (const segment of view.segments) {
        messages += segment.segment.messages - (segment.hidden?.reduce((sum, hidden) => sum + hidden, 0) ?? 0)
        await addHolding(segment, terms, holding, slices)
      }
      const places = new Map(terms.map((term, place) => [term, place]))
      for (const { body } of view.pending) {
        messages++
        const found = new Set<string>()
        for (const tokens of (await cutPending(access, body)).cut.values()) for (const { term } of tokens) found.add(term)
        for (const term of found) if (places.has(term)) holding[places.get(term)!]!++
        await slices.breathe()
      }
      return { messages, holding }
    })
    return counted ?? scanTermFrequencies(access, signal)(terms)
  }
}

async function addHolding({ segment, hidden }: LiveSegment, terms: readonly string[], holding: number[], slices: Slices): Promise<void> {
  for (const [i, term] of terms.entries()) {
    const place = await segment.vocabulary.find(term)
    if (place === undefined) continue
    if (hidden === undefined) holding[i]! += place.messages
    else holding[i]! += place.messages - (await countEachAmong(segment, await segment.lists([place]), hiddenOrdinals(hidden), slices))[0]!
    await slices.breathe()
  }
}
