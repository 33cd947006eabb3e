// @ts-check
// Looks for secrets in the clear: in every file of a browser profile, in every way engines write text, inside the containers
// that hide it from a plain search. It knows nothing of this library, so it cannot share its mistakes.
//
//   node tools/scan-clear.mjs --profile FOLDER --secrets FILE [--control FOLDER] [--json]
//
// FILE has one secret a line. A secret that is also found in the control profile is a word of the browser and left out.
// Exit code: 0 nothing found, 1 something found, 2 the question made no sense.

import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { patternsOf, shortest } from './clear-text/encodings.mjs'
import { makeMatcher } from './clear-text/matcher.mjs'
import { piecesOf } from './clear-text/pieces.mjs'

/** @typedef {{ secret: string, encoding: string, file: string, offset: number, container?: string }} Found `offset`: in the file; for a container, of what was opened */
/** @typedef {{ file: string, what: string }} Unread something that looks like a container and could not be opened, or a file */
/** @typedef {{ found: Found[], files: number, bytes: number, unread: Unread[] }} Scan `found`: the first place of each secret */

/** @param {string} text */
export function readSecrets(text) {
  return text.replace(/^\ufeff/, '').split(/\r?\n/).filter((line) => line !== '')
}

/**
 * @param {{ profile: string, secrets: readonly string[], control?: string | undefined }} question
 * @returns {Scan & { excluded: Found[], secrets: number }} `secrets`: how many were looked for, without the ones left out
 */
export function scanClear({ profile, secrets, control }) {
  const wanted = new Set(secrets)
  if (wanted.size === 0) throw new RangeError('The list of secrets is empty.')
  for (const secret of wanted) {
    if (Buffer.byteLength(secret) < shortest) throw new RangeError(`The secret "${secret}" has fewer than ${shortest} bytes: it would be found anywhere.`)
  }
  for (const folder of control === undefined ? [profile] : [profile, control]) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new RangeError(`There is no folder ${folder}.`)
  }
  const excluded = control === undefined ? [] : scanFolder(control, wanted).found
  for (const { secret } of excluded) wanted.delete(secret)
  // Nothing found because nothing was looked for is no answer.
  if (wanted.size === 0) throw new RangeError('Every secret is in the control profile as well; none is left to look for.')
  return { ...scanFolder(profile, wanted), excluded, secrets: wanted.size }
}

/**
 * @param {string} folder
 * @param {Iterable<string>} secrets
 * @returns {Scan}
 */
function scanFolder(folder, secrets) {
  const search = makeMatcher([...secrets].flatMap(patternsOf))
  /** @type {Map<string, Found>} */
  const found = new Map()
  /** @type {Unread[]} */
  const unread = []
  let files = 0
  let bytes = 0
  for (const path of listFiles(folder)) {
    const file = relative(folder, path).split(sep).join('/')
    /** @param {Buffer} content @param {number | undefined} at @param {string} container */
    const look = (content, at, container) =>
      search(content, ({ secret, encoding }, offset) => {
        if (!found.has(secret)) found.set(secret, { secret, encoding, file, offset: at ?? offset, ...(container !== '' && { container }) })
      })
    const complain = (/** @type {string} */ what, /** @type {unknown} */ error) => unread.push({ file, what: `${what}: ${String(error)}` })
    look(Buffer.from(file), 0, 'file name')
    try {
      const kind = lstatSync(path)
      if (kind.isSymbolicLink()) look(Buffer.from(readlinkSync(path)), 0, 'link')
      // Sockets and pipes hold nothing.
      if (!kind.isFile()) continue
      const content = readFileSync(path)
      files++
      bytes += content.length
      for (const piece of piecesOf({ name: path, bytes: content, readOther }, complain)) {
        look(piece.bytes, piece.container === '' ? undefined : piece.at, piece.container)
      }
    } catch (error) {
      complain('file', error)
    }
  }
  return { found: [...found.values()], files, bytes, unread }
}

/** @param {string} folder @returns {Generator<string>} */
function* listFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* listFiles(path)
    else yield path
  }
}

/** @param {string} path */
function readOther(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined
}

/** @returns {number} the exit code */
function main() {
  const { values } = parseArgs({ options: { profile: { type: 'string' }, secrets: { type: 'string' }, control: { type: 'string' }, json: { type: 'boolean', default: false } } })
  const { profile, secrets: list, control, json } = values
  if (profile === undefined || list === undefined) throw new RangeError('Say --profile FOLDER --secrets FILE [--control FOLDER] [--json].')
  const secrets = readSecrets(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(list)))
  const result = scanClear({ profile, secrets, control })
  const { found, excluded, unread, files, bytes } = result
  if (json) console.log(JSON.stringify(result, undefined, 2))
  else {
    for (const { secret, encoding, file, offset, container } of found) {
      console.log(`${secret}  (${encoding})  ${file} at ${offset}${container === undefined ? '' : `, ${container}`}`)
    }
    for (const { file, what } of unread) console.error(`not looked into: ${file}, ${what}`)
    const leftOut = excluded.length > 0 ? `, ${excluded.length} left out` : ''
    console.log(`${found.length} of ${result.secrets} secrets found in ${files} files (${bytes} bytes)${leftOut}`)
  }
  return found.length > 0 ? 1 : 0
}

// By real paths: started through a link it must not do nothing, which would look like nothing found.
const started = process.argv[1]
if (started !== undefined && existsSync(started) && realpathSync(started) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main()
  } catch (error) {
    // Whatever went wrong, it must not look like an answer.
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
}
