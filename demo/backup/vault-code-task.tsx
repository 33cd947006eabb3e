// A recovery code for the vault, asked for in the settings or by the reminder.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { TaskPane } from './task-pane.js'
import { VaultCode } from './vault-code.js'

export function VaultCodeTask({ vault, onBack }: { readonly vault: UnlockedVault; readonly onBack: () => void }) {
  const [wanted, setWanted] = useState(false)
  return (
    <TaskPane title="Make a recovery code" onBack={onBack}>
      {wanted ? (
        <VaultCode vault={vault} done="Done" onDone={onBack} />
      ) : (
        <>
          <p>The code opens this vault when you have forgotten its password. It counts when you have typed a part of it back from your paper; from then on a code that was made before opens the vault no longer.</p>
          <div class="actions">
            <button type="button" class="primary" onClick={() => setWanted(true)}>
              Make the code
            </button>
          </div>
        </>
      )}
    </TaskPane>
  )
}
