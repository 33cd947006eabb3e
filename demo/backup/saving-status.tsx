// How far a file is that is being saved, and why it was not.

import type { Saving } from './use-saving.js'
import { inSavingWords } from './file-words.js'

interface SavingStatusProps {
  readonly saving: Saving<unknown>
  /** What there is to say before it is known how far the file is. */
  readonly preparing: string
  readonly onCancel: () => void
}

export function SavingStatus({ saving, preparing, onCancel }: SavingStatusProps) {
  return (
    <>
      {saving.step === 'writing' && (
        <div class="progress">
          <progress max={1} aria-label="Written of the file" {...(saving.done !== undefined && { value: saving.done })} />
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        </div>
      )}
      <p class="note" role="status">
        {inStatusWords(saving, preparing)}
      </p>
      <p class="note" role="alert">
        {saving.step === 'failed' ? inSavingWords(saving.error) : ''}
      </p>
    </>
  )
}

function inStatusWords(saving: Saving<unknown>, preparing: string): string {
  switch (saving.step) {
    case 'choosing':
      return 'Choose where the file goes…'
    case 'writing':
      return saving.done === undefined ? preparing : `Writing the file: ${Math.floor(saving.done * 100)} %`
    case 'cancelled':
      return 'Cancelled. No file was made; the conversations are as they were.'
    case 'idle':
    case 'saved':
    case 'failed':
      return ''
  }
}
