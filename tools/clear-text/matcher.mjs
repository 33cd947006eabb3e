// @ts-check
/// <reference types="node" />
// Looks for very many byte strings at once: a hash of the next bytes asks a table of bits, which says no almost always;
// only what passes is looked up and compared. One pass over the bytes instead of one for each pattern.

/** @typedef {import('./encodings.mjs').Pattern} Pattern */
/** @typedef {{ width: number, highFactor: number, bits: Uint8Array, byHash: Map<number, Pattern[]> }} Group */

// Odd, so that they lose nothing; below 2^31, so that engines keep to whole numbers.
const lowFactor = 0x1e3779b1
const highFactor8 = 0x45ebca77
/** A megabyte of bits for a hundred thousand patterns: of other bytes, one in a hundred passes. */
const bitsLog2 = 23

/** @param {number} high @param {number} low @param {number} highFactor */
const hash = (high, low, highFactor) => (Math.imul(high, highFactor) + Math.imul(low, lowFactor)) | 0

/**
 * Two letters of UTF-16 fill four bytes and begin far too many words, so eight bytes are the key where a pattern has them.
 * @param {readonly Pattern[]} patterns
 * @param {number} width
 * @returns {Group}
 */
function makeGroup(patterns, width) {
  const group = { width, highFactor: width === 8 ? highFactor8 : 0, bits: new Uint8Array(2 ** (bitsLog2 - 3)), byHash: new Map() }
  for (const pattern of patterns) {
    const high = width === 8 ? pattern.bytes.readInt32BE(0) : 0
    const key = hash(high, pattern.bytes.readInt32BE(width - 4), group.highFactor)
    const bit = key >>> (32 - bitsLog2)
    group.bits[bit >> 3] = (group.bits[bit >> 3] ?? 0) | (1 << (bit & 7))
    const same = group.byHash.get(key)
    if (same) same.push(pattern)
    else group.byHash.set(key, [pattern])
  }
  return group
}

/**
 * @param {readonly Pattern[]} patterns of at least four bytes each
 * @returns {(bytes: Buffer, hear: (pattern: Pattern, at: number) => void) => void}
 */
export function makeMatcher(patterns) {
  const groups = [
    makeGroup(patterns.filter(({ bytes }) => bytes.length >= 8), 8),
    makeGroup(patterns.filter(({ bytes }) => bytes.length < 8), 4),
  ].filter(({ byHash }) => byHash.size > 0)
  return (bytes, hear) => {
    for (const group of groups) searchGroup(group, bytes, hear)
  }
}

/**
 * @param {Group} group
 * @param {Buffer} bytes
 * @param {(pattern: Pattern, at: number) => void} hear
 */
function searchGroup({ width, highFactor, bits, byHash }, bytes, hear) {
  let high = 0
  let low = 0
  for (let next = 0; next < bytes.length; next++) {
    high = (high << 8) | (low >>> 24)
    low = (low << 8) | /** @type {number} */ (bytes[next])
    const key = hash(high, low, highFactor)
    const bit = key >>> (32 - bitsLog2)
    if ((/** @type {number} */ (bits[bit >> 3]) & (1 << (bit & 7))) === 0) continue
    const start = next + 1 - width
    const candidates = byHash.get(key)
    if (candidates === undefined || start < 0) continue
    for (const pattern of candidates) {
      if (start + pattern.bytes.length <= bytes.length && isAt(pattern.bytes, bytes, start)) hear(pattern, start)
    }
  }
}

/**
 * From the end: the beginning is what the hash has compared already. A call into Buffer would cost more than it saves.
 * @param {Buffer} pattern
 * @param {Buffer} bytes
 * @param {number} start
 */
function isAt(pattern, bytes, start) {
  for (let at = pattern.length - 1; at >= 0; at--) if (pattern[at] !== bytes[start + at]) return false
  return true
}
