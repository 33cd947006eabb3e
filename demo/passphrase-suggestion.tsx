// Offers words in the place of a password that somebody thinks up. They are on the screen until the fields have something else, for they have to be written down.

import { useState } from 'preact/hooks'
import { drawPassphrase, PASSPHRASE_BITS } from './passphrase.js'

interface PassphraseSuggestionProps {
  /** What is in the field now. */
  readonly password: string
  readonly onUse: (passphrase: string) => void
}

export function PassphraseSuggestion({ password, onUse }: PassphraseSuggestionProps) {
  const [{ words, used }, setSuggestion] = useState({ words: '', used: false })
  const [problem, setProblem] = useState('')
  const draw = (): void => {
    setProblem('')
    drawPassphrase().then(
      (drawn) => setSuggestion({ words: drawn, used: false }),
      () => setProblem('The list of words could not be loaded. Try again, or think of a password yourself.'),
    )
  }
  const use = (): void => {
    onUse(words)
    setSuggestion({ words, used: true })
  }
  // Typed over, or taken by the form: then the words are nobody's password any more.
  const isShown = words !== '' && (!used || password === words)
  return (
    <div class="suggestion">
      {isShown && (
        <p id="passphrase" class="passphrase" lang="en" translate={false}>
          {words}
        </p>
      )}
      <div class="actions">
        {isShown && (
          <button type="button" class="second" aria-describedby="passphrase" onClick={use}>
            Use it
          </button>
        )}
        {/* One button with two names: who has just pressed it keeps the focus. */}
        <button type="button" class="quiet" onClick={draw}>
          {isShown ? 'Another one' : 'Suggest a passphrase'}
        </button>
      </div>
      <p class="note" role="status">
        {isShown && (used ? 'It is in both fields. Write it down now, with its spaces: nobody can tell you later what it was.' : `Seven words drawn at random, ${PASSPHRASE_BITS} bits: nobody guesses them. If you use them, write them down.`)}
      </p>
      <p class="note" role="alert">
        {problem}
      </p>
    </div>
  )
}
