// Long values: strings that would bloat a page are cut into chunks of their own rows, written before the commit that
// refers to them and counted by the checkpoint that folds it. Implements docs/format.md, section 8.

import type { Bytes, Epoch } from '../../brand.js'
import { randomBytes, toBase64Url } from '../../crypto/bytes.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import { VaultError } from '../../errors.js'
import type { Backend, Expectation, Operation } from '../../stores/backend.js'
import type { Codec } from './codec.js'
import { lostLease } from './jobs.js'
import { chunkBytesOf, decodeLongText, encodeLongText, storedBytesOf } from './long-text.js'
import { fieldsOf, refsOf, type BlobRef, type Body, type Fields } from './log-row.js'
import { readLabelled } from './labelled-rows.js'
import { isUnopenable, SuspectPage } from './pages.js'
import { Slices } from './slices.js'

/** What stays in place of a long string: enough for titles and previews. */
const PREVIEW = 256
/** Strings longer than this many UTF-16 units go to blobs. */
export const LONG_VALUE = 65_536
/** Chunks written in one transaction: 4 MiB. */
const CHUNKS_AT_ONCE = 16

export interface LongValue {
  readonly path: readonly (string | number)[]
  readonly text: string
}

/** A string whose rows are in the store and wait for their commit. */
export interface StagedBody {
  readonly body: Body
  /** Must hold in the commit's transaction: clearing of left-overs may have taken the rows meanwhile. */
  readonly expect: readonly Expectation[]
  /** The epoch its rows are sealed in, where it has any. */
  readonly epoch?: Epoch
}

/** A random stem: no label made of it was ever used. */
export function randomStem(): string {
  return toBase64Url(randomBytes(12))
}

/** Copies fields with the long strings taken out; undefined when there are none (the usual case: one walk, no copy). */
export function takeOutLongValues(fields: Fields): { readonly fields: Fields; readonly values: readonly LongValue[] } | undefined {
  const values: LongValue[] = []
  findLong(fields, [], values)
  if (values.length === 0) return undefined
  let copy: Fields = fields
  for (const { path, text } of values) copy = setAt(copy, path, text.slice(0, PREVIEW)) as Fields
  return { fields: copy, values }
}

function findLong(value: unknown, path: readonly (string | number)[], found: LongValue[]): void {
  if (typeof value === 'string') {
    if (value.length > LONG_VALUE) found.push({ path, text: value })
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) findLong(item, [...path, index], found)
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      const item = (value as Fields)[key]
      // Only paths that lead to something long are worth building.
      if (typeof item === 'string' ? item.length > LONG_VALUE : typeof item === 'object') findLong(item, [...path, key], found)
    }
  }
}

/** A copy of a value with a text at the end of a path. */
export function setAt(value: unknown, path: readonly (string | number)[], text: string): unknown {
  const [key, ...rest] = path
  if (key === undefined) return text
  if (Array.isArray(value)) return (value as unknown[]).map((item, index) => (index === key ? setAt(item, rest, text) : item))
  // Object.entries and fromEntries keep an own `__proto__` key what it is: a key.
  return Object.fromEntries(Object.entries(value as Fields).map(([name, item]) => [name, name === key ? setAt(item, rest, text) : item]))
}

/**
 * Writes the long values of a record beside the log and gives the record that refers to them; at once when there are none.
 * Strict, so a commit on the disk never refers to rows that are not. Rows of a commit that never comes are left-overs.
 * @param fence what must hold for every row that is written: that of the job, if it is done for one
 */
export function stageBody(backend: Backend, codec: Codec, fields: Fields, fence: readonly Expectation[]): StagedBody | Promise<StagedBody> {
  const taken = takeOutLongValues(fields)
  return taken === undefined ? { body: fields, expect: [] } : stageTaken(backend, codec, taken, fence)
}

async function stageTaken(backend: Backend, codec: Codec, taken: NonNullable<ReturnType<typeof takeOutLongValues>>, fence: readonly Expectation[]): Promise<StagedBody> {
  const slices = new Slices()
  const epoch = codec.activeEpoch
  const refs: BlobRef[] = []
  const expect: Expectation[] = []
  for (const { path, text } of taken.values) {
    const { encoding, bytes, size } = await encodeLongText(text, slices)
    const chunkBytes = chunkBytesOf(encoding)
    const stem = randomStem()
    const sum = new Multiset()
    const chunks = Math.ceil(bytes.length / chunkBytes)
    for (let start = 0; start < chunks; start += CHUNKS_AT_ONCE) {
      const operations: Operation[] = []
      for (let chunk = start; chunk < Math.min(chunks, start + CHUNKS_AT_ONCE); chunk++) {
        await slices.breathe()
        const part = bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)
        const { label, row, element } = await codec.sealBytes('blobs', stem, chunk, part, looksCompressible(part))
        sum.add(label, element)
        operations.push({ kind: 'add', store: 'blobs', key: label, value: row })
        expect.push({ kind: 'present', store: 'blobs', key: label })
      }
      const result = await backend.apply({ expect: fence, operations, durability: 'strict' })
      if (!result.applied && result.missed >= 0) throw lostLease()
      if (!result.applied) throw new VaultError('conflict', 'a fresh row was already there; try again', { where: 'blobs' })
    }
    refs.push([path, stem, chunks, size, encoding, toBase64Url(sum.toSparseBytes()), epoch])
  }
  // A rotation began meanwhile: some of the rows are of the epoch before. Nothing refers to them.
  if (codec.activeEpoch !== epoch) return stageTaken(backend, codec, taken, fence)
  return { body: [taken.fields, refs], expect, epoch }
}

/** A small sample tells whether deflate is worth its time: text is, and pictures are not. */
function looksCompressible(part: Uint8Array): boolean {
  const sample = part.subarray(0, 4096)
  const counts = new Uint32Array(256)
  for (const byte of sample) counts[byte]!++
  let bits = 0
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / sample.length)
  return bits / 8 < sample.length * 0.9
}

/**
 * Puts the long values back where they were.
 * @throws {SuspectPage} when chunks are missing or do not authenticate
 */
export async function restoreBody(backend: Backend, codec: Codec, body: Body): Promise<Fields> {
  let fields = fieldsOf(body)
  for (const ref of refsOf(body)) fields = setAt(fields, ref[0], await readLongText(backend, codec, ref)) as Fields
  return fields
}

/** One long value. @throws {SuspectPage} when chunks are missing or do not authenticate; {VaultError} `unsupported-version` */
export async function readLongText(backend: Backend, codec: Codec, [, stem, chunks, size, encoding]: BlobRef): Promise<string> {
  const bytes = await readBlob(backend, codec, { stem, chunks, chunkBytes: chunkBytesOf(encoding), length: storedBytesOf(encoding, size) })
  const text = await decodeLongText({ encoding, bytes, size })
  if (text === undefined) throw damaged('a long value has the wrong length', chunks - 1, 'chunk')
  return text
}

interface StoredBlob {
  readonly stem: string
  readonly chunks: number
  readonly chunkBytes: number
  /** Undefined where only the last chunk knows. */
  readonly length: number | undefined
}

async function readBlob(backend: Backend, codec: Codec, { stem, chunks, chunkBytes, length }: StoredBlob): Promise<Bytes> {
  const bytes = new Uint8Array(length ?? chunks * chunkBytes)
  let end = bytes.length
  for (let start = 0; start < chunks; start += CHUNKS_AT_ONCE) {
    const wanted = Array.from({ length: Math.min(CHUNKS_AT_ONCE, chunks - start) }, (_, i) => ({ stem, page: start + i }))
    const rows = await readLabelled(backend, codec, 'blobs', wanted)
    await Promise.all(
      rows.map(async (row, i) => {
        const chunk = start + i
        if (row === undefined) throw damaged('part of a long value is missing', chunk, 'missing-chunk')
        let part: Bytes
        try {
          part = await codec.openBytes('blobs', row.label, row.value)
        } catch (error) {
          if (isUnopenable(error)) throw damaged('part of a long value is damaged', chunk, 'chunk')
          throw error
        }
        const place = chunk * chunkBytes
        const isRight = length === undefined && chunk === chunks - 1 ? part.length > 0 && part.length <= chunkBytes : part.length === Math.min(chunkBytes, bytes.length - place)
        if (!isRight) throw damaged('part of a long value has the wrong length', chunk, 'chunk')
        bytes.set(part, place)
        if (chunk === chunks - 1) end = place + part.length
      }),
    )
  }
  return bytes.subarray(0, end)
}

function damaged(message: string, chunk: number, reason: string): SuspectPage {
  return new SuspectPage(new VaultError('corrupt', `${message}; restore it from an archive`, { where: 'blobs', number: chunk, reason }))
}
