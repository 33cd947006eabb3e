// Reads an archive line by line, opening, inflating and checking on the way. Nothing of it counts before the last line has come:
// whoever acts on lines must be able to take back what it did.

import type { Bytes } from '../../brand.js'
import { fromBase64Url, toBase64Url, wipe } from '../../crypto/bytes.js'
import { BlockHash } from '../../crypto/block-hash.js'
import { openFloe } from '../../crypto/floe.js'
import { DEFAULT_KDF_POLICY, type KdfPolicy } from '../../crypto/kdf.js'
import { Slices } from '../core/slices.js'
import { openArchiveKey, type ArchiveHeader, type ArchiveSecrets } from './archive-header.js'
import { decodeLine, holdsText, malformed, type ArchiveCounts, type ArchiveLine, type ArchiveManifest, type WrittenCounts } from './archive-lines.js'
import { letGo, readArchiveHead, type ArchiveSource } from './archive-source.js'
import { LineCutter } from './line-cutter.js'
import { unpackLines } from './pack.js'

/** Lengths of segments that archives have: the first is written, small ones are for what is small. */
export const SEGMENT_LENGTHS: readonly number[] = [65_536, 4096]

export interface ReadingOptions extends ArchiveSecrets {
  readonly signal?: AbortSignal | undefined
}

export interface OpenedArchive {
  readonly header: ArchiveHeader
  readonly manifest: ArchiveManifest
  /** All lines between the first and the last, some at a time, held against each other. Must be read to the end, or returned. */
  readonly batches: AsyncGenerator<readonly ArchiveLine[], ArchiveCounts, undefined>
}

/** @throws {VaultError} as `verifyArchive` */
export function openArchive(source: ArchiveSource, { signal, ...secrets }: ReadingOptions, policy: KdfPolicy = DEFAULT_KDF_POLICY): Promise<OpenedArchive> {
  return openWith(source, (header) => openArchiveKey(header, secrets, policy), signal)
}

/** The same for who has the key already. @param findKey the key is zeroed after use */
export async function openWith(source: ArchiveSource, findKey: (header: ArchiveHeader) => Promise<Bytes>, signal: AbortSignal | undefined): Promise<OpenedArchive> {
  signal?.throwIfAborted()
  const { header, body } = await readArchiveHead(source, signal)
  let key: Bytes
  try {
    key = await findKey(header)
  } catch (error) {
    letGo(body, error)
    throw error
  }
  const opened = body.pipeThrough(openFloe(key, header.bytes, SEGMENT_LENGTHS) as ReadableWritablePair<Uint8Array, Uint8Array>)
  wipe(key)
  const batches = checkedLines(unpackLines(opened), new Slices(signal))
  const first = await batches.next()
  const [manifest] = first.value as readonly [ArchiveManifest]
  if (manifest.archiveId !== toBase64Url(header.archiveId)) {
    await batches.return(undefined as never)
    throw malformed(1, 'archive-id')
  }
  return { header, manifest, batches }
}

/** How many lines are read before the clock is looked at, as a mask. */
const LINES_BETWEEN_LOOKS = 63

/** The first line alone, then as many at a time as end in an inflated piece. */
async function* checkedLines(pieces: AsyncGenerator<Uint8Array>, slices: Slices): AsyncGenerator<readonly ArchiveLine[], ArchiveCounts, undefined> {
  const order = new LineOrder()
  const cutter = new LineCutter()
  const hash = new BlockHash()
  let end: (ArchiveLine & { readonly kind: 'end' }) | undefined
  for await (const piece of pieces) {
    await slices.breathe()
    await hash.settle()
    const lines: ArchiveLine[] = []
    for (const [i, text] of cutter.cut(piece).entries()) {
      const number = order.next()
      // A piece may hold thousands of lines.
      if ((number & LINES_BETWEEN_LOOKS) === 0 && slices.isDue) await slices.breathe()
      if (end !== undefined) throw malformed(number, 'after-end')
      const line = decodeLine(text, number)
      order.check(line)
      if (number === 1) yield [line]
      else if (line.kind === 'end') {
        end = line
        cutter.hashBefore(hash, i)
        if (toBase64Url(await hash.digest()) !== toBase64Url(fromBase64Url(line.sha256))) throw malformed(number, 'hash')
      } else lines.push(line)
    }
    if (end === undefined) cutter.hashAll(hash)
    if (lines.length > 0) yield lines
  }
  cutter.end()
  if (end === undefined) throw malformed(order.next(), 'no-end')
  return order.finish(end.counts)
}

/** Where kinds of lines stand: none follows one of a higher place. Others may stand anywhere. */
const PLACES: Readonly<Record<string, number>> = { session: 1, chatLog: 1, message: 1, brain: 2, preference: 3, item: 4, tombstones: 5 }

/** Holds lines against those before. */
class LineOrder {
  #place = 0
  readonly #counts: Record<keyof ArchiveCounts, number> = { sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0, items: 0, tombstones: 0, missing: 0 }
  #number = 0
  /** UTF-16 units of long strings that must follow, in their order. */
  #awaited: number[] = []
  #inChatLog = false
  #lastNumber = -1

  next(): number {
    return ++this.#number
  }

  check(line: ArchiveLine): void {
    if (line.kind === 'text') {
      const left = (this.#awaited[0] ?? 0) - line.text.length
      if (left < 0) throw malformed(this.#number, 'text')
      if (left === 0) this.#awaited.shift()
      else this.#awaited[0] = left
      return
    }
    if (this.#awaited.length > 0) throw malformed(this.#number, 'text-missing')
    const place = PLACES[line.kind] ?? this.#place
    if (place < this.#place) throw malformed(this.#number, 'order')
    this.#place = place
    switch (line.kind) {
      case 'message':
        if (!this.#inChatLog || line.number! <= this.#lastNumber) throw malformed(this.#number, 'order')
        this.#lastNumber = line.number!
        this.#counts.messages++
        break
      case 'tombstones':
        this.#counts.tombstones += line.list.length
        break
      case 'missing':
        this.#counts.missing++
        break
      case 'chatLog':
        this.#lastNumber = -1
        this.#counts.chatLogs++
        break
      case 'session':
        this.#counts.sessions++
        break
      case 'brain':
        this.#counts.brains++
        break
      case 'preference':
        this.#counts.preferences++
        break
      case 'item':
        this.#counts.items++
        break
      case 'archive':
      case 'end':
        break
    }
    // What is missing of a chat log stands among its messages.
    this.#inChatLog = line.kind === 'chatLog' || ((line.kind === 'message' || line.kind === 'missing') && this.#inChatLog)
    if (!('long' in line) || line.long === undefined) return
    for (const [path] of line.long) if (!holdsText(line.value, path)) throw malformed(this.#number, 'long')
    this.#awaited = line.long.map(([, units]) => units).filter((units) => units > 0)
  }

  /** @returns the counts */
  finish(counts: WrittenCounts): ArchiveCounts {
    for (const [name, number] of Object.entries(this.#counts)) if ((counts[name as keyof ArchiveCounts] ?? 0) !== number) throw malformed(this.#number, 'counts')
    return { ...this.#counts }
  }
}
