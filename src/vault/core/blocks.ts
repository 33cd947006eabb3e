// Files of bytes as rows of one size: what the index lies in. A file has a random stem, is written once and never changed.
// Implements docs/format.md, section 12, "Blocks".

import { VaultError } from '../../errors.js'
import type { Backend, Operation, ReadRequest } from '../../stores/backend.js'
import { paddedLength } from '../../crypto/padding.js'
import type { Codec, LabelledRow } from './codec.js'
import { isUnopenable, SuspectPage } from './pages.js'
import { padme } from '../../crypto/padding.js'
import type { Label, SealedBytes } from '../../brand.js'

const FRAME_HEADER = 9
/** Bytes of a file in one block: what is left of 16 KiB beside the frame's header. */
export const BLOCK_BYTES = paddedLength('block', 0) - FRAME_HEADER
/** Up to here the number of blocks is rounded up to a power of two, beyond by Padmé. */
const POWERS_UP_TO = 64
/** Blocks read in one transaction. */
const READ_AT_ONCE = 32
/** Of the microtask queue, between the first who asks for a block and the read. */
const TURNS = 4

/** How many blocks a file of so many bytes is given, those of nothing but zeros included. */
export function blocksFor(bytes: number): number {
  const needed = Math.max(1, Math.ceil(bytes / BLOCK_BYTES))
  return needed <= POWERS_UP_TO ? 2 ** Math.ceil(Math.log2(needed)) : padme(needed)
}

/** Cuts a file into sealed blocks while it is being made. */
export class BlockWriter {
  readonly #codec: Codec
  readonly stem: string
  #block = new Uint8Array(BLOCK_BYTES)
  #filled = 0
  #blocks = 0
  #sealing: Promise<LabelledRow>[] = []

  constructor(codec: Codec, stem: string) {
    this.#codec = codec
    this.stem = stem
  }

  /** Bytes given so far. */
  get length(): number {
    return this.#blocks * BLOCK_BYTES + this.#filled
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#filled)
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === BLOCK_BYTES) this.#seal()
    }
  }

  #seal(): void {
    const sealed = this.#codec.sealBytes('blocks', this.stem, this.#blocks++, this.#block, false)
    // Whoever takes it sees the failure; whoever gives up before must not leave one that nobody sees.
    sealed.catch(() => undefined)
    this.#sealing.push(sealed)
    this.#block = new Uint8Array(BLOCK_BYTES)
    this.#filled = 0
  }

  /** How many blocks wait to be taken. */
  get waiting(): number {
    return this.#sealing.length
  }

  /** The blocks that are full, sealed; each is given once. */
  take(): Promise<LabelledRow[]> {
    return Promise.all(this.#sealing.splice(0))
  }

  /**
   * Ends the file: `end` are its very last bytes, behind as many zeros as fill the blocks that it is given.
   * @param least bytes that a small file is given room for, whatever it holds, so that its size says less
   * @returns the number of blocks
   */
  finish(end: Uint8Array, least: number): number {
    const total = blocksFor(Math.max(this.length + end.length, Math.min(least, POWERS_UP_TO * BLOCK_BYTES)))
    while (this.#blocks < total - 1) this.#seal()
    this.#block.set(end, BLOCK_BYTES - end.length)
    this.#seal()
    return total
  }
}

export interface FileRange {
  readonly stem: string
  readonly from: number
  readonly length: number
}

/** Bytes that begin somewhere in an array. */
export interface BytesView {
  readonly bytes: Uint8Array
  readonly at: number
}

type SealedBlock = { readonly label: Label; readonly value: SealedBytes } | undefined

interface WantedBlock {
  readonly key: string
  readonly stem: string
  readonly block: number
  /** When it was asked for: what was cleared since must not come back. */
  readonly generation: number
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** Reads ranges of files; blocks are kept, opened, as long as there is room. */
export class Blocks {
  readonly #backend: Backend
  readonly #codec: Codec
  readonly #maxBytes: number
  // In order of last use: the first one goes first.
  readonly #opened = new Map<string, Uint8Array>()
  readonly #asked = new Map<string, Promise<Uint8Array>>()
  #waiting: WantedBlock[] = []
  #generation = 0

  constructor(backend: Backend, codec: Codec, maxBytes: number) {
    this.#backend = backend
    this.#codec = codec
    this.#maxBytes = maxBytes
  }

  clear(): void {
    this.#generation++
    this.#opened.clear()
    this.#asked.clear()
  }

  /**
   * Copies of the ranges, each with `slack` zeros or other bytes of the file behind it; missing blocks are read together.
   * @throws {SuspectPage} when a block is missing or damaged
   */
  async read(ranges: readonly FileRange[], slack: number): Promise<Uint8Array[]> {
    const blocks = await this.#blocksOf(ranges)
    return ranges.map((range) => copyRange(range, blocks, slack))
  }

  /** As `read`, but what lies in one block is not copied. Nobody writes into blocks, so a view stays right. @throws {SuspectPage} */
  async views(ranges: readonly FileRange[], slack: number): Promise<BytesView[]> {
    if (ranges.length === 0) return []
    const blocks = await this.#blocksOf(ranges)
    return ranges.map((range) => {
      const { stem, from, length } = range
      const at = from % BLOCK_BYTES
      return at + length + slack <= BLOCK_BYTES ? { bytes: blocks.get(keyOf(stem, Math.floor(from / BLOCK_BYTES)))!, at } : { bytes: copyRange(range, blocks, slack), at: 0 }
    })
  }

  /** The blocks that ranges lie in. */
  async #blocksOf(ranges: readonly FileRange[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    const coming: Promise<unknown>[] = []
    let before = -1
    let stemBefore = ''
    for (const { stem, from, length } of ranges) {
      // A view of nothing needs a block, too.
      const end = Math.max(from + 1, from + length)
      for (let block = Math.floor(from / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) {
        // Ranges mostly come in order, many in one block.
        if (block === before && stem === stemBefore) continue
        before = block
        stemBefore = stem
        const key = keyOf(stem, block)
        if (found.has(key)) continue
        const known = this.#opened.get(key)
        if (known === undefined) coming.push(this.#ask(key, stem, block).then((bytes) => found.set(key, bytes)))
        else {
          found.set(key, known)
          this.#opened.delete(key)
          this.#opened.set(key, known)
        }
      }
    }
    if (coming.length > 0) await Promise.all(coming)
    return found
  }

  /** Asks for a block, once for all who want it; what is asked for at one time is read in one transaction. */
  #ask(key: string, stem: string, block: number): Promise<Uint8Array> {
    let asked = this.#asked.get(key)
    if (asked === undefined) {
      asked = new Promise<Uint8Array>((resolve, reject) => {
        if (this.#waiting.length === 0) void this.#fetchSoon()
        this.#waiting.push({ key, stem, block, generation: this.#generation, resolve, reject })
      })
      this.#asked.set(key, asked)
    }
    return asked
  }

  async #fetchSoon(): Promise<void> {
    // Those who are about to ask, too, are let in.
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
    const wanted = this.#waiting
    this.#waiting = []
    // While some are opened, the next ones are on their way.
    for (let start = 0; start < wanted.length; start += READ_AT_ONCE) void this.#fetch(wanted.slice(start, start + READ_AT_ONCE))
  }

  /** Never rejects: everybody who waits is told. */
  async #fetch(wanted: readonly WantedBlock[]): Promise<void> {
    let rows: readonly SealedBlock[]
    try {
      rows = await this.#readRows(wanted)
    } catch (error) {
      for (const block of wanted) this.#settle(block, () => block.reject(error))
      return
    }
    await Promise.all(
      wanted.map(async (block, i) => {
        try {
          const bytes = await this.#open(block.block, rows[i])
          if (block.generation === this.#generation) this.#keep(block.key, bytes)
          this.#settle(block, () => block.resolve(bytes))
        } catch (error) {
          // Others wait for other blocks.
          this.#settle(block, () => block.reject(error))
        }
      }),
    )
  }

  #settle({ key, generation }: WantedBlock, settle: () => void): void {
    if (generation === this.#generation) this.#asked.delete(key)
    settle()
  }

  /** @throws {VaultError} also `locked`, when the keys are gone by now */
  async #readRows(wanted: readonly WantedBlock[]): Promise<SealedBlock[]> {
    const labels = wanted.map(({ stem, block }) => this.#codec.labels('blocks', stem, block))
    const requests: ReadRequest[] = labels.flatMap((all) => all.map((key) => ({ kind: 'get', store: 'blocks', key }) as const))
    const rows = (await this.#backend.read(requests)) as (SealedBytes | undefined)[]
    let at = 0
    return labels.map((all) => {
      const index = all.findIndex((_, i) => rows[at + i] !== undefined)
      const row = index === -1 ? undefined : { label: all[index]!, value: rows[at + index]! }
      at += all.length
      return row
    })
  }

  async #open(block: number, row: SealedBlock): Promise<Uint8Array> {
    if (row === undefined) throw suspect('a block of the search index is missing', block, 'missing-block')
    let bytes
    try {
      bytes = await this.#codec.openBytes('blocks', row.label, row.value)
    } catch (error) {
      if (isUnopenable(error)) throw suspect('a block of the search index is damaged', block, 'block')
      throw error
    }
    if (bytes.length !== BLOCK_BYTES) throw suspect('a block of the search index has the wrong length', block, 'block')
    return bytes
  }

  #keep(key: string, bytes: Uint8Array): void {
    this.#opened.set(key, bytes)
    for (const oldest of this.#opened.keys()) {
      if (this.#opened.size * BLOCK_BYTES <= this.#maxBytes) break
      this.#opened.delete(oldest)
    }
  }
}

function keyOf(stem: string, block: number): string {
  return `${stem}/${block}`
}

function copyRange({ stem, from, length }: FileRange, blocks: ReadonlyMap<string, Uint8Array>, slack: number): Uint8Array {
  const bytes = new Uint8Array(length + slack)
  for (let at = 0; at < length; ) {
    const block = Math.floor((from + at) / BLOCK_BYTES)
    const start = (from + at) % BLOCK_BYTES
    const part = blocks.get(keyOf(stem, block))!.subarray(start, Math.min(BLOCK_BYTES, start + length - at))
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Adds, for rows that a job writes beforehand; in a transaction of their own or in the one that refers to them. */
export function addRows(rows: readonly LabelledRow[]): Operation[] {
  return rows.map(({ label, row }) => ({ kind: 'add', store: 'blocks', key: label, value: row }))
}

function suspect(message: string, block: number, reason: string): SuspectPage {
  return new SuspectPage(new VaultError('corrupt', `${message}; rebuildIndex() makes it anew`, { where: 'blocks', number: block, reason }))
}
