// Plaintext <-> sealed rows: the only file where both exist. Implements docs/format.md, sections 2 and 4.
// It captures one key ring, whose keys are captured at the start of each seal, so a lock in between can fail the work but
// never downgrade it, and a rotation in between leaves the row in the epoch it was begun in.

import { deflateSync, inflateSync } from 'fflate'
import type { Bytes, Epoch, HomeId, Label, SealedBytes, Seq, Tag, VaultId } from '../../brand.js'
import { fromUtf8, toBase64Url, u32, u64, utf8, wipe } from '../../crypto/bytes.js'
import { envelopeEpoch, openEnvelope, sealEnvelope, type RowContext } from '../../crypto/envelope.js'
import { wipeKeyRingContent } from '../../crypto/key-ring-content.js'
import { type EpochKeys, type KeyRing } from '../../crypto/keyring.js'
import { paddedLength, type PaddingRule } from '../../crypto/padding.js'
import { VaultError } from '../../errors.js'
import { STORE_IDS, type StoreName } from '../../stores/backend.js'

/** Stores whose rows are named by labels. */
export type LabelledStore = 'heads' | 'pages' | 'blobs' | 'blocks'

const FRAME_HEADER = 9
/** What is shorter is not worth a deflate call (format.md section 2). */
const DEFLATE_FROM = 256
/** What is longer is neither written nor, when a frame claims it, inflated: 1 GiB, above what 32 records of 16 MiB can need. */
const MAX_ORIGINAL = 2 ** 30

const STORED = 0
const DEFLATED = 1

/** Builds the padded plaintext of a row. `compress` false keeps attacker-fed text from telling of its neighbours by length. @throws {VaultError} `invalid-value` over 1 GiB */
export function encodeFrame(original: Uint8Array, rule: PaddingRule, compress = true): Bytes {
  if (original.length > MAX_ORIGINAL) throw new VaultError('invalid-value', 'this is too much for one row; split the change', { number: original.length, reason: 'too-large' })
  let form = STORED
  let stored = original
  // What fits the smallest size of its rule takes the same place deflated or not: most messages do.
  const fitsAnyway = paddedLength(rule, FRAME_HEADER + original.length) === paddedLength(rule, FRAME_HEADER)
  if (compress && !fitsAnyway && original.length > DEFLATE_FROM) {
    const deflated = deflateSync(original, { level: 1 })
    if (deflated.length < original.length) {
      form = DEFLATED
      stored = deflated
    }
  }
  const frame = new Uint8Array(paddedLength(rule, FRAME_HEADER + stored.length))
  const view = new DataView(frame.buffer)
  view.setUint8(0, form)
  view.setUint32(1, stored.length)
  view.setUint32(5, original.length)
  frame.set(stored, FRAME_HEADER)
  return frame
}

/** Undoes `encodeFrame`. @throws {VaultError} `corrupt` when lengths, form or padding are not as the format says. */
export function decodeFrame(frame: Bytes): Bytes {
  const damaged = (): VaultError => new VaultError('corrupt', 'a row authenticates but its frame is malformed', { reason: 'frame' })
  if (frame.length < FRAME_HEADER) throw damaged()
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const form = view.getUint8(0)
  const storedLength = view.getUint32(1)
  const originalLength = view.getUint32(5)
  const end = FRAME_HEADER + storedLength
  if (end > frame.length || originalLength > MAX_ORIGINAL || form > DEFLATED) throw damaged()
  for (let i = end; i < frame.length; i++) if (frame[i] !== 0) throw damaged()
  const stored = frame.subarray(FRAME_HEADER, end)
  if (form === STORED) {
    if (storedLength !== originalLength) throw damaged()
    return stored
  }
  let original: Bytes
  try {
    // With `out` given, fflate neither grows nor exceeds it: no bomb can inflate past what the frame announced.
    original = inflateSync(stored, { out: new Uint8Array(originalLength) }) as Bytes
  } catch {
    throw damaged()
  }
  if (original.length !== originalLength) throw damaged()
  return original
}

const RULES: Record<StoreName, PaddingRule> = {
  header: 'key-ring',
  manifest: 'manifest',
  log: 'log',
  heads: 'page',
  pages: 'page',
  blobs: 'page',
  blocks: 'block',
  jobs: 'log',
  marks: 'mark',
  quarantine: 'page',
}

/** Seals the key ring of a header: the one envelope under a key that comes straight from the vault key. */
export async function sealKeyRing(key: CryptoKey, header: KeyRingPlace, plain: Bytes): Promise<SealedBytes> {
  const frame = encodeFrame(plain, RULES.header, false)
  try {
    return await sealEnvelope(key, NO_EPOCH, ringContext(header), frame)
  } finally {
    wipe(frame)
  }
}

/** The plaintext, the caller's to zero. @throws {VaultError} `corrupt` */
export async function openKeyRing(key: CryptoKey, header: KeyRingPlace, envelope: SealedBytes): Promise<Bytes> {
  return decodeFrame(await openEnvelope(key, ringContext(header), envelope))
}

/** What the key ring's envelope is bound to. */
export interface KeyRingPlace {
  readonly homeId: HomeId
  readonly vaultId: VaultId
  readonly revision: number
}

/** Epochs are counted from 1; the key ring itself is sealed under none. */
const NO_EPOCH = 0 as Epoch

function ringContext({ homeId, vaultId, revision }: KeyRingPlace): RowContext {
  return { homeId, vaultId, storeId: STORE_IDS.header, rowKey: u32(revision) }
}

/** What a vault's rows are bound to, and the keys that seal them. */
export interface CodecOwner {
  readonly homeId: HomeId
  readonly vaultId: VaultId
  readonly ring: KeyRing
}

/** A row ready to be stored, with what the multiset needs to know of it. */
export interface LabelledRow {
  readonly label: Label
  readonly row: SealedBytes
  readonly element: Bytes
}

export class Codec {
  readonly #owner: CodecOwner
  readonly #seals = new Map<string, [epoch: number, storeId: number, count: number]>()

  constructor(owner: CodecOwner) {
    this.#owner = owner
  }

  get ring(): KeyRing {
    return this.#owner.ring
  }

  get vaultId(): VaultId {
    return this.#owner.vaultId
  }

  get activeEpoch(): Epoch {
    return this.#owner.ring.active.id
  }

  /** Seals since the last call, by epoch and store id: the manifest adds them up against the nonce budget (2^32 a key). */
  takeSeals(): readonly (readonly [epoch: number, storeId: number, count: number])[] {
    const taken = [...this.#seals.values()]
    this.#seals.clear()
    return taken
  }

  /** The same for keys that are about to become active: what it seals, and nothing else, is sealed in their epoch. */
  withRing(ring: KeyRing): Codec {
    return new Codec({ ...this.#owner, ring })
  }

  /** What a tombstone keeps of a deleted id. */
  tombstoneHash(collection: string, parent: string, id: string): string {
    return toBase64Url(this.#owner.ring.tombstoneHash(collection, parent === '' ? undefined : parent, id))
  }

  /** The key of these hashes, for who shall compare them with ids of its own: an archive has it sealed inside. */
  tombstoneKey(): string {
    const content = this.#owner.ring.content()
    try {
      return toBase64Url(content.tombstoneKey)
    } finally {
      wipeKeyRingContent(content)
    }
  }

  #context(store: StoreName, rowKey: Bytes, previous?: Bytes): RowContext {
    const { homeId, vaultId } = this.#owner
    const storeId = STORE_IDS[store]
    return previous === undefined ? { homeId, vaultId, storeId, rowKey } : { homeId, vaultId, storeId, rowKey, previous }
  }

  #seal(store: StoreName, rowKey: Bytes, frame: Bytes, previous?: Bytes): Promise<SealedBytes> {
    return this.#sealWith(this.#owner.ring.active, store, rowKey, frame, previous)
  }

  #sealWith(keys: EpochKeys, store: StoreName, rowKey: Bytes, frame: Bytes, previous?: Bytes): Promise<SealedBytes> {
    const name = `${keys.id}/${store}`
    const seals = this.#seals.get(name)
    if (seals === undefined) this.#seals.set(name, [keys.id, STORE_IDS[store], 1])
    else seals[2]++
    return sealEnvelope(keys.sealKey(store), keys.id, this.#context(store, rowKey, previous), frame)
  }

  async #open(store: StoreName, rowKey: Bytes, envelope: Bytes, previous?: Bytes): Promise<Bytes> {
    const keys = this.#keysOf(envelopeEpoch(envelope))
    return decodeFrame(await openEnvelope(keys.sealKey(store), this.#context(store, rowKey, previous), envelope))
  }

  #keysOf(epoch: Epoch): EpochKeys {
    const { ring } = this.#owner
    const keys = ring.epoch(epoch)
    if (keys !== undefined) return keys
    if (epoch > Math.max(...ring.epochs.map(({ id }) => id))) throw new VaultError('keys-changed', 'a row was sealed with keys this tab does not have; lock and unlock again', { number: epoch })
    throw new VaultError('corrupt', 'a row is sealed with keys that are gone', { number: epoch, reason: 'epoch' })
  }

  /** Seals one commit. `previous` is the tag of the row before. */
  async sealLogRow(seq: Seq, previous: Tag, body: unknown): Promise<SealedBytes> {
    return this.#seal('log', u64(seq), encodeFrame(encodeJson(body), RULES.log), previous)
  }

  /** @throws {VaultError} `corrupt` */
  async openLogRow(seq: Seq, previous: Tag, row: SealedBytes): Promise<unknown> {
    return decodeJson(await this.#open('log', u64(seq), row, previous))
  }

  /** Seals the manifest after its clear part, which the envelope authenticates as its row key. */
  async sealManifest(clearPart: Bytes, body: unknown): Promise<SealedBytes> {
    const envelope = await this.#seal('manifest', clearPart, encodeFrame(encodeJson(body), RULES.manifest))
    const row = new Uint8Array(clearPart.length + envelope.length) as SealedBytes
    row.set(clearPart)
    row.set(envelope, clearPart.length)
    return row
  }

  /** @throws {VaultError} `corrupt` */
  async openManifest(clearPart: Bytes, envelope: Bytes): Promise<unknown> {
    return decodeJson(await this.#open('manifest', clearPart, envelope))
  }

  /** The label of a row under the active epoch. */
  label(store: LabelledStore, stem: string, page: number): Label {
    return this.#owner.ring.active.label(store, stem, page)
  }

  /** The labels a row may have: one per epoch of the ring, the active one first. */
  labels(store: LabelledStore, stem: string, page: number): readonly Label[] {
    return this.names(store, stem, page).map(({ label }) => label)
  }

  /** The same, each with the epoch it is a name in. */
  names(store: LabelledStore, stem: string, page: number): readonly { readonly epoch: Epoch; readonly label: Label }[] {
    const { active, epochs } = this.#owner.ring
    const all = epochs.length === 1 ? [active] : [active, ...epochs.filter((keys) => keys !== active)]
    return all.map((keys) => ({ epoch: keys.id, label: keys.label(store, stem, page) }))
  }

  /** Seals a page of records or heads: any JSON value under its label. */
  sealPage(store: LabelledStore, stem: string, page: number, body: unknown, compress = true): Promise<LabelledRow> {
    return this.sealBytes(store, stem, page, encodeJson(body), compress)
  }

  sealBytes(store: LabelledStore, stem: string, page: number, original: Uint8Array, compress = true): Promise<LabelledRow> {
    return this.#sealLabelled(store, stem, page, encodeFrame(original, RULES[store], compress))
  }

  /** In the active epoch; in the next one when that has gone before the row was made. */
  async #sealLabelled(store: LabelledStore, stem: string, page: number, frame: Bytes): Promise<LabelledRow> {
    for (;;) {
      const keys = this.#owner.ring.active
      const label = keys.label(store, stem, page)
      const row = await this.#sealWith(keys, store, label, frame)
      // A rotation that began and ended meanwhile has wiped them; a lock ends here.
      if (this.#owner.ring.active === keys) return { label, row, element: keys.element(store, label, tagOfRow(row)) }
    }
  }

  /**
   * The same row, to the bit of its frame, under label and keys of the active epoch.
   * @throws {VaultError} `corrupt`
   */
  async reseal(store: LabelledStore, stem: string, page: number, label: Bytes, row: SealedBytes): Promise<LabelledRow> {
    const frame = await openEnvelope(this.#keysOf(envelopeEpoch(row)).sealKey(store), this.#context(store, label), row)
    return this.#sealLabelled(store, stem, page, frame)
  }

  /** The epoch of a row. @throws {VaultError} `corrupt` when it is no envelope */
  epochOf(row: SealedBytes): Epoch {
    return envelopeEpoch(row)
  }

  /** @throws {VaultError} `corrupt` */
  async openPage(store: LabelledStore, label: Bytes, row: SealedBytes): Promise<unknown> {
    return decodeJson(await this.#open(store, label, row))
  }

  openBytes(store: LabelledStore, label: Bytes, row: SealedBytes): Promise<Bytes> {
    return this.#open(store, label, row)
  }

  /** What a row added to the multiset of the epoch whose label it lies under, whatever became of it since. */
  elementIn(epoch: Epoch, store: LabelledStore, label: Label, row: SealedBytes): Bytes {
    return this.#keysOf(epoch).element(store, label, tagOfRow(row))
  }

  /** The epoch a row was sealed in, and its element of that epoch's multiset. */
  elementOf(store: LabelledStore, label: Label, row: SealedBytes): { readonly epoch: Epoch; readonly element: Bytes } {
    const epoch = envelopeEpoch(row)
    return { epoch, element: this.#keysOf(epoch).element(store, label, tagOfRow(row)) }
  }
}

/** The last 16 bytes of a row, as a view. */
export function tagOfRow(row: Uint8Array): Tag {
  return row.subarray(row.length - 16) as Tag
}

/** JSON whose strings survive: JSON.stringify writes lone surrogates as escapes, so the text is always well-formed. */
export function encodeJson(value: unknown): Bytes {
  return utf8(JSON.stringify(value))
}

function decodeJson(bytes: Bytes): unknown {
  try {
    return JSON.parse(fromUtf8(bytes)) as unknown
  } catch (cause) {
    if (cause instanceof VaultError) throw cause
    throw new VaultError('corrupt', 'a row authenticates but is not the JSON it should be', { reason: 'json' })
  }
}
