// How common terms are in the vault.

import type { Access } from '../../core/access.js'
import { Slices } from '../../core/slices.js'
import { readContents, sizeOf } from './message-contents.js'
import { tokenize } from '../words/tokenizer.js'

/** How many messages there are, and how many of them hold each of these terms (distinct ones, as the tokenizer gives them), in their order. */
export type TermFrequencies = (terms: readonly string[]) => Promise<{ readonly messages: number; readonly holding: readonly number[] }>

/**
 * Counts by reading every message of the vault: slow, so ask once for many terms.
 * @throws when asked: {VaultError} `locked`, `corrupt`; the signal's reason when aborted
 */
export function scanTermFrequencies(access: Access, signal?: AbortSignal): TermFrequencies {
  return async (terms) => {
    const places = new Map(terms.map((term, place) => [term, place]))
    const holding = terms.map(() => 0)
    // The message that was counted last for a term: several times in one message are one message.
    const countedFor = terms.map(() => 0)
    const logs = await access.view(async (state) => [...state.heads.chatLogs.entries()].map(([, log]) => sizeOf(log)))
    let messages = 0
    for await (const { content } of readContents(access, logs, new Slices(signal))) {
      messages++
      for (const { term } of tokenize(content)) {
        const place = places.get(term)
        if (place === undefined || countedFor[place] === messages) continue
        countedFor[place] = messages
        holding[place]!++
      }
    }
    return { messages, holding }
  }
}
