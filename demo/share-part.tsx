// One unlock for all tabs, or one for each, in the settings.

import type { UnlockedVault } from 'sealed-vault'
import { useEffect, useState } from 'preact/hooks'
import { isSharing, readShareUnlock, writeShareUnlock } from './share-unlock.js'

export function SharePart({ vault }: { readonly vault: UnlockedVault }) {
  const [shares, setShares] = useState(readShareUnlock)
  const [problem, setProblem] = useState('')
  // Chosen in another tab.
  useEffect(() => {
    const look = (): void => setShares(readShareUnlock())
    addEventListener('storage', look)
    return () => removeEventListener('storage', look)
  }, [])

  function choose(wanted: boolean): void {
    setProblem('')
    try {
      writeShareUnlock(wanted)
    } catch {
      setProblem('This browser keeps no settings for this page, so every tab asks.')
    }
    setShares(readShareUnlock())
  }

  const isPending = shares !== isSharing(vault)
  return (
    <div id="share-unlock">
      <h3>Other tabs</h3>
      <label class="choice">
        <input type="checkbox" autocomplete="off" checked={shares} onChange={(event) => choose(event.currentTarget.checked)} /> Open in every tab when one is unlocked
      </label>
      <p class="note">
        A new tab, or one that is loaded again, then opens without a question while another tab of this browser has the vault open. Without it each tab asks for itself. Either way a lock in one tab locks
        them all.
      </p>
      <p class="note" role="status">
        {isPending && (shares ? 'This counts from the next unlock: until the vault is locked here, other tabs still ask.' : 'This counts from the next unlock: until the vault is locked here, other tabs still open with it.')}
      </p>
      {isPending && (
        <div class="actions">
          <button type="button" onClick={() => void vault.lock()}>
            Lock now
          </button>
        </div>
      )}
      <p class="note" role="alert">
        {problem}
      </p>
    </div>
  )
}
