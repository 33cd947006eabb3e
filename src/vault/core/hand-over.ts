// The vault key from one open tab to another, when a rotation changed it. Wrapped as for a slot, under a binding key that only
// who had the vault open can know: any page of the origin hears the channel. Implements docs/format.md, section 17, "Hand-over".

import type { Bytes, VaultId } from '../../brand.js'
import { fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { createWrapPair, unwrapVaultKey, wrapVaultKey } from '../../crypto/key-wrap.js'
import { deriveVaultKeys, type KeyRing, type VaultKeys } from '../../crypto/keyring.js'
import { VaultError } from '../../errors.js'

export interface KeysWanted {
  readonly id: string
  readonly publicKey: string
}

export interface HandedKeys {
  readonly id: string
  readonly ephemeralKey: string
  readonly wrappedVaultKey: string
}

/** One question for the vault key; its private key goes with it. */
export class KeyRequest {
  readonly wanted: KeysWanted
  readonly #vaultId: VaultId
  readonly #slotId: Bytes
  readonly #publicKey: Bytes
  readonly #privateKey: Bytes
  readonly #bindingKey: Bytes

  private constructor(vaultId: VaultId, slotId: Bytes, pair: { readonly publicKey: Bytes; readonly privateKey: Bytes }, bindingKey: Bytes) {
    this.#vaultId = vaultId
    this.#slotId = slotId
    this.#publicKey = pair.publicKey
    this.#privateKey = pair.privateKey
    this.#bindingKey = bindingKey
    this.wanted = { id: toBase64Url(slotId), publicKey: toBase64Url(pair.publicKey) }
  }

  static async create(ring: KeyRing, vaultId: VaultId): Promise<KeyRequest> {
    const id = randomBytes(16)
    return new KeyRequest(vaultId, id, await createWrapPair(), ring.handOverKey(vaultId, id))
  }

  /** The keys of an answer, the caller's to zero; undefined for one that is none, or from somebody who never had this vault open. */
  async open({ id, ephemeralKey, wrappedVaultKey }: HandedKeys): Promise<VaultKeys | undefined> {
    if (id !== this.wanted.id) return undefined
    const target = { vaultId: this.#vaultId, slotId: this.#slotId, publicKey: this.#publicKey, bindingKey: this.#bindingKey }
    let vaultKey: Bytes
    try {
      vaultKey = await unwrapVaultKey({ ephemeralKey: fromBase64Url(ephemeralKey), wrappedVaultKey: fromBase64Url(wrappedVaultKey) }, target, this.#privateKey)
    } catch {
      return undefined
    }
    try {
      return await deriveVaultKeys(vaultKey, this.#vaultId)
    } finally {
      wipe(vaultKey)
    }
  }

  wipe(): void {
    wipe(this.#privateKey)
    wipe(this.#bindingKey)
  }
}

/** @throws {VaultError} `corrupt` for what is no question, `locked` */
export async function answerRequest({ id, publicKey }: KeysWanted, { vaultKey }: VaultKeys, ring: KeyRing, vaultId: VaultId): Promise<HandedKeys> {
  const slotId = fromBase64Url(id)
  if (slotId.length !== 16) throw new VaultError('corrupt', 'this is no question for keys', { where: 'tab' })
  if (vaultKey === undefined) throw new VaultError('not-found', 'this tab was opened by another one, which has the key', { where: 'tab' })
  const bindingKey = ring.handOverKey(vaultId, slotId)
  try {
    const wrapped = await wrapVaultKey(vaultKey, { vaultId, slotId, publicKey: fromBase64Url(publicKey), bindingKey })
    return { id, ephemeralKey: toBase64Url(wrapped.ephemeralKey), wrappedVaultKey: toBase64Url(wrapped.wrappedVaultKey) }
  } finally {
    wipe(bindingKey)
  }
}
