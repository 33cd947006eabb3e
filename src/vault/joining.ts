// Asks the other tabs of a vault for keys, where the app lets them share one unlock. DESIGN section 6; docs/format.md, section 17, "Sharing".

import { randomBytes, toBase64Url } from '../crypto/bytes.js'
import type { VaultKeys } from '../crypto/keyring.js'
import { VaultError } from '../errors.js'
import type { TabChannel } from '../stores/tab-channel.js'

/** A tab that has the vault open answers in some milliseconds; one that is busy, or in the background, a little later. */
const ASK_MS = 1000
const ASK_AGAIN_MS = 250

/**
 * The keys of the first answer that fit: a tab that slept through a rotation has others, and whoever is on the channel may say anything.
 * @param fit whether they open the header that is stored
 * @throws {VaultError} `not-found` when no tab answers with keys that fit; the signal's reason
 */
export async function askOpenTab(channel: TabChannel, fit: (keys: VaultKeys) => Promise<boolean>, signal: AbortSignal): Promise<VaultKeys> {
  const id = toBase64Url(randomBytes(9))
  const answers: VaultKeys[] = []
  let wake = (): void => {}
  const stop = channel.subscribe((message) => {
    if (message.kind !== 'unlock-keys' || message.id !== id) return
    const { headerMacKey, keyRingKey } = message
    if (!isKey(headerMacKey) || !isKey(keyRingKey)) return
    answers.push({ headerMacKey, keyRingKey })
    wake()
  })
  const end = (): void => wake()
  signal.addEventListener('abort', end)
  try {
    for (const until = performance.now() + ASK_MS; performance.now() < until; ) {
      signal.throwIfAborted()
      channel.post({ kind: 'unlock-wanted', id })
      let timer: ReturnType<typeof setTimeout> | undefined
      await new Promise<void>((resolve) => {
        wake = resolve
        timer = setTimeout(resolve, ASK_AGAIN_MS)
      })
      clearTimeout(timer)
      for (const keys of answers.splice(0)) if (await fit(keys)) return keys
    }
  } finally {
    stop()
    signal.removeEventListener('abort', end)
  }
  signal.throwIfAborted()
  throw new VaultError('not-found', 'no other tab has this vault open; unlock it', { where: 'tab', reason: 'no-open-tab' })
}

function isKey(value: unknown): value is CryptoKey {
  return Object.prototype.toString.call(value) === '[object CryptoKey]'
}
