// What is true now: heads of all records, and the pending bodies of the log laid over the pages. Commits work on a draft
// (a layer) and pour it down when their row is in the log; a checkpoint takes out what it folded.
// Values are immutable: a change replaces them, so snapshots are shallow.

import type { Epoch, Seq } from '../../brand.js'
import { LayeredMap } from './layered-map.js'
import { HEAD_COLLECTIONS, type BlobRef, type Body, type Edits, type Fields, type HeadCollectionName, type Origin, type SegmentChange } from './log-row.js'

/** Records of 32 consecutive numbers share a page; brain bodies have one each (format.md section 7). */
export const PAGE_SHIFT = 5
/** Stem of the pages that hold brain bodies. */
export const BRAIN_STEM = 'brains'

export function pageOf(stem: string, number: number): number {
  return stem === BRAIN_STEM ? number : number >> PAGE_SHIFT
}

/** What the pages of a chat log or brain hold: numbers below `next`, and the version each page must have. */
export interface Folded {
  readonly next: number
  readonly versions: readonly number[]
}

export interface Head {
  readonly id: string
  readonly number: number
  readonly rev: number
  readonly modifiedAt: number
  readonly value: Fields
  readonly folded?: Folded
  /** Where this version was made, unless here. */
  readonly origin?: Origin | undefined
  /** Of a session: who edited which field last. A field that nobody edited is as it was when the session was made. */
  readonly edits?: Edits | undefined
}

/** A body that is in the log but not yet in a page; `null` when the record was deleted. */
export interface PendingBody {
  readonly rev: number
  readonly modifiedAt: number
  readonly body: Body | null
  readonly origin?: Origin | undefined
}

export interface Tombstone {
  readonly collection: string
  readonly parent: string
  readonly id: string
  readonly rev: number
  readonly modifiedAt: number
  /** Where it was deleted first, unless here. */
  readonly origin?: Origin | undefined
}

/** Rows that were staged and then adopted by a commit, not yet counted by a manifest. */
export interface Adoption {
  readonly seq: number
  readonly stem: string
  readonly pages: number
  readonly shards: string
  readonly epoch: Epoch
}

/** Pages from..to (exclusive) of a deleted chat log or brain, to be taken out by the next checkpoint. */
export interface Removal {
  readonly seq: number
  readonly stem: string
  readonly from: number
  readonly to: number
  readonly blobs: boolean
}

/** What a checkpoint did, as far as the state must know. */
export interface FoldResult {
  readonly base: Seq
  readonly folded: readonly FoldedHead[]
}

export interface FoldedHead {
  readonly collection: 'chatLogs' | 'brains'
  readonly id: string
  /** Tells the head that was folded from one that took its id meanwhile. */
  readonly number: number
  readonly stem: string
  readonly folded: Folded
}

type Heads = { readonly [C in HeadCollectionName]: LayeredMap<string, Head> }
type Ids = { readonly [C in HeadCollectionName]: LayeredMap<number, string> }

function layersOver<K, V>(below: { readonly [C in HeadCollectionName]: LayeredMap<K, V> } | undefined): { readonly [C in HeadCollectionName]: LayeredMap<K, V> } {
  return {
    sessions: new LayeredMap(below?.sessions),
    chatLogs: new LayeredMap(below?.chatLogs),
    brains: new LayeredMap(below?.brains),
    preferences: new LayeredMap(below?.preferences),
  }
}

export class State {
  readonly #parent: State | undefined
  readonly heads: Heads
  /** Ids by number: what a page of heads holds. */
  readonly ids: Ids
  readonly next: Record<HeadCollectionName, number>
  readonly logsOfSession: LayeredMap<string, readonly string[]>
  readonly #bodies = new Map<string, LayeredMap<number, PendingBody>>()
  readonly #droppedStems = new Set<string>()
  #takenAway = 0
  /** Seq of the last change, by `<collection>/<page>`, for pages of heads that differ from the store. */
  readonly dirtyHeads: LayeredMap<string, number>
  tombstones: Tombstone[] = []
  adoptions: Adoption[] = []
  removals: Removal[] = []
  /** Long values that commits of the log brought in. */
  blobs: { readonly seq: number; readonly ref: BlobRef; readonly adopted: boolean }[] = []
  /** Segments of the search index that commits of the log brought in. */
  segments: { readonly seq: number; readonly change: SegmentChange }[] = []

  constructor(parent?: State) {
    this.#parent = parent
    this.heads = layersOver(parent?.heads)
    this.ids = layersOver(parent?.ids)
    this.next = parent === undefined ? { sessions: 0, chatLogs: 0, brains: 0, preferences: 0 } : { ...parent.next }
    this.logsOfSession = new LayeredMap(parent?.logsOfSession)
    this.dirtyHeads = new LayeredMap(parent?.dirtyHeads)
  }

  /** A layer over this state: reads through, writes stay its own until `pour`. */
  draft(): State {
    return new State(this)
  }

  /** How often something pending was taken away: by a checkpoint, or with its owner. */
  get takenAway(): number {
    return this.#takenAway
  }

  /** Makes a draft's changes those of the state below. */
  pour(): void {
    const parent = this.#parent
    if (parent === undefined) return
    for (const collection of HEAD_COLLECTIONS) {
      this.heads[collection].pour()
      this.ids[collection].pour()
    }
    Object.assign(parent.next, this.next)
    this.logsOfSession.pour()
    for (const stem of this.#droppedStems) parent.dropStem(stem)
    for (const [stem, bodies] of this.#bodies) bodies.pour(parent.#ownBodies(stem))
    this.dirtyHeads.pour()
    parent.tombstones.push(...this.tombstones.splice(0))
    parent.adoptions.push(...this.adoptions.splice(0))
    parent.removals.push(...this.removals.splice(0))
    parent.blobs.push(...this.blobs.splice(0))
    parent.segments.push(...this.segments.splice(0))
  }

  /** Pending bodies of a stem, for reading. */
  pendingOf(stem: string): LayeredMap<number, PendingBody> | undefined {
    return this.#bodies.get(stem) ?? (this.#droppedStems.has(stem) ? undefined : this.#parent?.pendingOf(stem))
  }

  setPending(stem: string, number: number, body: PendingBody): void {
    this.#ownBodies(stem).set(number, body)
  }

  dropPending(stem: string, number: number): void {
    this.#ownBodies(stem).delete(number)
  }

  /** Forgets the pending bodies of a stem whose owner was deleted. Stems are never used again. */
  dropStem(stem: string): void {
    this.#bodies.delete(stem)
    this.#takenAway++
    if (this.#parent !== undefined) this.#droppedStems.add(stem)
  }

  /** Every stem with pending bodies; for the state itself, not for drafts. */
  pendingStems(): IterableIterator<[string, LayeredMap<number, PendingBody>]> {
    return this.#bodies.entries()
  }

  #ownBodies(stem: string): LayeredMap<number, PendingBody> {
    let own = this.#bodies.get(stem)
    if (own === undefined) {
      own = new LayeredMap(this.pendingOf(stem))
      this.#bodies.set(stem, own)
    }
    return own
  }

  setHead(collection: HeadCollectionName, head: Head): void {
    this.heads[collection].set(head.id, head)
    this.ids[collection].set(head.number, head.id)
    this.dirtyHeads.set(`${collection}/${head.number >> PAGE_SHIFT}`, head.rev)
  }

  removeHead(collection: HeadCollectionName, head: Head, seq: number): void {
    this.heads[collection].delete(head.id)
    this.ids[collection].delete(head.number)
    this.dirtyHeads.set(`${collection}/${head.number >> PAGE_SHIFT}`, seq)
  }

  /** Takes a head as it was read from a page: nothing is dirty. */
  loadHead(collection: HeadCollectionName, head: Head): void {
    this.heads[collection].set(head.id, head)
    this.ids[collection].set(head.number, head.id)
  }

  /** The heads of one page, in order of their numbers. */
  headsOfPage(collection: HeadCollectionName, page: number): Head[] {
    const found: Head[] = []
    for (let number = page << PAGE_SHIFT; number < (page + 1) << PAGE_SHIFT; number++) {
      const id = this.ids[collection].get(number)
      const head = id === undefined ? undefined : this.heads[collection].get(id)
      if (head !== undefined) found.push(head)
    }
    return found
  }

  /** Takes out what a checkpoint has put into pages. */
  publishFold({ base, folded }: FoldResult): void {
    this.#takenAway++
    const done = this.removals.filter((removal) => removal.seq > base)
    for (const { collection, id, number, stem, folded: now } of folded) {
      const head = this.heads[collection].get(id)
      if (head?.number === number) {
        this.heads[collection].set(id, { ...head, folded: now })
        continue
      }
      // Deleted while the checkpoint ran: its pages now reach as far as the checkpoint wrote them.
      const at = done.findIndex((removal) => removal.stem === stem && (stem !== BRAIN_STEM || removal.from === number))
      const removal = done[at]
      if (removal !== undefined) done[at] = { ...removal, to: removal.from + now.versions.length }
    }
    this.removals = done
    for (const [stem, bodies] of [...this.#bodies]) {
      for (const [number, body] of [...bodies.entries()]) if (body.rev <= base) bodies.delete(number)
      if (bodies.size === 0) this.#bodies.delete(stem)
    }
    for (const [page, seq] of [...this.dirtyHeads.entries()]) if (seq <= base) this.dirtyHeads.delete(page)
    this.tombstones = this.tombstones.filter((tombstone) => tombstone.rev > base)
    this.adoptions = this.adoptions.filter((adoption) => adoption.seq > base)
    this.blobs = this.blobs.filter((blob) => blob.seq > base)
    this.segments = this.segments.filter((segment) => segment.seq > base)
  }
}
