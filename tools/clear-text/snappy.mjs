// @ts-check
/// <reference types="node" />
// Undoes Snappy, in the three dresses browsers put it on: raw (LevelDB blocks, rows of Firefox), framed (files of Firefox
// beside a database, its Cache API), and raw behind the mark of Blink (values of Chromium's IndexedDB).
// Bytes that are no Snappy make it throw; reads past the end throw by themselves.

/** The best Snappy can do is 64 bytes for 3; a length beyond that is a sign of other bytes, not a reason to take the memory. */
const bestRatio = 22
const mostBytes = 2 ** 28

/**
 * @param {Buffer} source
 * @param {number} [start]
 * @returns {{ bytes: Buffer, end: number }} the clear bytes, and where the compressed ones ended
 */
export function unsnappyFrom(source, start = 0) {
  let at = start
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = source.readUInt8(at++)
    if (shift > 28) throw new RangeError('not Snappy: no length')
    length += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  if (length > mostBytes || length > (source.length - at) * bestRatio) throw new RangeError('not Snappy: the length cannot be')
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const tag = source.readUInt8(at++)
    const kind = tag & 3
    let size = (tag >> 2) + 1
    if (kind === 0) {
      if (size > 60) {
        const width = size - 60
        size = source.readUIntLE(at, width) + 1
        at += width
      }
      if (at + size > source.length || filled + size > length) throw new RangeError('not Snappy: a literal runs over')
      source.copy(bytes, filled, at, at + size)
      at += size
      filled += size
      continue
    }
    let back
    if (kind === 1) {
      size = ((tag >> 2) & 7) + 4
      back = ((tag >> 5) << 8) | source.readUInt8(at++)
    } else {
      const width = kind === 2 ? 2 : 4
      back = source.readUIntLE(at, width)
      at += width
    }
    if (back === 0 || back > filled || filled + size > length) throw new RangeError('not Snappy: a copy from nowhere')
    filled = repeat(bytes, filled, back, size)
  }
  return { bytes, end: at }
}

/**
 * Appends `size` bytes from `back` bytes ago. They may reach into what is being written: that is how runs are stored.
 * @param {Buffer} bytes
 * @param {number} filled
 * @param {number} back
 * @param {number} size
 */
export function repeat(bytes, filled, back, size) {
  const end = filled + size
  if (back >= size) bytes.copyWithin(filled, filled - back, end - back)
  else for (let at = filled; at < end; at++) bytes[at] = bytes.readUInt8(at - back)
  return end
}

/**
 * The clear bytes when the whole source is one Snappy text, else undefined.
 * @param {Buffer} source
 */
export function unsnappy(source) {
  try {
    const { bytes, end } = unsnappyFrom(source)
    return end === source.length && bytes.length > 0 ? bytes : undefined
  } catch {
    return undefined
  }
}

const frameStart = Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1')

/** @param {Buffer} source */
export const isFramed = (source) => source.length > 10 && source.subarray(0, 10).equals(frameStart)

/**
 * The clear bytes of a framed stream, its chunks joined: a word may lie across two of them.
 * @param {Buffer} source
 */
export function unframe(source) {
  const chunks = []
  for (let at = 0; at + 4 <= source.length; ) {
    const kind = source.readUInt8(at)
    const end = at + 4 + source.readUIntLE(at + 1, 3)
    if (end > source.length) throw new RangeError('a frame runs over')
    // Four bytes of checksum come before the content.
    if (kind === 0) chunks.push(unsnappyFrom(source.subarray(0, end), at + 8).bytes)
    if (kind === 1) chunks.push(source.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(chunks)
}

/** Version tag, the pseudo version "needs processing", and what it needs: Snappy. */
const blinkMark = Buffer.from([0xff, 0x11, 0x02])

/**
 * The values Blink has compressed, wherever in the bytes they begin; they carry their own length.
 * @param {Buffer} source
 * @returns {Generator<{ bytes: Buffer, at: number }>}
 */
export function* markedBySnappy(source) {
  for (let at = source.indexOf(blinkMark); at !== -1; at = source.indexOf(blinkMark, at + 1)) {
    try {
      const { bytes } = unsnappyFrom(source, at + blinkMark.length)
      if (bytes.length > 0) yield { bytes, at }
    } catch {
      // The three bytes also come up by chance.
    }
  }
}
