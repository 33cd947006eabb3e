// The ways into an opened vault, as an app manages them. DESIGN section 6; docs/keys.md.

import { equalBytes } from '../crypto/bytes.js'
import { wipeKeyRingContent } from '../crypto/key-ring-content.js'
import type { PasswordSlot } from '../crypto/key-slots.js'
import { openContent } from './core/credentials.js'
import { checkSlotName, type SlotInput } from './core/new-slot.js'
import { nameOf } from './core/slot-edits.js'
import { isDeviceSlot, isPasswordSlot } from './core/slot-json.js'
import type { Secret } from './core/slot-openers.js'
import type { OpenedVault } from './opened-vault.js'

/** One way into a vault. */
export interface VaultSlot {
  readonly id: string
  /** `password`, `recovery`, `passkey`, `device`, or a kind this version does not know. */
  readonly kind: string
  /** As the user calls it. */
  readonly name?: string
  /** Milliseconds, where it is known. */
  readonly madeAt?: number
  /** Of a password that is hashed with PBKDF2: how often a guess has to be hashed. */
  readonly iterations?: number
  /** Of a password that is hashed with Argon2id: what a guess takes. */
  readonly argon2id?: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number }
  /** Of a device: whether its key is in this browser. */
  readonly isHere?: boolean
}

export interface SlotOptions {
  /** Ends a question to the user that is still open. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Ways into the vault: 1 to 16. Every change asks for one of them (`current`): the password, the recovery code, a passkey; the key of a device where there is
 * nothing else. A change is one strict commit: it is there whole or not at all, and durable when it resolves. Data keys stay as they are: a copy of the vault made before
 * still opens the ways it did then; `rotateKeys` makes what is written from then on unreadable for it.
 *
 * All of them reject with `wrong-password`, `invalid-value` (with reason `device-is-no-proof` when the key of a device is given where there is anything better), `not-found` for a
 * slot there is no more, `conflict` when another tab changed a way in at the same moment, `crypto-unavailable` or `invalid-value` with reason `declined` for a passkey, `locked`, and the signal's reason.
 */
export class Slots {
  readonly #vault: OpenedVault

  /** @internal */
  constructor(vault: OpenedVault) {
    this.#vault = vault
  }

  /** In the order in which they were added. @throws {VaultError} `locked` */
  async list(): Promise<readonly VaultSlot[]> {
    const { log, keys, slotPorts } = this.#vault
    log.assertAlive()
    await log.catchUp()
    const { header, keys: vaultKeys } = keys.opened
    const content = await openContent(keys.opened, vaultKeys)
    try {
      return await Promise.all(
        header.slots.map(async (slot): Promise<VaultSlot> => {
          const { name, madeAt } = content.slots.find(({ id }) => slot.id instanceof Uint8Array && equalBytes(id, slot.id)) ?? {}
          const id = nameOf(slot)
          return {
            id,
            kind: String(slot.kind),
            ...(name !== undefined && { name }),
            ...(madeAt !== undefined && { madeAt }),
            ...(isPasswordSlot(slot) && costOf(slot)),
            ...(isDeviceSlot(slot) && { isHere: (await slotPorts.deviceKeys?.get(id).catch(() => undefined)) !== undefined }),
          }
        }),
      )
    } finally {
      wipeKeyRingContent(content)
    }
  }

  /**
   * One way more. A password for a vault that has nothing but the key of a device is given by `protect`.
   * @throws {VaultError} besides: `invalid-value` with reason `too-many-ways-in`, `not-typed-back`, `protect`
   */
  async add(current: Secret, slot: SlotInput, { signal }: SlotOptions = {}): Promise<VaultSlot> {
    return this.#named(await this.#vault.keys.editSlots(current, (prepared) => ({ kind: 'add', slot: prepared! }), slot, signal))
  }

  /** Another way in the place of this one, at once: there is no moment with both, or with neither. @throws as `add` */
  async replace(current: Secret, id: string, slot: SlotInput, { signal }: SlotOptions = {}): Promise<VaultSlot> {
    return this.#named(await this.#vault.keys.editSlots(current, (prepared) => ({ kind: 'replace', id, slot: prepared! }), slot, signal, id))
  }

  /** @param name undefined for none. @throws {VaultError} `invalid-value` for a name that is none */
  async rename(current: Secret, id: string, name: string | undefined, { signal }: SlotOptions = {}): Promise<VaultSlot> {
    checkSlotName(name)
    return this.#named(await this.#vault.keys.editSlots(current, () => ({ kind: 'rename', id, name }), undefined, signal))
  }

  /** @throws {VaultError} `invalid-value` with reason `last-way-in`: a vault keeps one that can be used, and a key of a device that is not in this browser is none */
  async remove(current: Secret, id: string, { signal }: SlotOptions = {}): Promise<void> {
    const usableHere = new Set((await this.list()).filter(({ isHere }) => isHere === true).map((slot) => slot.id))
    await this.#vault.keys.editSlots(current, () => ({ kind: 'remove', id, usableHere }), undefined, signal)
  }

  async #named(id: string): Promise<VaultSlot> {
    const slot = (await this.list()).find((each) => each.id === id)
    // Another tab was quick to remove it.
    return slot ?? { id, kind: 'removed' }
  }

  /**
   * Whether what is stored can be read by who copies the browser's folder, or could be with a copy made earlier: the browser keeps a key in clear, or kept one while keys that
   * are still in use were. Ends with a rotation after the last such key was removed; `protect` does both.
   * @throws {VaultError} `locked`
   */
  async isUnprotected(): Promise<boolean> {
    const { log, keys } = this.#vault
    log.assertAlive()
    await log.catchUp()
    const content = await openContent(keys.opened, keys.opened.keys)
    const isUnprotected = content.epochs.some(({ onDevice }) => onDevice === true)
    wipeKeyRingContent(content)
    return isUnprotected
  }
}

function costOf({ kdf }: PasswordSlot): Pick<VaultSlot, 'iterations' | 'argon2id'> {
  return kdf.name === 'Argon2id' ? { argon2id: { memoryKiB: kdf.memoryKiB, passes: kdf.passes, lanes: kdf.lanes } } : { iterations: kdf.iterations }
}
