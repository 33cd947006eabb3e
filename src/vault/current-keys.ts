// The header of an opened vault and the keys it gives, as they change while it is open: by this tab (password, recovery code,
// rotation) and by others. DESIGN sections 6 and 8.

import { equalBytes } from '../crypto/bytes.js'
import { dearerCost } from '../crypto/kdf.js'
import { createRecoveryCode } from '../crypto/recovery-code.js'
import { wipeKeyRingContent } from '../crypto/key-ring-content.js'
import { wipeVaultKeys, type VaultKeys } from '../crypto/keyring.js'
import { VaultError } from '../errors.js'
import { STORE_IDS, type Backend } from '../stores/backend.js'
import type { FairLocks } from '../stores/locks.js'
import type { TabChannel, TabMessage } from '../stores/tab-channel.js'
import { openContent, wipeOpened, type BuiltHeader, type OpenedHeader } from './core/credentials.js'
import { answerRequest, KeyRequest, type HandedKeys } from './core/hand-over.js'
import { decodeHeader, type UnprovenHeader } from './core/header.js'
import { prepareSlot, type PreparedSlot, type PrepareOptions, type SlotInput } from './core/new-slot.js'
import { checkMayAdd, editSlots, nameOf, replacePassword, replaceRecoveryCode, type SlotEdit } from './core/slot-edits.js'
import { isOfDevice, isPasswordSlot } from './core/slot-json.js'
import { withOpener, type OpenedPassword, type Opener, type Secret, type SlotPorts } from './core/slot-openers.js'
import { changeSlots, type SlotChangeParts } from './slot-change.js'

/** How long other tabs have to hand over a vault key, and how often they are asked meanwhile. */
const ASK_MS = 3000
const ASK_AGAIN_MS = 500
/** How long after a change of the vault key it is handed over: who slept longer types the password. */
const HAND_OVER_MS = 10 * 60_000
/** How often a change of a way in begins anew when a rotation comes in between. */
const MAX_CHANGES = 5
/** What came in between of a password that was to be made dearer: it is another one by now, or somebody else was at it. */
const GIVES_WAY = new Set(['wrong-password', 'not-found', 'conflict', 'busy', 'locked'])

/** Names of the ways in: a change of one makes another name. */
function slotsOf({ header }: OpenedHeader): string {
  return header.slots.map(nameOf).join()
}

export interface CurrentKeysPorts extends Omit<SlotChangeParts, 'lastKnown'> {
  readonly backend: Backend
  readonly channel: TabChannel
  readonly vaultName: string
  readonly locks: FairLocks
  readonly slotPorts: SlotPorts
  /** Whether tabs without keys are let in. */
  readonly shares: boolean
}

export class CurrentKeys {
  #opened: OpenedHeader
  readonly #ports: CurrentKeysPorts
  /** Of a header this tab is writing: it may be the stored one before this tab is told so. */
  readonly #offered = new Set<VaultKeys>()
  /** When another vault key came; nobody else has reason to ask for it. */
  #changedAt = -Infinity
  /** What nobody asked for is not to be in the way of what somebody asks for. */
  #strengthening: { readonly ended: Promise<void>; isDropped: boolean } | undefined
  #isWiped = false
  #isSharing: boolean
  readonly #ends = new AbortController()

  constructor(opened: OpenedHeader, ports: CurrentKeysPorts) {
    this.#opened = opened
    this.#ports = ports
    this.#isSharing = ports.shares
  }

  get opened(): OpenedHeader {
    return this.#opened
  }

  /** Replaces the password; data keys stay as they are. */
  async changePassword(current: Secret, next: string): Promise<void> {
    await this.#changeSlots(current, undefined, { kind: 'password', password: next }, (newest, opener, slot) => replacePassword(newest, this.#opened.keys, opener, slot!))
  }

  /**
   * Makes guesses at this password dearer where there is reason for it, and leaves everything else as it is. Behind everybody's back, so it gives way to whatever somebody asks for, also in
   * another tab, and comes about another time.
   */
  async strengthen(password: string, opened: OpenedPassword): Promise<void> {
    const { kdf: policy, passwordKdf = 'pbkdf2' } = this.#ports.slotPorts
    const strengthening = { isDropped: false, ended: Promise.resolve() }
    const work = async (): Promise<void> => {
      const others = this.#opened.header.slots.filter(isPasswordSlot).filter(({ id }) => !equalBytes(id, opened.id))
      const cost = await dearerCost(opened, others.map(({ kdf }) => kdf), passwordKdf, policy)
      if (cost === undefined) return
      const build = async (newest: UnprovenHeader, opener: Opener, made: PreparedSlot | undefined): Promise<BuiltHeader> => {
        const built = await replacePassword(newest, this.#opened.keys, opener, made!)
        if (strengthening.isDropped) throw new VaultError('conflict', 'somebody changes a way in', { where: 'slot' })
        return built
      }
      await this.#changeSlots(password, undefined, { kind: 'password', password }, build, { cost, id: opened.id, salt: opened.kdf.salt })
    }
    const ended = work()
    strengthening.ended = ended.catch(() => undefined)
    this.#strengthening = strengthening
    try {
      await ended
    } catch (error) {
      if (!(error instanceof VaultError) || !GIVES_WAY.has(error.code)) throw error
    } finally {
      if (this.#strengthening === strengthening) this.#strengthening = undefined
    }
  }

  /** Resolves when nothing is being made dearer: what is under way gives up. */
  async settled(): Promise<void> {
    if (this.#strengthening === undefined) return
    this.#strengthening.isDropped = true
    await this.#strengthening.ended
  }

  /** Makes a new recovery code, in place of the one before; data keys stay as they are. */
  async createRecoveryCode(current: Secret): Promise<string> {
    const code = createRecoveryCode()
    await this.#changeSlots(current, undefined, { kind: 'recovery', code, typedBack: code }, (newest, opener, slot) => replaceRecoveryCode(newest, this.#opened.keys, opener, slot!))
    return code
  }

  /** The id of the slot it is about. @param input of a slot that is to be made for it */
  async editSlots(current: Secret, edit: (slot: PreparedSlot | undefined) => SlotEdit, input: SlotInput | undefined, signal: AbortSignal | undefined, replaced?: string): Promise<string> {
    const { slotId } = await this.#changeSlots(current, signal, input, (newest, opener, slot) => editSlots(newest, this.#opened.keys, opener, edit(slot)), undefined, replaced)
    return slotId
  }

  /** Works with a slot that is ready to be made, of which nothing is left afterwards. */
  async withSlot<T>(input: SlotInput, signal: AbortSignal | undefined, work: (slot: PreparedSlot) => Promise<T>, anew?: PrepareOptions['anew']): Promise<T> {
    const { vaultName, slotPorts } = this.#ports
    const slot = await prepareSlot(input, { ports: slotPorts, vaultName, slots: this.#opened.header.slots, signal, anew })
    try {
      return await work(slot)
    } finally {
      slot.wipe()
    }
  }

  /**
   * Forgets keys that this browser keeps of slots there are no more: after they were removed, and of removals that a crash cut off. Not while one is made: its key is kept before
   * its header is written.
   */
  async sweepDeviceKeys(): Promise<void> {
    const { slotPorts: { deviceKeys }, log } = this.#ports
    if (deviceKeys === undefined) return
    await this.#withDeviceKeys(async () => {
      const kept = await deviceKeys.kept()
      if (kept.length === 0) return
      await log.catchUp()
      // Of slots of whatever kind: a newer version may use keys of the browser in ways this one does not know.
      const used = new Set(this.#opened.header.slots.map(nameOf))
      await deviceKeys.forget(kept.filter((id) => !used.has(id)))
    })
  }

  #withDeviceKeys<T>(work: () => Promise<T>): Promise<T> {
    return this.#ports.locks.request(`sealed-vault/${this.#ports.vaultName}/device-keys`, {}, work)
  }

  /** Other ways in; again where a rotation came in between, which changes none. @param replaced the id of the slot in whose place the new one comes */
  async #changeSlots<Built extends BuiltHeader>(current: Secret, signal: AbortSignal | undefined, input: SlotInput | undefined, build: (newest: UnprovenHeader, opener: Opener, slot: PreparedSlot | undefined) => Promise<Built>, anew?: PrepareOptions['anew'], replaced?: string): Promise<Built> {
    const { log, slotPorts } = this.#ports
    log.assertAlive()
    if (anew === undefined && this.#strengthening !== undefined) this.#strengthening.isDropped = true
    const write = async (opener: Opener, slot: PreparedSlot | undefined): Promise<Built> => {
      for (let attempt = 1; ; attempt++) {
        const slots = slotsOf(this.#opened)
        try {
          return await this.change((newest) => build(newest, opener, slot), async (draft, built) => {
            draft.keys = { codec: log.codec, become: () => this.take(built) }
          })
        } catch (error) {
          if (anew !== undefined || attempt === MAX_CHANGES || !(error instanceof VaultError) || error.code !== 'conflict') throw error
          await log.catchUp()
          if (slotsOf(this.#opened) !== slots) throw error
        }
      }
    }
    const hadDevices = this.#opened.header.slots.some(isOfDevice)
    const change = (opener: Opener, slot: PreparedSlot | undefined): Promise<Built> => (input?.kind === 'device' ? this.#withDeviceKeys(() => write(opener, slot)) : write(opener, slot))
    // A question to the user ends with the lock as well.
    const ends = endsWith(signal, this.#ends.signal)
    try {
      const built = await withOpener(
        current,
        // Nobody guesses where nobody asked.
        anew === undefined ? slotPorts : { ...slotPorts, guard: undefined },
        async (opener) => {
          if (input === undefined) return change(opener, undefined)
          // An authenticator that was asked keeps its key for ever: not for who may not add one.
          if (input.kind === 'passkey') await checkMayAdd(this.#opened.header, opener, replaced)
          return this.withSlot(input, ends.signal, (slot) => change(opener, slot), anew)
        },
        ends.signal,
      )
      if (hadDevices) await this.sweepDeviceKeys().catch(() => undefined)
      return built
    } finally {
      ends.stop()
    }
  }

  /** Writes the next revision of the header. @param also what else its commit does */
  change<Built extends BuiltHeader>(build: (newest: UnprovenHeader) => Promise<Built>, also?: Parameters<typeof changeSlots<Built>>[2]): Promise<Built> {
    const { log, queue, copies } = this.#ports
    log.assertAlive()
    return changeSlots({ lastKnown: this.#opened.row, log, queue, copies }, build, also)
  }

  /** This header is the one there is, unless a later one is known by now; its ring is that of before, or has become another one. */
  take({ header, row, tag, keys }: BuiltHeader): void {
    const before = this.#opened
    if (this.#isWiped || header.revision <= before.header.revision) return
    this.#opened = { ...before, header, row, tag, keys }
    if (before.keys === keys) return
    this.#changedAt = performance.now()
    wipeVaultKeys(before.keys)
  }

  /** These keys may open the stored header from now on, as long as nobody knows better. */
  offer(keys: VaultKeys): () => void {
    this.#offered.add(keys)
    return () => this.#offered.delete(keys)
  }

  /**
   * Takes over the header that is stored: with the vault key there is, or one that another tab hands over.
   * @throws {VaultError} `keys-changed` when nobody does; `corrupt` when it is the header this tab has
   */
  async takeStored(): Promise<void> {
    const stored = await this.#readHeader()
    const { header, tag } = this.#opened
    if (stored.header.revision < header.revision) throw new VaultError('tampered', 'the header of the vault was put back to an older one', { where: 'header', number: stored.header.revision, reason: 'rolled-back' })
    if (equalBytes(stored.tag, tag)) throw new VaultError('corrupt', 'rows are sealed with keys that no header of this vault names', { where: 'header', reason: 'epoch' })
    for (const keys of [this.#opened.keys, ...this.#offered]) if (await this.#takeWith(stored, keys)) return
    await this.#ask()
  }

  async #readHeader(): Promise<UnprovenHeader> {
    const [row] = await this.#ports.backend.read([{ kind: 'get', store: 'header', key: 'header' }])
    if (row === undefined) throw new VaultError('corrupt', 'the header of the vault is missing', { where: 'header', reason: 'missing' })
    return decodeHeader(row)
  }

  async #takeWith(stored: UnprovenHeader, keys: VaultKeys): Promise<boolean> {
    const { ring } = this.#opened
    let content
    try {
      content = await openContent(stored, keys)
    } catch (error) {
      // Another vault key, or a header that was tampered with: both are for somebody else to say.
      if (error instanceof VaultError && error.code === 'tampered') return false
      throw error
    }
    try {
      const { header, row, tag } = stored
      const successor = await ring.successor(content, header.vaultId, Object.keys(STORE_IDS))
      try {
        successor.become()
        this.take({ header, row, tag, keys })
      } finally {
        successor.wipeNew()
      }
      return true
    } finally {
      wipeKeyRingContent(content)
    }
  }

  async #ask(): Promise<void> {
    const { channel } = this.#ports
    const { ring, header } = this.#opened
    const request = await KeyRequest.create(ring, header.vaultId)
    const answers: HandedKeys[] = []
    let wake = (): void => {}
    const stop = channel.subscribe((message) => {
      if (message.kind !== 'keys') return
      answers.push(message)
      wake()
    })
    const until = performance.now() + ASK_MS
    try {
      while (performance.now() < until && !this.#isWiped) {
        channel.post({ kind: 'keys-wanted', ...request.wanted })
        await new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, ASK_AGAIN_MS)
        })
        for (const answer of answers.splice(0)) {
          const keys = await request.open(answer)
          // A tab that was frozen may hand over what is old by now: the others are waited for.
          if (keys !== undefined && (await this.#takeWith(await this.#readHeader(), keys))) return
          if (keys !== undefined) wipeVaultKeys(keys)
        }
      }
    } finally {
      stop()
      request.wipe()
    }
    throw new VaultError('keys-changed', 'the keys of this vault were changed in another tab; unlock it again', { where: 'header' })
  }

  /** Hands the vault key over to a tab that asks for it, and keys that cannot be read to one that has none. */
  hear(message: TabMessage): void {
    if (this.#isWiped || (message.kind !== 'unlock-wanted' && message.kind !== 'keys-wanted')) return
    try {
      // A lock that did not reach this tab counts for whoever asks, too.
      this.#ports.log.assertAlive()
    } catch {
      return
    }
    if (message.kind === 'unlock-wanted' && this.#isSharing) {
      const { headerMacKey, keyRingKey } = this.#opened.keys
      try {
        this.#ports.channel.post({ kind: 'unlock-keys', id: message.id, headerMacKey, keyRingKey })
      } catch {
        // Node cannot hand a CryptoKey to another context; browsers can. No answer says as much.
      }
    }
    if (message.kind !== 'keys-wanted') return
    const { ring, header, keys } = this.#opened
    const isNew = performance.now() - this.#changedAt < HAND_OVER_MS
    // One that is being written may be the stored one already.
    for (const known of [...(isNew ? [keys] : []), ...this.#offered]) {
      answerRequest(message, known, ring, header.vaultId).then(
        (answer) => !this.#isWiped && this.#ports.channel.post({ kind: 'keys', ...answer }),
        // Who asks wrongly gets no answer.
        () => undefined,
      )
    }
  }

  /** The lock has begun: nobody is let in any more, and nobody asked. */
  stop(over: VaultError): void {
    this.#isSharing = false
    this.#ends.abort(over)
  }

  /** Who holds on to a locked vault holds nothing. */
  wipe(): void {
    this.#isWiped = true
    wipeOpened(this.#opened)
    for (const keys of this.#offered) wipeVaultKeys(keys)
    this.#offered.clear()
    this.#opened = { ...this.#opened, keys: undefined as unknown as VaultKeys }
  }
}

/** A signal that ends with either of two. */
function endsWith(one: AbortSignal | undefined, other: AbortSignal): { readonly signal: AbortSignal; readonly stop: () => void } {
  const ends = new AbortController()
  const sources = [one, other].filter((source) => source !== undefined)
  const end = (): void => ends.abort(sources.find(({ aborted }) => aborted)?.reason)
  for (const source of sources) source.addEventListener('abort', end)
  if (sources.some(({ aborted }) => aborted)) end()
  return { signal: ends.signal, stop: () => sources.forEach((source) => source.removeEventListener('abort', end)) }
}
