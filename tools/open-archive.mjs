#!/usr/bin/env node
// @ts-check
// Opens an archive of a vault without the library that made it: written after docs/format.md alone, with nothing but Node's own modules and
// the file beside it.
// Whoever has an archive and its password or recovery code has the data, whatever becomes of the project.
//
//   node tools/open-archive.mjs <archive> [--recovery-code] [--head]  < secret  > records.ndjson
//
// Reads the password (or the recovery code) from standard input: its first line, without the line feed. Writes a record a line: that of the
// archive first, then sessions, chat logs, each followed by its messages, brains, preferences, items of apps' collections, deletions; long texts are back in their places.
// Exits with 1 and says why when the archive is damaged, truncated or not opened by the secret. Lines written before that do not count.
// --head says what can be known without a secret.

import { createHash, createHmac, createPrivateKey, createPublicKey, createDecipheriv, diffieHellman, hkdfSync, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { createInflateRaw } from 'node:zlib'
import { ArchiveError, holderOf, isObject, MAX_LINE, Order, parseLine, refuse } from './archive-lines.mjs'

export { ArchiveError }

const MAX_HEADER = 65_536
const MAX_FRAME = 65_536
const FILLER = 0x80000000
const HASH_BLOCK = 262_144
const SEGMENT_LENGTHS = [65_536, 4096]
/** What inflates to more than this may be no more than so many times as long as its frames. */
const FREE_BYTES = 64 * 1024 * 1024
const MAX_RATIO = 200
const ITERATIONS = { least: 600_000, most: 10_000_000 }

/** Each part with its length before it, as u32. @param {...(string | Uint8Array)} parts */
function lengthPrefixed(...parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** @param {unknown} value @param {number} [length] */
function base64url(value, length) {
  if (typeof value !== 'string' || !/^[\w-]*$/.test(value)) refuse('a field of the header is not base64url')
  const bytes = Buffer.from(/** @type {string} */ (value), 'base64url')
  if (length !== undefined && bytes.length !== length) refuse('a field of the header has the wrong length')
  return bytes
}

/** @param {Uint8Array} key @param {Uint8Array} salt @param {Uint8Array} info @param {number} length */
const hkdf = (key, salt, info, length) => Buffer.from(hkdfSync('sha256', key, salt, info, length))

/** AES-256-GCM. @param {Uint8Array} key @param {Uint8Array} nonce @param {Buffer} sealed @param {Uint8Array} aad */
function open(key, nonce, sealed, aad) {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - 16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final()])
  } catch {
    return refuse('something sealed does not authenticate: the archive is damaged')
  }
}

/** What slots of an archive look like. @typedef {Record<string, any>} Slot */

/** The 20 bytes of a recovery code. @param {string} typed */
function recoveryBytes(typed) {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const letters = typed.normalize('NFKC').toUpperCase().replace(/[\s\p{Dash}]/gu, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  const values = [...letters].map((letter) => alphabet.indexOf(letter))
  if (values.includes(-1) || values.length < 32) refuse('this is no recovery code')
  let bits = 0n
  for (const value of values.slice(0, 32)) bits = bits * 32n + BigInt(value)
  return Buffer.from(bits.toString(16).padStart(40, '0'), 'hex')
}

/** From the secret of a slot to the key that it holds. @param {Slot} slot @param {Buffer} archiveId @param {Buffer} secret @returns {Buffer | undefined} undefined when it is the wrong secret */
function openSlot(slot, archiveId, secret) {
  const id = base64url(slot['id'], 16)
  const salt = base64url(slot['kdf'].salt, 32)
  const iterations = slot['kind'] === 'password' ? slot['kdf'].iterations : 0
  const count = Buffer.alloc(4)
  count.writeUInt32BE(iterations)
  const info = lengthPrefixed('sealed-vault/1/slot', archiveId, id, slot['kind'], slot['kdf'].name, count, salt)
  const both = hkdf(secret, base64url(slot['wrapSalt'], 32), info, 64)
  if (!timingSafeEqual(both.subarray(0, 32), base64url(slot['commitment'], 32))) return undefined
  const publicKey = base64url(slot['publicKey'], 65)
  const secrets = open(both.subarray(32), Buffer.alloc(12), base64url(slot['wrappedPrivateKey']), lengthPrefixed('sealed-vault/1/slot-private-key', archiveId, id, publicKey))
  const ephemeral = base64url(slot['ephemeralKey'], 65)
  const jwk = { kty: 'EC', crv: 'P-256', x: ephemeral.subarray(1, 33).toString('base64url'), y: ephemeral.subarray(33).toString('base64url') }
  const shared = diffieHellman({ privateKey: createPrivateKey({ key: secrets.subarray(32), format: 'der', type: 'pkcs8' }), publicKey: createPublicKey({ key: jwk, format: 'jwk' }) })
  const wrapInfo = lengthPrefixed('sealed-vault/1/vault-key', archiveId, id, ephemeral, publicKey)
  return open(hkdf(Buffer.concat([shared, secrets.subarray(0, 32)]), ephemeral, wrapInfo, 32), Buffer.alloc(12), base64url(slot['wrappedVaultKey'], 48), wrapInfo)
}

/** @param {{ archiveId: Buffer, slots: Slot[] }} header what a slot names as its owner stands for the archive id @param {string} secret @param {boolean} isRecoveryCode */
function archiveKey({ archiveId, slots }, secret, isRecoveryCode) {
  const kind = isRecoveryCode ? 'recovery' : 'password'
  const own = slots.filter((slot) => slot['kind'] === kind)
  if (own.length === 0) refuse(`this archive does not open with a ${isRecoveryCode ? 'recovery code' : 'password'}`)
  // All that may be tried before the first is.
  let asked = 0
  for (const { kdf } of isRecoveryCode ? [] : own) {
    if (kdf?.name !== 'PBKDF2-HMAC-SHA-256' || !Number.isInteger(kdf.iterations) || kdf.iterations < ITERATIONS.least) refuse('the key derivation of a slot is outside of its limits')
    asked += kdf.iterations
    if (asked > ITERATIONS.most) refuse('the slots of this archive ask for too much work')
  }
  for (const slot of own) {
    const salt = base64url(slot['kdf']?.salt, 32)
    const owner = slot['owner'] === undefined ? archiveId : base64url(slot['owner'], 16)
    /** @type {Buffer} */
    let derived
    if (isRecoveryCode) derived = hkdf(recoveryBytes(secret), salt, lengthPrefixed('sealed-vault/1/recovery-code', owner), 32)
    else {
      derived = pbkdf2Sync(Buffer.from(secret.normalize('NFKC')), Buffer.concat([Buffer.from('sealed-vault/1/password'), owner, salt]), slot['kdf'].iterations, 32, 'sha256')
    }
    let key
    try {
      key = openSlot(slot, owner, derived)
    } catch {
      // Keys that are none, points off the curve, tags: behind a commitment that fits all of it is damage.
      refuse('the slot that the secret fits is damaged')
    }
    if (key !== undefined) return key
  }
  return refuse(`the ${isRecoveryCode ? 'recovery code' : 'password'} does not fit`)
}

/** Takes bytes off a stream, as many as are asked for. */
class ByteReader {
  #iterator
  #held = Buffer.alloc(0)

  /** @param {AsyncIterable<Uint8Array>} source */
  constructor(source) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** Fewer only where the stream ends. @param {number} length */
  async take(length) {
    const parts = [this.#held]
    for (let missing = length - this.#held.length; missing > 0; ) {
      const { done, value } = await this.#iterator.next()
      if (done) break
      parts.push(Buffer.from(value))
      missing -= value.length
    }
    const all = parts.length > 1 ? Buffer.concat(parts) : this.#held
    this.#held = all.subarray(length)
    return all.subarray(0, length)
  }
}

/** @param {ByteReader} file */
async function readHead(file) {
  const prefix = await file.take(12)
  if (prefix.subarray(0, 8).toString() !== 'SVARCHV1') refuse('this is no archive, or of a version not known here')
  const length = prefix.readUInt32BE(8)
  if (length > MAX_HEADER) refuse('the header is longer than a header may be')
  const json = await file.take(length)
  if (json.length < length) refuse('the file ends in its header')
  /** @type {{ format: number, archiveId: string, slots: Slot[] }} */
  let head
  try {
    head = JSON.parse(json.toString())
  } catch {
    return refuse('the header is no JSON')
  }
  if (head?.format !== 1 || !Array.isArray(head.slots) || head.slots.length < 1 || head.slots.length > 16 || !head.slots.every(isObject)) refuse('the header is not one of version 1')
  return { archiveId: base64url(head.archiveId, 16), slots: head.slots, bytes: Buffer.concat([prefix, json]) }
}

/** FLOE (c2sp.org/FLOE): the plaintext, segment by segment. @param {ByteReader} file @param {Buffer} key @param {Buffer} aad */
async function* openFloe(file, key, aad) {
  const head = await file.take(74)
  if (head.length < 74) refuse('the file was cut off')
  const parameters = head.subarray(0, 10)
  const iv = head.subarray(10, 42)
  const segmentLength = parameters.readUInt32BE(2)
  if (parameters[0] !== 0 || parameters[1] !== 0 || parameters.readUInt32BE(6) !== 32 || !SEGMENT_LENGTHS.includes(segmentLength)) refuse('the stream is sealed with parameters not known here')
  /** HKDF-Expand-SHA-384 of at most one block. @param {Buffer} from @param {string | Buffer} purpose @param {number} length */
  const expand = (from, purpose, length) => createHmac('sha384', from).update(Buffer.concat([parameters, iv, Buffer.from(purpose), aad, Buffer.of(1)])).digest().subarray(0, length)
  if (!timingSafeEqual(expand(key, 'HEADER_TAG:', 32), head.subarray(42))) refuse('the header of the stream does not authenticate: the archive is damaged')
  const messageKey = expand(key, 'MESSAGE_KEY:', 48)
  for (let position = 0n, isLast = false; !isLast; position++) {
    const segment = await file.take(segmentLength)
    if (segment.length < 32) refuse('the file was cut off')
    const word = segment.readUInt32BE(0)
    isLast = word !== 0xffffffff
    if (isLast ? word !== segment.length : segment.length !== segmentLength) refuse('the file was cut off, or a segment is damaged')
    const where = Buffer.alloc(8)
    where.writeBigUInt64BE(position & ~0xfffffn)
    const segmentKey = expand(messageKey, Buffer.concat([Buffer.from('DEK:'), where]), 32)
    where.writeBigUInt64BE(position)
    yield open(segmentKey, segment.subarray(4, 16), segment.subarray(16), Buffer.concat([where, Buffer.of(isLast ? 1 : 0)]))
  }
  if ((await file.take(1)).length > 0) refuse('there is something behind the end of the archive')
}

/** As many zeros follow the frames as make their length one of these (Nikitin and others, PoPETs 2019). @param {number} length */
function padme(length) {
  const exponent = length.toString(2).length - 1
  const step = 2 ** (exponent - exponent.toString(2).length)
  return Math.ceil(length / step) * step
}

/** Takes the frames apart and the fillers out. @param {AsyncIterable<Buffer>} plain @param {{ packed: number }} seen how many bytes so far */
async function* deflatedOf(plain, seen) {
  const reader = new ByteReader(plain)
  /** @param {number} length */
  const take = async (length) => {
    const bytes = await reader.take(length)
    if (bytes.length < length) refuse('the frames end too soon')
    seen.packed += length
    return bytes
  }
  for (;;) {
    const number = (await take(4)).readUInt32BE(0)
    if (number === 0) break
    const isFiller = number > FILLER
    const size = isFiller ? number - FILLER : number
    if (size > MAX_FRAME) refuse('a frame is too long')
    const content = await take(size)
    if (!isFiller) yield content
    else if (content.some((byte) => byte !== 0)) refuse('a filler is not zeros')
  }
  let padding = padme(seen.packed) - seen.packed
  for (let rest = await reader.take(MAX_FRAME); rest.length > 0; rest = await reader.take(MAX_FRAME)) {
    padding -= rest.length
    if (padding < 0 || rest.some((byte) => byte !== 0)) refuse('the padding is too long, or not zeros')
  }
  if (padding > 0) refuse('the padding is too short')
}

/** SHA-256 over the SHA-256 of each block of what comes. */
class BlockHash {
  #whole = createHash('sha256')
  #block = createHash('sha256')
  #length = 0

  /** @param {Buffer} bytes */
  update(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + HASH_BLOCK - this.#length)
      at += part.length
      this.#length += part.length
      this.#block.update(part)
      if (this.#length === HASH_BLOCK) this.#end()
    }
  }

  digest() {
    if (this.#length > 0) this.#end()
    return this.#whole.digest('base64url')
  }

  #end() {
    this.#whole.update(this.#block.digest())
    this.#block = createHash('sha256')
    this.#length = 0
  }
}

/** @param {AsyncIterable<Buffer>} plain */
async function* linesOf(plain) {
  const seen = { packed: 0 }
  const inflate = createInflateRaw()
  let wake = () => {}
  inflate.on('drain', () => wake()).on('close', () => wake())
  const feeding = (async () => {
    for await (const chunk of deflatedOf(plain, seen)) {
      if (inflate.destroyed) return
      if (!inflate.write(chunk)) await /** @type {Promise<void>} */ (new Promise((done) => (wake = done)))
    }
    inflate.end()
  })()
  feeding.catch((error) => inflate.destroy(error))
  /** @type {Buffer[]} */
  let begun = []
  let length = 0
  let original = 0
  try {
    for await (const piece of inflate) {
      original += piece.length
      if (original > FREE_BYTES && original > MAX_RATIO * seen.packed) refuse('what is in this archive is out of all proportion to its size')
      let start = 0
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, start)) {
        yield Buffer.concat([...begun, piece.subarray(start, at + 1)])
        begun = []
        length = 0
        start = at + 1
      }
      begun.push(piece.subarray(start))
      length += piece.length - start
      if (length > 3 * MAX_LINE) refuse('a line is longer than any record may be')
    }
  } catch (error) {
    throw String(/** @type {any} */ (error)?.code).startsWith('Z_') ? new ArchiveError('what is in the frames cannot be inflated') : error
  }
  await feeding
  if (length > 0) refuse('the last line has no end')
}

/**
 * The records of an archive, in order. They count when the last one has come without an error.
 * @param {AsyncIterable<Uint8Array>} source
 * @param {string} secret
 * @param {{ recoveryCode?: boolean }} [options]
 */
export async function* openArchive(source, secret, { recoveryCode = false } = {}) {
  const file = new ByteReader(source)
  const head = await readHead(file)
  const hash = new BlockHash()
  const order = new Order()
  let number = 0
  /** @type {any} */
  let record
  /** Long texts that must follow: path, units that are missing, what came so far. @type {{ path: (string | number)[], left: number, text: string[] }[]} */
  let awaited = []
  /** @type {any} */
  let end
  for await (const bytes of linesOf(openFloe(file, archiveKey(head, secret, recoveryCode), head.bytes))) {
    if (end !== undefined) refuse('there are lines behind the last one')
    const line = parseLine(bytes)
    if ((line['kind'] === 'archive') !== (++number === 1)) refuse('the first line is not the only one of its kind')
    if (number === 1 && line['archiveId'] !== head.archiveId.toString('base64url')) refuse('the first line is that of another archive')
    if (line['kind'] === 'text') {
      hash.update(bytes)
      const first = awaited[0]
      if (first === undefined || line['text'].length > first.left) refuse('there is a text that belongs nowhere')
      first.text.push(line['text'])
      first.left -= line['text'].length
      if (first.left > 0) continue
      Object.defineProperty(holderOf(record.value, first.path), /** @type {string | number} */ (first.path.at(-1)), { value: first.text.join(''), enumerable: true, configurable: true, writable: true })
      awaited.shift()
      if (awaited.length === 0) yield record
      continue
    }
    if (awaited.length > 0) refuse('a long text is missing')
    if (line['kind'] === 'end') {
      if (hash.digest() !== line['sha256']) refuse('the hash of the lines is not the one they were written with')
      // `items` may be left out where there are none.
      const counted = { items: 0, ...line['counts'] }
      const names = Object.keys(order.counts)
      if (Object.keys(counted).length !== names.length || names.some((name) => counted[name] !== order.counts[name])) refuse('there are more or fewer records than were counted')
      end = line
      continue
    }
    hash.update(bytes)
    order.check(line)
    const { long = [], ...rest } = line
    record = rest
    awaited = long.map((/** @type {[(string | number)[], number]} */ [path, left]) => ({ path, left, text: [] })).filter((/** @type {{ left: number }} */ { left }) => left > 0)
    for (const [path] of long) holderOf(record.value, path)
    if (awaited.length === 0) yield record
  }
  if (end === undefined) refuse('the last line is missing')
  yield end
}

async function main() {
  const [path, ...flags] = process.argv.slice(2)
  if (path === undefined || flags.some((flag) => !['--recovery-code', '--head'].includes(flag))) {
    process.stderr.write('node tools/open-archive.mjs <archive> [--recovery-code] [--head] < secret > records.ndjson\n')
    process.exitCode = 2
    return
  }
  const file = createReadStream(path, { highWaterMark: 262_144 })
  try {
    if (flags.includes('--head')) {
      const { archiveId, slots } = await readHead(new ByteReader(file))
      process.stdout.write(`${JSON.stringify({ archiveId: archiveId.toString('base64url'), slots: slots.map(({ kind, kdf }) => ({ kind, kdf: kdf?.name, iterations: kdf?.iterations })) })}\n`)
      return
    }
    const secret = /** @type {string} */ ((await text(process.stdin)).split(/\r?\n/, 1)[0])
    for await (const record of openArchive(file, secret, { recoveryCode: flags.includes('--recovery-code') })) {
      if (!process.stdout.write(`${JSON.stringify(record)}\n`)) await new Promise((done) => process.stdout.once('drain', done))
    }
  } catch (error) {
    process.stderr.write(`${error instanceof ArchiveError ? error.message : String(error)}\n`)
    process.exitCode = 1
  } finally {
    file.destroy()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
