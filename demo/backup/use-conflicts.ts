// Asks about one conflict after the other while an import waits for the answers.

import type { AskAboutConflict, Conflict, ConflictChoice } from 'sealed-vault'
import { useState } from 'preact/hooks'

/** `rest`: the newer one, of this and of all that come. */
export type Answer = ConflictChoice | 'rest'

export interface Question {
  readonly conflict: Conflict
  /** From 1. */
  readonly number: number
  readonly answer: (answer: Answer) => void
}

export function useConflicts(): { readonly question: Question | undefined; readonly asking: (signal: AbortSignal) => AskAboutConflict } {
  const [question, setQuestion] = useState<Question>()

  function asking(signal: AbortSignal): AskAboutConflict {
    let number = 0
    let isRest = false
    return (conflict) => {
      if (isRest) return 'newer'
      // Whoever waits for an answer does not see that the import was stopped.
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          setQuestion(undefined)
          reject(signal.reason as Error)
        }
        if (signal.aborted) return stop()
        signal.addEventListener('abort', stop, { once: true })
        const answer = (given: Answer): void => {
          signal.removeEventListener('abort', stop)
          setQuestion(undefined)
          isRest = given === 'rest'
          resolve(given === 'rest' ? 'newer' : given)
        }
        setQuestion({ conflict, number: ++number, answer })
      })
    }
  }

  return { question, asking }
}
