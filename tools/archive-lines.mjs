// @ts-check
// The lines of an archive, one by one and against those before: docs/format.md, section 15. For open-archive.mjs.

/** UTF-16 units of a line, and how deep it may be nested. */
export const MAX_LINE = 16 * 1024 * 1024 + 65_536
const MAX_NESTING = 131

/** What is wrong with an archive, or with the secret for it. */
export class ArchiveError extends Error {}

/** @param {string} why @returns {never} */
export function refuse(why) {
  throw new ArchiveError(why)
}

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) >= 0
/** @param {unknown} value */
const isText = (value) => typeof value === 'string'
/** @param {unknown} value */
const isId = (value) => typeof value === 'string' && value.length >= 1 && value.length <= 1024
/** @param {unknown} value */
const isCollection = (value) => typeof value === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(value)
/** @param {unknown} value */
const isLong = (value) => Array.isArray(value) && value.length > 0 && value.every((one) => Array.isArray(one) && one.length === 2 && Array.isArray(one[0]) && one[0].length > 0 && one[0].every((key) => isText(key) || isCount(key)) && isCount(one[1]))
/** @param {unknown} value */
const isTombstones = (value) => Array.isArray(value) && value.every((one) => Array.isArray(one) && (one.length === 3 || (one.length === 5 && isVault(one[3]) && isCount(one[4]))) && isText(one[0]) && isCount(one[1]) && Number.isFinite(one[2]))
/** @param {unknown} value */
const isPiece = (value) => typeof value === 'string' && value.length >= 1 && value.length <= 65_536

/** @param {unknown} value */
const isVault = (value) => typeof value === 'string' && value.length === 8
/** @param {unknown} value */
const isOrigin = (value) => Array.isArray(value) && value.length === 2 && isVault(value[0]) && isCount(value[1])
const SESSION_FIELDS = ['connectionId', 'participants', 'state', 'title', 'keywords', 'createdAt', 'chatLogId']
/** @param {unknown} value */
const isEdit = (value) => Array.isArray(value) && isCount(value[0]) && Number.isFinite(value[1]) && (value.length === 2 || (value.length === 3 && isVault(value[2])))
/** @param {unknown} value */
const isEdits = (value) => isObject(value) && Object.entries(value).every(([field, edit]) => SESSION_FIELDS.includes(field) && isEdit(edit))
/** @param {unknown} value */
const isKnown = (value) => Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 3 && isVault(one[0]) && isCount(one[1]) && isText(one[2]))
/** @param {unknown} value */
const isMade = (value) => Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2 && isText(one[0]) && isCount(one[1]))

const stamp = { rev: isCount, modifiedAt: Number.isFinite, 'origin?': isOrigin }
const record = { id: isId, ...stamp, value: isObject }
/** Fields of each kind of line; a line may also be without those that end in a question mark. @type {Record<string, Record<string, (value: unknown) => boolean>>} */
const FIELDS = {
  archive: { v: (value) => value === 1, archiveId: isText, vaultId: isText, createdAt: Number.isFinite, seq: isCount, tombstoneKey: isText, 'parent?': isObject, 'selection?': isObject, 'knows?': isKnown, 'made?': isMade },
  session: { ...record, 'edits?': isEdits },
  chatLog: record,
  message: { number: isCount, ...stamp, value: isObject, 'long?': isLong },
  brain: { ...record, 'long?': isLong },
  preference: { ...record, value: () => true },
  item: { collection: isCollection, ...record, 'long?': isLong },
  text: { text: isPiece },
  missing: { of: (value) => ['message', 'brain', 'item', 'deletions'].includes(String(value)), 'collection?': isCollection, id: isId, 'from?': isCount, 'to?': isCount, reason: isText },
  tombstones: { list: isTombstones },
  end: { counts: isObject, sha256: isText },
}

/** A line, of a kind that is known and with the fields it should have. @param {Buffer} bytes with its line feed */
export function parseLine(bytes) {
  let depth = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 34) inText = !inText
    else if (inText) at += byte === 92 ? 1 : 0
    else if (byte === 91 || byte === 123) depth++
    else if (byte === 93 || byte === 125) depth--
    if (depth > MAX_NESTING) refuse('a line is nested too deeply')
  }
  /** @type {any} */
  let line
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (text.length <= MAX_LINE + 1) line = JSON.parse(text)
  } catch {
    // The engine's message would quote what is in the line.
  }
  if (!isObject(line)) refuse('a line is no JSON object, or longer than any record may be')
  const fields = Object.hasOwn(FIELDS, line['kind']) ? FIELDS[line['kind']] : undefined
  if (fields === undefined) refuse('there is a line of a kind not known here')
  const names = Object.keys(line).filter((name) => name !== 'kind')
  const fits = Object.entries(fields).every(([name, isRight]) => (Object.hasOwn(line, name.replace('?', '')) ? isRight(line[name.replace('?', '')]) : name.endsWith('?')))
  if (!fits || names.some((name) => !Object.hasOwn(fields, name) && !Object.hasOwn(fields, `${name}?`))) refuse('a line has other fields than it should have')
  return line
}

/** What holds the string at the end of a path of own properties. @param {any} value @param {(string | number)[]} path */
export function holderOf(value, path) {
  /** @type {any} */
  let holder
  let inner = value
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) refuse('a long text belongs nowhere')
    holder = inner
    inner = inner[key]
  }
  if (typeof inner !== 'string') refuse('a long text belongs nowhere')
  return holder
}

/** What lines are counted as, and where they stand: none follows one of a higher place. */
const COUNTED = /** @type {const} */ ({ session: 'sessions', chatLog: 'chatLogs', message: 'messages', brain: 'brains', preference: 'preferences', item: 'items', tombstones: 'tombstones', missing: 'missing' })
/** @type {Record<string, number>} */
const PLACES = { session: 1, chatLog: 1, message: 1, brain: 2, preference: 3, item: 4, tombstones: 5 }

/** Holds lines against those before. */
export class Order {
  /** @type {Record<string, number>} */
  counts = { sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0, items: 0, tombstones: 0, missing: 0 }
  #place = 0
  /** Of the last message of the chat log; undefined outside of one. @type {number | undefined} */
  #number

  /** @param {any} line */
  check({ kind, number, list }) {
    const place = PLACES[kind] ?? this.#place
    if (place < this.#place) refuse('lines are not in their order')
    this.#place = place
    if (kind === 'message' && !(number > (this.#number ?? Infinity))) refuse('a message is not in its place')
    if (kind === 'message') this.#number = number
    else if (kind !== 'missing') this.#number = kind === 'chatLog' ? -1 : undefined
    if (Object.hasOwn(COUNTED, kind)) this.counts[COUNTED[/** @type {keyof typeof COUNTED} */ (kind)]] += kind === 'tombstones' ? list.length : 1
  }
}
