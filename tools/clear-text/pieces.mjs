// @ts-check
/// <reference types="node" />
// What has to be searched of a file: its bytes, and what they turn into when the containers known here are opened.

import { isLogName, isTable, logPieces, tablePieces } from './leveldb.mjs'
import { isMozLz4, readMozLz4 } from './lz4.mjs'
import { isFramed, markedBySnappy, unframe } from './snappy.mjs'
import { isSqlite, isWal, sqlitePieces, walPieces } from './sqlite.mjs'

/** @typedef {{ bytes: Buffer, at: number, container: string }} Opened `at`: where in the outer bytes it was found */
/** @typedef {(what: string, error: unknown) => void} Complain */
/** @typedef {{ name: string, bytes: Buffer, readOther: (name: string) => Buffer | undefined }} File */

/** Containers within containers end somewhere: a value in a block of a table is the second, what is deeper is chance. */
const deepest = 4

/**
 * @param {File} file
 * @param {Complain} complain of what looks like a container and cannot be opened
 * @returns {Generator<Opened>} `at` is a place in the file, also for containers in containers
 */
export function* piecesOf(file, complain) {
  yield { bytes: file.bytes, at: 0, container: '' }
  if (isLogName(file.name)) for (const record of logPieces(file.bytes)) yield* withInner(record, 1)
  if (isWal(file.bytes)) {
    const database = file.readOther(file.name.replace(/-wal$/, ''))
    yield* guarded('SQLite write-ahead log', walPieces(file.bytes, database), 0)
  }
  yield* inner(file.bytes, 0)

  /**
   * @param {Opened} outer
   * @param {number} depth
   * @returns {Generator<Opened>}
   */
  function* withInner(outer, depth) {
    yield outer
    if (depth >= deepest) return
    for (const { bytes, container } of inner(outer.bytes, depth)) yield { bytes, at: outer.at, container: `${container} in ${outer.container}` }
  }

  /**
   * @param {Buffer} bytes
   * @param {number} depth
   * @returns {Generator<Opened>}
   */
  function* inner(bytes, depth) {
    if (isMozLz4(bytes)) yield* guarded('mozLz4', one('mozLz4', () => readMozLz4(bytes)), depth)
    if (isFramed(bytes)) yield* guarded('framed Snappy', one('framed Snappy', () => unframe(bytes)), depth)
    if (isTable(bytes)) yield* guarded('LevelDB table', tablePieces(bytes, complain), depth)
    if (isSqlite(bytes)) yield* guarded('SQLite file', sqlitePieces(bytes), depth)
    for (const value of markedBySnappy(bytes)) yield* withInner({ ...value, container: 'Snappy value of Blink' }, depth + 1)
  }

  /**
   * @param {string} what
   * @param {Iterable<Opened>} pieces
   * @param {number} depth
   * @returns {Generator<Opened>}
   */
  function* guarded(what, pieces, depth) {
    try {
      for (const piece of pieces) yield* withInner(piece, depth + 1)
    } catch (error) {
      complain(what, error)
    }
  }
}

/**
 * @param {string} container
 * @param {() => Buffer} read
 * @returns {Generator<Opened>}
 */
function* one(container, read) {
  yield { bytes: read(), at: 0, container }
}
