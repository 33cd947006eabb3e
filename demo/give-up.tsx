// What cannot be undone: folded away, with what it means beside the button.

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { inWords } from './words.js'

interface GiveUpProps {
  readonly summary: string
  readonly warning: string
  readonly action: string
  readonly onGiveUp: () => Promise<void>
  /** What can be done instead. */
  readonly children?: ComponentChildren
}

export function GiveUp({ summary, warning, action, onGiveUp, children }: GiveUpProps) {
  const [note, setNote] = useState('')
  const act = (): void => {
    onGiveUp().catch((error: unknown) => setNote(inWords(error)))
  }
  return (
    <details class="give-up">
      <summary>{summary}</summary>
      {children}
      <p>{warning}</p>
      <button type="button" class="danger" onClick={act}>
        {action}
      </button>
      <p class="note" role="alert">
        {note}
      </p>
    </details>
  )
}
