// @ts-check
/// <reference types="node" />
// Firefox keeps its session (open tabs, what was typed into forms) in LZ4 blocks behind a header of its own.

import { repeat } from './snappy.mjs'

const magic = Buffer.from('mozLz40\0', 'latin1')
/** LZ4 needs a byte for every 255 it repeats. */
const bestRatio = 256

/** @param {Buffer} source */
export const isMozLz4 = (source) => source.length > 12 && source.subarray(0, 8).equals(magic)

/** @param {Buffer} source */
export function readMozLz4(source) {
  const length = source.readUInt32LE(8)
  if (length > (source.length - 12) * bestRatio) throw new RangeError('not LZ4: the length cannot be')
  return unpackBlock(source.subarray(12), length)
}

/**
 * @param {Buffer} source
 * @param {number} length of the clear bytes
 */
export function unpackBlock(source, length) {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  let at = 0
  /** Lengths of 15 and more go on in further bytes, until one is not 255. @param {number} size */
  const longer = (size) => {
    if (size !== 15) return size
    let more
    do {
      more = source.readUInt8(at++)
      size += more
    } while (more === 255)
    return size
  }
  while (at < source.length) {
    const token = source.readUInt8(at++)
    const literal = longer(token >> 4)
    if (at + literal > source.length || filled + literal > length) throw new RangeError('not LZ4: a literal runs over')
    source.copy(bytes, filled, at, at + literal)
    at += literal
    filled += literal
    // The last sequence of a block has no copy.
    if (at === source.length) break
    const back = source.readUInt16LE(at)
    at += 2
    const size = longer(token & 15) + 4
    if (back === 0 || back > filled || filled + size > length) throw new RangeError('not LZ4: a copy from nowhere')
    filled = repeat(bytes, filled, back, size)
  }
  if (filled !== length) throw new RangeError('not LZ4: it ended early')
  return bytes
}
