// How far the reading of a backup is, or what is taken over from it.

import { formatCount, formatNumber } from '../format.js'
import type { Work } from './use-work.js'

export function WorkStatus({ work: { isBusy, progress, cancel }, opening }: { readonly work: Work; /** What there is to say before the first number. */ readonly opening: string }) {
  if (!isBusy) return null
  const isMeasured = progress?.phase === 'import' && progress.total !== undefined && progress.total > 0
  return (
    <>
      <div class="progress">
        <progress aria-label="How far it is" {...(isMeasured && { max: progress.total, value: progress.done })} />
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </div>
      <p class="note" role="status">
        {inProgressWords(progress, opening)}
      </p>
    </>
  )
}

function inProgressWords(progress: Work['progress'], opening: string): string {
  if (progress === undefined) return opening
  const { phase, done, total } = progress
  if (phase === 'verify') return `Reading the file: ${formatCount(done, 'record')} so far`
  return total === undefined ? `Taken over: ${formatCount(done, 'message')}` : `Taken over: ${formatNumber(done)} of ${formatCount(total, 'message')}`
}
