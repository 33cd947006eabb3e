// Words of messages that begin as the last one that was typed.

import type { Suggestion } from 'sealed-vault'
import { formatCount } from './format.js'

interface SuggestedWordsProps {
  readonly typed: string
  readonly words: readonly Suggestion[]
  readonly onChoose: (text: string) => void
}

export function SuggestedWords({ typed, words, onChoose }: SuggestedWordsProps) {
  const begun = /[\p{L}\p{M}\p{N}]+$/u.exec(typed)?.[0] ?? ''
  const folded = fold(begun)
  // Words may be those for what was typed a letter ago.
  const fitting = begun === '' ? [] : words.filter(({ word }) => word !== folded && word.startsWith(folded))
  return (
    // There while it is empty: what is below must not jump with every letter.
    <div id="suggested" role="group" aria-label="Words that begin so">
      {fitting.length === 0 && <span class="note">also: "exact words" · -without · begin* · *part*</span>}
      {fitting.map(({ word, messages }) => (
        <button key={word} type="button" class="word" title={`in ${formatCount(messages, 'message')}`} onClick={() => onChoose(`${typed.slice(0, typed.length - begun.length)}${word} `)}>
          {word}
        </button>
      ))}
    </div>
  )
}

/** As words of the vault are compared, near enough. */
function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
}
