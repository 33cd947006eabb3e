// What the tabs of one vault tell each other. Every message is a hint: it may be lost, late, doubled or out of order,
// so nothing that must be true depends on it (PROTOCOL, "Other tabs").

export type TabMessage =
  /** A commit with this seq is complete. */
  | { readonly kind: 'committed'; readonly seq: number }
  /** A tab locked; all others lock too. */
  | { readonly kind: 'locked'; readonly reason: string }
  /** A tab has opened the vault or came back to it; whoever has it open answers `here`. Both say the newest commit they know. */
  | { readonly kind: 'hello' | 'here'; readonly seq: number }
  /** The vault is in use in a tab; the others put off locking as idle. */
  | { readonly kind: 'used' }
  /** A tab lost a race for the log and asks the others to queue at the fair lock for a while. */
  | { readonly kind: 'contended' }
  /** A tab meets keys it does not have; who has them hands them over. Wrapped: what is here tells who hears it nothing. */
  | { readonly kind: 'keys-wanted'; readonly id: string; readonly publicKey: string }
  | { readonly kind: 'keys'; readonly id: string; readonly ephemeralKey: string; readonly wrappedVaultKey: string }
  /** A tab without keys asks whether the vault is open somewhere; where that is shared, who has it open answers with keys that can be used and not read. */
  | { readonly kind: 'unlock-wanted'; readonly id: string }
  | { readonly kind: 'unlock-keys'; readonly id: string; readonly headerMacKey: CryptoKey; readonly keyRingKey: CryptoKey }
  /** The vault was destroyed. */
  | { readonly kind: 'destroyed' }

export interface TabChannel {
  post(message: TabMessage): void
  subscribe(listener: (message: TabMessage) => void): () => void
  close(): void
}

/** Opens the channel of one vault. Messages reach other tabs, never the sender. */
export type OpenTabChannel = (vaultName: string) => TabChannel

/** A channel over BroadcastChannel; where that is missing, one that reaches nobody. */
export const openBroadcastChannel: OpenTabChannel = (vaultName) => {
  if (typeof BroadcastChannel === 'undefined') return { post: () => {}, subscribe: () => () => {}, close: () => {} }
  const channel = new BroadcastChannel(`sealed-vault/${vaultName}`)
  // Node keeps a process alive for an open channel; browsers have no unref.
  ;(channel as { unref?: () => void }).unref?.()
  let closed = false
  return {
    post: (message) => {
      if (!closed) channel.postMessage(message)
    },
    subscribe: (listener) => {
      const receive = (event: MessageEvent<TabMessage>): void => listener(event.data)
      channel.addEventListener('message', receive)
      return () => channel.removeEventListener('message', receive)
    },
    close: () => {
      closed = true
      channel.close()
    },
  }
}
