// What is typed into the search field, and what there is to show for it.

import type { Suggestion, UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Found, LiveSearch } from './live-search.js'
import { type Choices, DEFAULTS } from './search-question.js'

const PREPARE_AFTER_MS = 100

interface Search {
  readonly text: string
  readonly choices: Choices
  /** The newest answer; that of an older question until the newer one's is there. */
  readonly found: Found | undefined
  readonly words: readonly Suggestion[]
  /** Whether the answer is that to what is typed now. */
  readonly isAnswered: boolean
  /** Somebody is about to type. */
  readonly prepare: () => void
  readonly type: (text: string) => void
  readonly choose: (choices: Choices) => void
}

/** @param sessionId the open chat */
export function useSearch(vault: UnlockedVault, sessionId: string | undefined): Search {
  const [text, setText] = useState('')
  const [choices, setChoices] = useState(DEFAULTS)
  const [found, setFound] = useState<Found>()
  const [words, setWords] = useState<readonly Suggestion[]>([])
  const search = useRef<LiveSearch>(undefined)
  useEffect(() => {
    const live = (search.current = new LiveSearch({ vault, onFound: setFound, onSuggested: setWords }))
    // When everything else that opening the vault needs has been asked for.
    const timer = setTimeout(() => live.prepare(), PREPARE_AFTER_MS)
    return () => {
      clearTimeout(timer)
      live.stop()
    }
  }, [vault])

  const ask = (query: string, chosen: Choices): void => search.current?.ask(query.trim() === '' ? undefined : { query, choices: chosen, sessionId })
  const asksHere = choices.where === 'here'
  // Another chat was opened: this chat is another one now.
  useEffect(() => {
    if (asksHere) ask(text, choices)
  }, [sessionId])

  return {
    text,
    choices,
    found,
    words,
    isAnswered: found?.question.query === text && found.question.choices === choices,
    prepare: () => search.current?.prepare(),
    type(next) {
      // With the letter, not after it is drawn.
      ask(next, choices)
      setText(next)
    },
    choose(next) {
      ask(text, next)
      setChoices(next)
    },
  }
}
