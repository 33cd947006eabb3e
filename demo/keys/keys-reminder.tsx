// At the foot of the list: that new keys are being made, wherever that was begun, or that it is time for them.

import type { RotationDue, UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { RotationBar } from './rotation-progress.js'
import { useRotation } from './rotation-watch.js'
import { describeProgress } from './rotation-words.js'

/** Until the page is left; not kept, so that it comes again on another day. */
let isDismissed = false

interface KeysReminderProps {
  readonly vault: UnlockedVault
  /** There all of this is said at length. */
  readonly isInSettings: boolean
  readonly onKeys: () => void
}

export function KeysReminder({ vault, isInSettings, onKeys }: KeysReminderProps) {
  const { status } = useRotation(vault)
  const [, setDismissed] = useState(isDismissed)
  if (status === undefined || isInSettings) return null
  const isUnderWay = status.state !== 'none'
  if (!isUnderWay && (status.due === undefined || isDismissed)) return null
  const dismiss = (): void => {
    isDismissed = true
    setDismissed(true)
  }
  return (
    <aside class="reminder" aria-label="Keys">
      <p role="status">{isUnderWay ? (status.state === 'paused' ? 'The making of new keys is paused.' : 'New keys are being made.') : inDueWords(status.due)}</p>
      {isUnderWay && <RotationBar status={status} />}
      {isUnderWay && status.state !== 'pending' && <p class="note">{describeProgress(status)}</p>}
      <div class="actions">
        <button type="button" onClick={onKeys}>
          {isUnderWay ? 'Details' : 'See what new keys do'}
        </button>
        {!isUnderWay && (
          <button type="button" class="quiet" onClick={dismiss}>
            Not now
          </button>
        )}
      </div>
    </aside>
  )
}

function inDueWords(due: RotationDue | undefined): string {
  switch (due) {
    case 'age':
      return 'The keys of this vault are more than a year old. It is time for new ones.'
    case 'seals':
      return 'The keys of this vault have sealed very much. It is time for new ones.'
    case undefined:
      return ''
  }
}
