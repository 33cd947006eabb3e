// The vault was made a moment ago: the one moment at which a forgotten password can still be provided for without being asked for it again. Nobody has to; a reminder asks another day.

import type { Secret, UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { VaultCode } from './backup/vault-code.js'
import { FocusedTitle } from './focused-title.js'

interface RecoveryOfferProps {
  readonly vault: UnlockedVault
  readonly secret: Secret
  /** Called with whether there is a code now. */
  readonly onDone: (isMade: boolean) => void
}

export function RecoveryOffer({ vault, secret, onDone }: RecoveryOfferProps) {
  const [wanted, setWanted] = useState(false)
  const later = (
    <button type="button" class="quiet" onClick={() => onDone(false)}>
      Later
    </button>
  )
  return (
    <main data-screen="recovery-offer" class="card">
      <FocusedTitle>The vault is made</FocusedTitle>
      {wanted ? (
        <VaultCode vault={vault} secret={secret} done="Open the vault" onDone={() => onDone(true)}>
          <div class="actions">{later}</div>
        </VaultCode>
      ) : (
        <>
          <p>
            Only your password opens it. Should you forget it, nobody can help you, unless you have a recovery code: a line of letters and digits on paper that opens the vault in place of the password. To print it or write it down takes
            two minutes.
          </p>
          <div class="actions">
            <button type="button" class="primary" onClick={() => setWanted(true)}>
              Make a recovery code
            </button>
            {later}
          </div>
          <p class="note">Later you find it in the settings, under “Backup”.</p>
        </>
      )}
    </main>
  )
}
