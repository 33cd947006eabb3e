// The manifest: what checkpoints say is in the store. Implements docs/format.md, section 6.

import * as z from 'zod/mini'
import type { Bytes, Epoch, Label, SealedBytes, Seq, Tag } from '../../brand.js'
import { concat, fromBase64Url, readU64, toBase64Url, u16, u64, utf8 } from '../../crypto/bytes.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import { VaultError } from '../../errors.js'
import { STORE_IDS, type StoreName } from '../../stores/backend.js'
import { tagOfRow, type Codec, type LabelledStore } from './codec.js'
import { FORMAT, refuseNewerManifest } from './format-version.js'
import type { HeadCollectionName } from './log-row.js'
import type { Folded } from './state.js'

const MAGIC = utf8('SVM1')
const CLEAR_LENGTH = 16
/** How many writers' last operations a manifest remembers. */
export const MAX_WRITERS = 32

/** Rows of one store in one epoch: how many, and their multiset. */
export interface StoreCount {
  readonly epoch: Epoch
  readonly store: LabelledStore
  rows: number
  readonly sum: Multiset
}

export interface Manifest {
  readonly base: Seq
  readonly header: { readonly revision: number; readonly tag: string }
  readonly next: Readonly<Record<HeadCollectionName, number>>
  readonly tombstones: Folded
  readonly counts: readonly StoreCount[]
  /** Last operation by writer, least recently heard first. */
  readonly writers: readonly (readonly [string, number])[]
  readonly seals: readonly (readonly [epoch: number, storeId: number, count: number])[]
  /** See index-segments.ts; null when there is none. */
  readonly index: unknown
  /** What later versions put here travels on. */
  readonly collections: unknown
  /** Milliseconds: when the active epoch began; undefined where nobody noted it. */
  readonly keysMadeAt?: number | undefined
}

/** A manifest as it lies in the store. */
export interface StoredManifest {
  readonly content: Manifest
  readonly tag: Tag
}

const integer = z.number().check(z.int(), z.nonnegative())
const runs = z.array(z.tuple([integer, integer]))
const schema = z.looseObject({
  base: integer,
  header: z.tuple([integer, z.string()]),
  next: z.looseObject({ sessions: integer, chatLogs: integer, brains: integer, preferences: integer }),
  tombstones: z.tuple([integer, runs]),
  counts: z.array(z.tuple([integer, integer, integer, z.string()])),
  writers: z.array(z.tuple([z.string(), integer])),
  seals: z.array(z.tuple([integer, integer, integer])),
  index: z.unknown(),
  collections: z.unknown(),
  keysMadeAt: z.optional(integer),
})

const STORE_BY_ID = new Map<number, StoreName>(Object.entries(STORE_IDS).map(([name, id]) => [id, name as StoreName]))

/** Versions as runs: most pages of a chat are written once, so a list of a thousand zeros is one pair. */
export function encodeRuns(versions: readonly number[]): [number, number][] {
  const found: [number, number][] = []
  for (const version of versions) {
    const last = found.at(-1)
    if (last?.[0] === version) last[1]++
    else found.push([version, 1])
  }
  return found
}

export function decodeRuns(pairs: readonly (readonly [number, number])[]): number[] {
  const versions: number[] = []
  for (const [version, times] of pairs) for (let i = 0; i < times; i++) versions.push(version)
  return versions
}

export async function sealManifest(codec: Codec, manifest: Manifest): Promise<SealedBytes> {
  const body = {
    v: 1,
    base: manifest.base,
    header: [manifest.header.revision, manifest.header.tag],
    next: manifest.next,
    tombstones: [manifest.tombstones.next, encodeRuns(manifest.tombstones.versions)],
    counts: manifest.counts.map(({ epoch, store, rows, sum }) => [epoch, STORE_IDS[store], rows, toBase64Url(sum.toBytes())]),
    writers: manifest.writers,
    seals: manifest.seals,
    index: manifest.index ?? null,
    collections: manifest.collections ?? {},
    ...(manifest.keysMadeAt !== undefined && { keysMadeAt: manifest.keysMadeAt }),
  }
  return codec.sealManifest(clearPart(manifest.base), body)
}

/** The seals of a manifest and those made since: every manifest adds up its own. */
export function sealsAfter(before: Manifest, codec: Codec): Manifest['seals'] {
  const seals = new Map(before.seals.map(([epoch, store, count]) => [`${epoch}/${store}`, [epoch, store, count] as [number, number, number]]))
  for (const [epoch, store, count] of codec.takeSeals()) {
    const key = `${epoch}/${store}`
    const entry = seals.get(key) ?? [epoch, store, 0]
    entry[2] += count
    seals.set(key, entry)
  }
  return [...seals.values()]
}

function clearPart(base: Seq): Bytes {
  return concat(MAGIC, u16(FORMAT), u16(FORMAT), u64(base))
}

/** @throws {VaultError} `corrupt`, `unsupported-version`, `keys-changed` */
export async function openManifest(codec: Codec, row: SealedBytes): Promise<StoredManifest> {
  refuseNewerManifest(row)
  const clear = row.slice(0, CLEAR_LENGTH)
  const parsed = schema.safeParse(await codec.openManifest(clear, row.subarray(CLEAR_LENGTH)))
  if (!parsed.success || parsed.data.base !== readU64(clear, 8)) throw new VaultError('corrupt', 'the manifest authenticates but is malformed', { where: 'manifest' })
  const { data } = parsed
  const content: Manifest = {
    base: data.base as Seq,
    header: { revision: data.header[0], tag: data.header[1] },
    next: { sessions: data.next.sessions, chatLogs: data.next.chatLogs, brains: data.next.brains, preferences: data.next.preferences },
    tombstones: { next: data.tombstones[0], versions: decodeRuns(data.tombstones[1]) },
    counts: data.counts.map(([epoch, id, rows, sum]) => ({ epoch: epoch as Epoch, store: STORE_BY_ID.get(id) as LabelledStore, rows, sum: Multiset.fromBytes(fromBase64Url(sum)) })),
    writers: data.writers,
    seals: data.seals,
    index: data.index,
    collections: data.collections,
    ...(data.keysMadeAt !== undefined && { keysMadeAt: data.keysMadeAt }),
  }
  return { content, tag: tagOfRow(row).slice() as Tag }
}

/** @param index of a vault that holds no message yet @param keysMadeAt milliseconds */
export function emptyManifest(base: Seq, header: Manifest['header'], index: unknown = null, keysMadeAt?: number): Manifest {
  return {
    base,
    header,
    next: { sessions: 0, chatLogs: 0, brains: 0, preferences: 0 },
    tombstones: { next: 0, versions: [] },
    counts: [],
    writers: [],
    seals: [],
    index,
    collections: {},
    ...(keysMadeAt !== undefined && { keysMadeAt }),
  }
}

/** Rows a manifest counts in one store, over all epochs. */
export function rowsCounted(manifest: Manifest, store: LabelledStore): number {
  return manifest.counts.reduce((rows, count) => (count.store === store ? rows + count.rows : rows), 0)
}

/** Counts to be changed: the next manifest's, starting from those of the one before. */
export class Tally {
  readonly #counts: StoreCount[]

  constructor(counts: readonly StoreCount[]) {
    this.#counts = counts.map((count) => ({ ...count, sum: count.sum.clone() }))
  }

  #of(epoch: Epoch, store: LabelledStore): StoreCount {
    let found = this.#counts.find((count) => count.epoch === epoch && count.store === store)
    if (found === undefined) {
      found = { epoch, store, rows: 0, sum: new Multiset() }
      this.#counts.push(found)
    }
    return found
  }

  add(epoch: Epoch, store: LabelledStore, label: Label, element: Bytes): void {
    const count = this.#of(epoch, store)
    count.rows++
    count.sum.add(label, element)
  }

  remove(epoch: Epoch, store: LabelledStore, label: Label, element: Bytes): void {
    const count = this.#of(epoch, store)
    count.rows--
    count.sum.remove(label, element)
  }

  /** Counts a store from nothing: all of its rows are replaced. */
  forget(store: LabelledStore): void {
    for (let i = this.#counts.length - 1; i >= 0; i--) if (this.#counts[i]!.store === store) this.#counts.splice(i, 1)
  }

  addMany(epoch: Epoch, store: LabelledStore, rows: number, sum: Multiset): void {
    const count = this.#of(epoch, store)
    count.rows += rows
    count.sum.merge(sum)
  }

  /** Counts of stores and epochs that hold rows, or whose sum says they should not be empty. */
  counts(): readonly StoreCount[] {
    return this.#counts.filter((count) => count.rows !== 0 || !count.sum.isZero())
  }
}
