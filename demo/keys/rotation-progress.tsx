// How far the making of new keys is, and its pause.

import type { RotationStatus } from 'sealed-vault'
import { describeProgress, describeState } from './rotation-words.js'
import type { RotationWatch } from './rotation-watch.js'

export function RotationBar({ status }: { readonly status: RotationStatus }) {
  // What another tab has done is known only when it ends.
  const isMeasured = status.state !== 'pending' && status.total > 0
  return <progress aria-label="Sealed with the new keys" {...(isMeasured && { max: status.total, value: status.done })} />
}

export function RotationProgress({ status, watch }: { readonly status: RotationStatus; readonly watch: RotationWatch }) {
  const { state } = status
  return (
    <div id="keys-progress">
      <div class="progress">
        <RotationBar status={status} />
        {/* One button with two names: who has just pressed it keeps the focus. */}
        <button type="button" onClick={() => (state === 'running' ? watch.pause() : watch.continue())}>
          {state === 'running' ? 'Pause' : 'Continue'}
        </button>
      </div>
      {state !== 'pending' && <p class="note">{describeProgress(status)}</p>}
      {/* Said aloud only when it is something else, not with every row. */}
      <p id="keys-status" class="note" role="status">
        {describeState(status)}
      </p>
    </div>
  )
}
