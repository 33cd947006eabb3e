// @ts-check
/// <reference types="node" />
// Chromium's IndexedDB, localStorage and sessionStorage lie in LevelDB. Three things hide a word from a plain search there:
// blocks of tables are compressed, keys leave out what they share with the key before, and log records are cut at every 32 KiB.

import { unsnappyFrom } from './snappy.mjs'

/** @typedef {import('./pieces.mjs').Opened} Opened */
/** @typedef {import('./pieces.mjs').Complain} Complain */
/** @typedef {{ offset: number, size: number }} Handle */

const tableMagic = Buffer.from('57fb808b247547db', 'hex')
const footerLength = 48
const logBlockLength = 32_768

/** @param {Buffer} source */
export const isTable = (source) => source.length >= footerLength && source.subarray(-8).equals(tableMagic)

/** Logs have no magic, so the name must tell. @param {string} name */
export const isLogName = (name) => /(^|[\\/])(\d+\.log|MANIFEST-\d+)$/.test(name)

/**
 * @param {Buffer} source
 * @param {number} at
 * @returns {[value: number, next: number]}
 */
function readVarint(source, at) {
  let value = 0
  for (let shift = 0; shift < 63; shift += 7) {
    const byte = source.readUInt8(at++)
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return [value, at]
  }
  throw new RangeError('a number without an end')
}

/**
 * @param {Buffer} source
 * @param {number} at
 * @returns {[handle: Handle, next: number]}
 */
function readHandle(source, at) {
  const [offset, afterOffset] = readVarint(source, at)
  const [size, next] = readVarint(source, afterOffset)
  return [{ offset, size }, next]
}

/**
 * @param {Buffer} source
 * @param {Handle} handle
 */
function readBlock(source, { offset, size }) {
  const type = source.readUInt8(offset + size)
  const stored = source.subarray(offset, offset + size)
  if (type === 0) return stored
  if (type === 1) return unsnappyFrom(stored).bytes
  throw new RangeError(`a block compressed in way ${type}, which is not known here`)
}

/**
 * The entries of a block with whole keys; `shared` says whether the stored key was not.
 * @param {Buffer} block
 * @returns {Generator<{ key: Buffer, shared: boolean, value: Buffer }>}
 */
function* readEntries(block) {
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  let before = Buffer.alloc(0)
  for (let at = 0; at < end; ) {
    const [shared, afterShared] = readVarint(block, at)
    const [own, afterOwn] = readVarint(block, afterShared)
    const [valueLength, keyStart] = readVarint(block, afterOwn)
    const valueStart = keyStart + own
    at = valueStart + valueLength
    if (shared > before.length || at > end) throw new RangeError('an entry runs over')
    const key = Buffer.concat([before.subarray(0, shared), block.subarray(keyStart, valueStart)])
    yield { key, shared: shared > 0, value: block.subarray(valueStart, at) }
    before = key
  }
}

/**
 * Every block of a table, and the keys that are whole only when put together.
 * @param {Buffer} source
 * @param {Complain} complain
 * @returns {Generator<Opened>}
 */
export function* tablePieces(source, complain) {
  // The first handle leads to the filters, bits of hashes that are never compressed; the second to everything else.
  const [, next] = readHandle(source, source.length - footerLength)
  const [index] = readHandle(source, next)
  const handles = [index, ...Array.from(readEntries(readBlock(source, index)), ({ value }) => readHandle(value, 0)[0])]
  for (const handle of handles) {
    // One damaged block must not hide the others.
    try {
      const block = readBlock(source, handle)
      yield { bytes: block, at: handle.offset, container: 'LevelDB block' }
      const keys = [...readEntries(block)].filter(({ shared }) => shared).flatMap(({ key }) => [key, Buffer.of(0)])
      if (keys.length > 0) yield { bytes: Buffer.concat(keys), at: handle.offset, container: 'LevelDB keys' }
    } catch (error) {
      complain(`LevelDB block at ${handle.offset}`, error)
    }
  }
}

/**
 * The records of a log, put together again across the blocks. What is left of a torn record is a piece as well.
 * @param {Buffer} source
 * @returns {Generator<Opened>}
 */
export function* logPieces(source) {
  /** @type {Buffer[]} */
  let parts = []
  let began = 0
  for (let block = 0; block < source.length; block += logBlockLength) {
    const end = Math.min(block + logBlockLength, source.length)
    for (let at = block; at + 7 <= end; ) {
      const stop = at + 7 + source.readUInt16LE(at + 4)
      const type = source.readUInt8(at + 6)
      // Zeros are space that was set aside; anything else unknown is damage. Either way the next block begins afresh.
      if (type < 1 || type > 4 || stop > end) break
      const starts = type === 1 || type === 2
      if (starts && parts.length > 0) yield whole()
      if (parts.length === 0) began = at
      parts.push(source.subarray(at + 7, stop))
      if (type === 1 || type === 4) yield whole()
      at = stop
    }
  }
  if (parts.length > 0) yield whole()

  /** @returns {Opened} */
  function whole() {
    const bytes = Buffer.concat(parts)
    parts = []
    return { bytes, at: began, container: 'LevelDB log record' }
  }
}
