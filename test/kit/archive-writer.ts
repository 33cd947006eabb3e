// Writes archives freely: header, frames and lines as a test wants them, sealed as they should be. What no writer of this project would
// write is what readers must withstand from others who hold the key.

import { createDeflateRaw } from 'node:zlib'
import { createHash } from 'node:crypto'
import type { Bytes } from '../../src/brand.js'
import { concat, fromUtf8, toBase64Url, u32, utf8 } from '../../src/crypto/bytes.js'
import { openFloe, sealFloe } from '../../src/crypto/floe.js'
import { padme } from '../../src/crypto/padding.js'
import { createArchiveHeader, openArchiveKey, type ArchiveHeader, type ArchiveSecrets } from '../../src/vault/archive/archive-header.js'
import { readArchiveHead } from '../../src/vault/archive/archive-source.js'
import { SEGMENT_LENGTHS } from '../../src/vault/archive/read-archive.js'
import { bytesOf } from './archives.js'
import { insecureFastKdf } from './tabs.js'

/** Who can write anything that opens with these secrets. */
export interface ArchiveMaker {
  readonly header: ArchiveHeader
  readonly key: Bytes
  /** The header's JSON, to be changed. */
  readonly json: HeaderJson
}

export interface HeaderJson {
  format: unknown
  archiveId: unknown
  slots: (Record<string, unknown> & { kdf: Record<string, unknown> })[]
}

export async function archiveMaker(secrets: ArchiveSecrets): Promise<ArchiveMaker> {
  const { header, key } = await createArchiveHeader(secrets, insecureFastKdf.minimumIterations, insecureFastKdf)
  return { header, key, json: jsonOfHeader(header.bytes) }
}

export function jsonOfHeader(header: Uint8Array): HeaderJson {
  return JSON.parse(fromUtf8(header.subarray(12))) as HeaderJson
}

/** The bytes of a header that holds this, whatever it is. */
export function headerBytes(json: unknown): Bytes {
  const text = utf8(JSON.stringify(json))
  return concat(utf8('SVARCHV1'), u32(text.length), text)
}

/* ---- lines ---- */

export type Line = Readonly<Record<string, unknown>> | string

const encoded = (line: Line): string => (typeof line === 'string' ? line : JSON.stringify(line))

/** A first line as it should be, but for what is given. */
export function manifestLine({ header }: ArchiveMaker, changes: Record<string, unknown> = {}): Line {
  return { kind: 'archive', v: 1, archiveId: toBase64Url(header.archiveId), vaultId: toBase64Url(new Uint8Array(16)), createdAt: 1, seq: 1, tombstoneKey: toBase64Url(new Uint8Array(32)), ...changes }
}

export const NO_COUNTS = { sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0, tombstones: 0, missing: 0 }
const COUNTED: Record<string, string> = { item: 'items', session: 'sessions', chatLog: 'chatLogs', message: 'messages', brain: 'brains', preference: 'preferences', missing: 'missing' }

/** docs/format.md, section 15, "Hash". */
function blockHash(bytes: Buffer): string {
  const whole = createHash('sha256')
  for (let at = 0; at < bytes.length; at += 262_144) whole.update(createHash('sha256').update(bytes.subarray(at, at + 262_144)).digest())
  return whole.digest('base64url')
}

/** Lines as text, with the last one that they should have, but for what is given. */
export function withEnd(lines: readonly Line[], changes: { readonly counts?: object; readonly sha256?: string } = {}): string {
  const text = lines.map((line) => `${encoded(line)}\n`).join('')
  const counts: Record<string, number> & typeof NO_COUNTS = { ...NO_COUNTS }
  for (const line of lines) {
    if (typeof line === 'string') continue
    const name = COUNTED[String(line['kind'])]
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
    if (line['kind'] === 'tombstones') counts.tombstones += (line['list'] as unknown[]).length
  }
  const sha256 = blockHash(Buffer.from(text))
  return `${text}${JSON.stringify({ kind: 'end', counts: { ...counts, ...changes.counts }, sha256: changes.sha256 ?? sha256 })}\n`
}

/* ---- frames ---- */

/** Deflates what comes, however much it is. */
export async function deflated(pieces: Iterable<Uint8Array | string>): Promise<Bytes> {
  const stream = createDeflateRaw()
  const feeding = (async () => {
    for (const piece of pieces) if (!stream.write(piece)) await new Promise((done) => stream.once('drain', done))
    stream.end()
  })()
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part as Uint8Array)
  await feeding
  return concat(...parts)
}

export const frame = (content: Uint8Array): Bytes => concat(u32(content.length), content)
export const filler = (content: Uint8Array): Bytes => concat(u32(0x8000_0000 + content.length), content)
export const LAST_FRAME = u32(0)

/** Frames of these lengths at most, without the end of frames. */
export function framesOf(content: Uint8Array, length = 65_536): Bytes {
  const count = Math.ceil(content.length / length)
  const frames = new Uint8Array(content.length + 4 * count)
  for (let i = 0; i < count; i++) frames.set(frame(content.subarray(i * length, (i + 1) * length)), i * (length + 4))
  return frames
}

/** Zeros behind the frames, as many as there should be. */
export function padded(frames: Uint8Array): Bytes {
  return concat(frames, new Uint8Array(padme(frames.length) - frames.length))
}

/* ---- files ---- */

/** A file of any plaintext of the sealed stream. `header` may be another one than the maker's. */
export async function sealedFile({ header, key }: Pick<ArchiveMaker, 'key'> & { readonly header: { readonly bytes: Bytes } }, plaintext: Uint8Array, segmentLength = SEGMENT_LENGTHS[1]!): Promise<Bytes> {
  const sealed = new Blob([plaintext as Bytes]).stream().pipeThrough(sealFloe(key, header.bytes, segmentLength) as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>)
  return concat(header.bytes, await bytesOf(sealed))
}

/** A file whose lines inflate to this, everything else being right. */
export async function fileOf(maker: ArchiveMaker, text: string | Iterable<Uint8Array | string>, segmentLength?: number): Promise<Bytes> {
  const frames = concat(framesOf(await deflated(typeof text === 'string' ? [text] : text)), LAST_FRAME)
  return sealedFile(maker, padded(frames), segmentLength)
}

/** The same archive in other segments. */
export async function inSegments(file: Uint8Array, secrets: ArchiveSecrets, segmentLength: number): Promise<{ readonly bytes: Bytes; readonly maker: ArchiveMaker }> {
  const { header, body } = await readArchiveHead(file)
  const key = await openArchiveKey(header, secrets, insecureFastKdf)
  const plaintext = await bytesOf(body.pipeThrough(openFloe(key, header.bytes, SEGMENT_LENGTHS) as ReadableWritablePair<Uint8Array, Uint8Array>))
  const maker = { header, key, json: jsonOfHeader(header.bytes) }
  return { bytes: await sealedFile(maker, plaintext, segmentLength), maker }
}
