// @ts-check
/// <reference types="node" />
// Firefox keeps IndexedDB and localStorage in SQLite, with Snappy over the values. Only as much of the format is read here as
// leads to the columns: every page that looks like one with records is taken for one, in use or not, so that what was freed
// but not overwritten is looked at too. https://www.sqlite.org/fileformat2.html

import { unsnappy } from './snappy.mjs'

/** @typedef {import('./pieces.mjs').Opened} Opened */
/** @typedef {{ pageSize: number, usable: number, pageAt: (number: number) => Buffer | undefined }} Pages */

const fileMagic = Buffer.from('SQLite format 3\0', 'latin1')

/** @param {Buffer} source */
export const isSqlite = (source) => source.length >= 512 && source.subarray(0, 16).equals(fileMagic)

/** @param {Buffer} source */
export const isWal = (source) => source.length > 32 && (source.readUInt32BE(0) & ~1) >>> 0 === 0x377f0682

/**
 * @param {Buffer} source
 * @param {number} at
 * @returns {[value: number, next: number]}
 */
function readVarint(source, at) {
  let value = 0
  for (let count = 0; count < 8; count++) {
    const byte = source.readUInt8(at++)
    value = value * 128 + (byte & 127)
    if (byte < 128) return [value, at]
  }
  return [value * 256 + source.readUInt8(at), at + 1]
}

/** @param {Buffer} source @returns {Pages} */
function pagesOf(source) {
  const size = source.readUInt16BE(16)
  const pageSize = size === 1 ? 65_536 : size
  if (pageSize < 512) throw new RangeError('a page size that cannot be')
  const pageAt = (/** @type {number} */ number) => {
    const end = number * pageSize
    return number > 0 && end <= source.length ? source.subarray(end - pageSize, end) : undefined
  }
  return { pageSize, usable: pageSize - source.readUInt8(20), pageAt }
}

/**
 * A record and whether all of it lay in the page.
 * @param {Buffer} page
 * @param {number} at
 * @param {number} length
 * @param {boolean} isTable
 * @param {Pages} pages
 */
function readPayload(page, at, length, isTable, { usable, pageAt }) {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23
  if (length <= most) return { payload: page.subarray(at, at + length), whole: true }
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const wanted = least + ((length - least) % (usable - 4))
  const local = wanted <= most ? wanted : least
  const parts = [page.subarray(at, at + local)]
  let next = page.readUInt32BE(at + local)
  for (let missing = length - local; missing > 0; missing -= usable - 4) {
    const overflow = pageAt(next)
    // The rest was taken for something else: what is there is still worth a look.
    if (overflow === undefined) break
    parts.push(overflow.subarray(4, 4 + Math.min(missing, usable - 4)))
    next = overflow.readUInt32BE(0)
  }
  return { payload: Buffer.concat(parts), whole: false }
}

/**
 * The texts and blobs of a record.
 * @param {Buffer} payload
 */
function* readColumns(payload) {
  const [headerLength, first] = readVarint(payload, 0)
  let start = headerLength
  for (let at = first; at < headerLength; ) {
    const [type, next] = readVarint(payload, at)
    at = next
    const size = type >= 12 ? (type - 12 - (type % 2)) / 2 : ([0, 1, 2, 3, 4, 6, 8, 8][type] ?? 0)
    if (type >= 12 && start < payload.length) yield payload.subarray(start, start + size)
    start += size
  }
}

/**
 * @param {Buffer} page
 * @param {number} at where the page lies in its file
 * @param {boolean} isFirst the first page of a database begins with the header of the file
 * @param {Pages} pages
 * @returns {Generator<Opened>}
 */
function* pagePieces(page, at, isFirst, pages) {
  const header = isFirst ? 100 : 0
  const type = page.readUInt8(header)
  // Leaves of tables; leaves and inner pages of indexes, which also hold the rows of tables WITHOUT ROWID.
  if (type !== 13 && type !== 10 && type !== 2) return
  const count = page.readUInt16BE(header + 3)
  const pointers = header + (type === 2 ? 12 : 8)
  for (let index = 0; index < count && pointers + 2 * index + 2 <= page.length; index++) {
    // A page of another kind can look like one of these; its nonsense ends in a read past the end.
    try {
      const [length, afterLength] = readVarint(page, page.readUInt16BE(pointers + 2 * index) + (type === 2 ? 4 : 0))
      const start = type === 13 ? readVarint(page, afterLength)[1] : afterLength
      const { payload, whole } = readPayload(page, start, length, type === 13, pages)
      // A record within one page has been seen by the search through the file.
      if (!whole) yield { bytes: payload, at, container: 'SQLite record' }
      for (const column of readColumns(payload)) {
        const bytes = unsnappy(column)
        if (bytes !== undefined) yield { bytes, at, container: 'Snappy in a SQLite column' }
      }
    } catch {
      continue
    }
  }
}

/** @param {Buffer} source @returns {Generator<Opened>} */
export function* sqlitePieces(source) {
  const pages = pagesOf(source)
  for (let number = 1; number * pages.pageSize <= source.length; number++) {
    const page = pages.pageAt(number)
    if (page !== undefined) yield* pagePieces(page, (number - 1) * pages.pageSize, number === 1, pages)
  }
}

/**
 * The pages of a write-ahead log, left-over ones of earlier rounds too. Where a record runs on, the page is looked for in the
 * same commit and the ones before it, then in the database.
 * @param {Buffer} source
 * @param {Buffer | undefined} database
 * @returns {Generator<Opened>}
 */
export function* walPieces(source, database) {
  const pageSize = source.readUInt32BE(8)
  if (pageSize < 512 || pageSize > 65_536) throw new RangeError('a page size that cannot be')
  const main = database !== undefined && isSqlite(database) ? pagesOf(database) : undefined
  /** @type {Map<number, Buffer>} */
  const latest = new Map()
  const pages = { pageSize, usable: main?.usable ?? pageSize, pageAt: (/** @type {number} */ number) => latest.get(number) ?? main?.pageAt(number) }
  /** @type {{ number: number, page: Buffer, at: number }[]} */
  let commit = []
  for (let at = 32; at + 24 + pageSize <= source.length; at += 24 + pageSize) {
    const number = source.readUInt32BE(at)
    const page = source.subarray(at + 24, at + 24 + pageSize)
    latest.set(number, page)
    commit.push({ number, page, at: at + 24 })
    // A size of the database stands in the last frame of a commit; the last commit may have been cut off.
    if (source.readUInt32BE(at + 4) === 0 && at + 2 * (24 + pageSize) <= source.length) continue
    for (const frame of commit) yield* pagePieces(frame.page, frame.at, frame.number === 1, pages)
    commit = []
  }
}
