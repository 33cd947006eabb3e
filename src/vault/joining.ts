// Asks the other tabs of a vault for keys, where the app lets them share one unlock. DESIGN section 6.

import { randomBytes, toBase64Url } from '../crypto/bytes.js'
import type { VaultKeys } from '../crypto/keyring.js'
import { VaultError } from '../errors.js'
import type { TabChannel } from '../stores/tab-channel.js'

/** A tab that has the vault open answers in some milliseconds; one that is busy, or in the background, a little later. */
const ASK_MS = 1000
const ASK_AGAIN_MS = 250

/** @throws {VaultError} `not-found` when no tab answers; the signal's reason */
export async function askOpenTab(channel: TabChannel, signal: AbortSignal): Promise<VaultKeys> {
  const id = toBase64Url(randomBytes(9))
  let found: VaultKeys | undefined
  let wake = (): void => {}
  const stop = channel.subscribe((message) => {
    if (message.kind !== 'unlock-keys' || message.id !== id) return
    const { headerMacKey, keyRingKey } = message
    found ??= { headerMacKey, keyRingKey }
    wake()
  })
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    for (const until = performance.now() + ASK_MS; found === undefined && performance.now() < until; ) {
      signal.throwIfAborted()
      channel.post({ kind: 'unlock-wanted', id })
      let timer: ReturnType<typeof setTimeout> | undefined
      await new Promise<void>((resolve) => {
        wake = resolve
        timer = setTimeout(resolve, ASK_AGAIN_MS)
      })
      clearTimeout(timer)
    }
  } finally {
    stop()
  }
  signal.throwIfAborted()
  if (found === undefined) throw new VaultError('not-found', 'no other tab has this vault open; unlock it', { where: 'tab', reason: 'no-open-tab' })
  return found
}
