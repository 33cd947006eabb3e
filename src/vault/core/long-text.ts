// A long string as the bytes of its chunks, and back, unit by unit. Implements the encodings of docs/format.md, section 8.

import type { Bytes } from '../../brand.js'
import { decodeBase64, encodeBase64 } from '../../crypto/base64.js'
import { fromUtf8, isWellFormed, utf8 } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import { Slices } from './slices.js'

const UTF_8 = 8
const UTF_16 = 16
const BASE64 = 64

const CHUNK = 262_144
/** With the nine bytes of a frame's head a power of two: Padmé adds nothing to a full chunk, where it would add 3 %. */
const BASE64_CHUNK = CHUNK - 9
/** Its length is one byte. */
const MAX_BEGINNING = 255
/** Units decoded or written in one go: about a millisecond by the engine's own methods, some more by the table. */
const PIECE_UNITS = 262_144
const PIECE_BYTES = (PIECE_UNITS / 4) * 3

export interface EncodedText {
  readonly encoding: number
  readonly bytes: Bytes
  /** What its reference says of its length; the same for the same string, whatever the encoding, unless it is ill-formed. */
  readonly size: number
}

/** Gives way to the page when it takes long. */
export async function encodeLongText(text: string, slices: Slices): Promise<EncodedText> {
  const packed = await packBase64(text, slices)
  if (packed !== undefined) return { encoding: BASE64, bytes: packed, size: text.length }
  const isText = isWellFormed(text)
  const bytes = isText ? utf8(text) : utf16(text)
  return { encoding: isText ? UTF_8 : UTF_16, bytes, size: bytes.length }
}

/** Bytes in a full chunk. @throws {VaultError} `unsupported-version` for an encoding that is not known here */
export function chunkBytesOf(encoding: number): number {
  if (encoding === BASE64) return BASE64_CHUNK
  if (encoding === UTF_8 || encoding === UTF_16) return CHUNK
  throw new VaultError('unsupported-version', 'a long value is stored in a way of a newer version; update the app', { where: 'blobs', number: encoding })
}

/** How many bytes the chunks hold, where the size says so: of base64 the last chunk alone does. */
export function storedBytesOf(encoding: number, size: number): number | undefined {
  return encoding === BASE64 ? undefined : size
}

/** The inverse of `encodeLongText`; undefined when the bytes are not those of such a string. */
export async function decodeLongText({ encoding, bytes, size }: EncodedText): Promise<string | undefined> {
  if (encoding === UTF_8) return fromUtf8(bytes)
  if (encoding === UTF_16) return fromUtf16(bytes)
  return unpackBase64(bytes, size)
}

/** Undefined when the text is not some ASCII and then base64 in its one canonical form. */
async function packBase64(text: string, slices: Slices): Promise<Bytes | undefined> {
  const beginning = text.slice(0, beginningOf(text))
  // Whatever is ASCII here has one byte a unit.
  if ((text.length - beginning.length) % 4 !== 0 || /[^\0-\x7F]/.test(beginning)) return undefined
  const packed = new Uint8Array(1 + beginning.length + ((text.length - beginning.length) / 4) * 3)
  packed[0] = beginning.length
  packed.set(utf8(beginning), 1)
  let end = 1 + beginning.length
  for (let at = beginning.length; at < text.length; at += PIECE_UNITS) {
    await slices.breathe()
    const bytes = decodeBase64(text.slice(at, at + PIECE_UNITS), 'base64')
    // Padding may stand at the very end alone.
    if (bytes === undefined || (at + PIECE_UNITS < text.length && bytes.length !== PIECE_BYTES)) return undefined
    packed.set(bytes, end)
    end += bytes.length
  }
  return packed.subarray(0, end)
}

/** Units up to the last one that is no digit of base64, among those that can be a beginning. */
function beginningOf(text: string): number {
  let units = Math.min(text.length, MAX_BEGINNING)
  while (units > 0 && /[A-Za-z0-9+/]/.test(text[units - 1]!)) units--
  return units
}

async function unpackBase64(packed: Bytes, units: number): Promise<string | undefined> {
  // As many of these may have been read at once, each begins its own slice.
  const slices = new Slices()
  const start = 1 + (packed[0] ?? 0)
  if (start > packed.length) return undefined
  let text = fromUtf8(packed.subarray(1, start))
  for (let at = start; at < packed.length; at += PIECE_BYTES) {
    await slices.breathe()
    text += encodeBase64(packed.subarray(at, at + PIECE_BYTES), 'base64')
  }
  return text.length === units ? text : undefined
}

function utf16(text: string): Bytes {
  const bytes = new Uint8Array(text.length * 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true)
  return bytes
}

function fromUtf16(bytes: Bytes): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  // In pieces: String.fromCharCode takes its units as arguments, and those are limited.
  for (let start = 0; start < bytes.length; start += 16_384) {
    const units: number[] = []
    for (let at = start; at < Math.min(bytes.length, start + 16_384); at += 2) units.push(view.getUint16(at, true))
    text += String.fromCharCode(...units)
  }
  return text
}
