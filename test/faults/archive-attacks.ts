// What somebody who holds a copy of an archive, but not its secret, can make of it: every flipped bit, every truncation, segments moved
// about, and mutations by chance. The reader must refuse each with a typed error, soon and in little memory.

import type { Bytes } from '../../src/brand.js'
import { concat } from '../../src/crypto/bytes.js'
import { isVaultError } from '../../src/errors.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { headerBytes, inSegments, jsonOfHeader, type HeaderJson } from '../kit/archive-writer.js'
import { bytesOf } from '../kit/archives.js'
import { seededRandom, type Random } from '../kit/random.js'
import { insecureFastKdf, testBrowser } from '../kit/tabs.js'

export const SEGMENT_LENGTH = 4096
const FLOE_HEADER = 74

/** An archive under attack, and where its parts are. */
export interface Target {
  readonly bytes: Bytes
  readonly recoveryCode: string
  /** Where the sealed stream begins. */
  readonly sealedAt: number
  /** Where segments begin, and where the last one ends. */
  readonly segments: readonly number[]
}

/** One file to be refused. */
export interface Attack {
  readonly what: string
  readonly bytes: () => Uint8Array
}

/** An archive of about so many bytes, in segments of 4 KiB, of a vault with something of everything. */
export async function smallArchive(seed: number, recoveryCode: string, size = 65_536): Promise<Target> {
  const random = seededRandom(seed)
  const open = await testBrowser({ now: () => 1_700_000_000_000 }).tab()
  const text = (length: number): string => Array.from({ length }, () => String.fromCodePoint(random.pick([32, 97, 0xe4, 0x4e00, 0x1f600]) + random.below(64))).join('')
  const { chatLogId } = await open.sessions.create({ id: 'trip', title: 'Trip', participants: ['ada', 'guide'] })
  await open.brains.put({ entityId: 'guide', model: 'small', configuration: { tone: 'calm' }, memories: ['likes trains'] })
  await open.preferences.set('theme', 'dark')
  await open.preferences.set('gone', 1)
  await open.preferences.delete('gone')
  let bytes: Bytes = new Uint8Array(0)
  await open.chatLogs.create({ id: 'of nobody' })
  await open.chatLogs.append('of nobody', { id: 'long', senderId: 'ada', type: 'user', content: '=-'.repeat(35_000) })
  // Padding goes in steps of 2 KiB here: with so little more each time none is passed over.
  for (let i = 0; bytes.length < size - 1024; i++) {
    await open.chatLogs.append(chatLogId, { id: `m${i}`, senderId: 'ada', type: 'user', content: text(bytes.length < size - 8192 ? 1500 : 200) })
    bytes = await bytesOf((await open.exportArchive({ recoveryCode })).stream)
  }
  await open.lock()
  return targetOf((await inSegments(bytes, { recoveryCode }, SEGMENT_LENGTH)).bytes, recoveryCode)
}

function targetOf(bytes: Bytes, recoveryCode: string): Target {
  const sealedAt = 12 + new DataView(bytes.buffer).getUint32(8)
  const segments: number[] = []
  for (let at = sealedAt + FLOE_HEADER; at < bytes.length; at += SEGMENT_LENGTH) segments.push(at)
  return { bytes, recoveryCode, sealedAt, segments: [...segments, bytes.length] }
}

/* ---- attacks ---- */

export function flip({ bytes }: Target, bit: number): Attack {
  return {
    what: `bit ${bit & 7} of byte ${bit >>> 3} flipped`,
    bytes: () => {
      const flipped = bytes.slice()
      flipped[bit >>> 3]! ^= 1 << (bit & 7)
      return flipped
    },
  }
}

export function truncation({ bytes }: Target, length: number): Attack {
  return { what: `cut after ${length} bytes`, bytes: () => bytes.subarray(0, length) }
}

/** Every segment swapped with every other, doubled, left out, moved; spliced with another archive under the same code, and headers of the one before the other. */
export function* segmentMoves(target: Target, other: Target, random: Random): Generator<Attack> {
  const segments = segmentsOf(target)
  const others = segmentsOf(other)
  const head = target.bytes.subarray(0, target.segments[0]!)
  const attack = (what: string, parts: readonly Uint8Array[], before: Uint8Array = head): Attack => ({ what, bytes: () => concat(before, ...parts) })
  for (let i = 0; i < segments.length; i++) {
    yield attack(`segment ${i} left out`, segments.toSpliced(i, 1))
    for (let j = 0; j <= segments.length; j++) yield attack(`segment ${i} doubled before ${j}`, segments.toSpliced(j, 0, segments[i]!))
    for (let j = 0; j < segments.length; j++) {
      if (i < j) yield attack(`segments ${i} and ${j} swapped`, segments.with(i, segments[j]!).with(j, segments[i]!))
      // To the next place or the one before is a swap of neighbours.
      if (Math.abs(i - j) > 1) yield attack(`segment ${i} moved to ${j}`, segments.toSpliced(i, 1).toSpliced(j, 0, segments[i]!))
      if (others[j] !== undefined) yield attack(`segment ${i} replaced by ${j} of another archive`, segments.with(i, others[j]!))
    }
    yield attack(`from segment ${i} on those of another archive`, [...segments.slice(0, i), ...others.slice(i)])
    yield attack(`up to segment ${i} those of another archive`, [...others.slice(0, i + 1), ...segments.slice(i + 1)])
  }
  yield attack('segments reversed', segments.toReversed())
  for (let i = 0; i < 16; i++) yield attack('segments shuffled', shuffledOtherwise(segments, random))
  const header = target.bytes.subarray(0, target.sealedAt)
  const otherHeader = other.bytes.subarray(0, other.sealedAt)
  const floeHeader = target.bytes.subarray(target.sealedAt, target.segments[0])
  const otherFloeHeader = other.bytes.subarray(other.sealedAt, other.segments[0])
  yield attack('the header of another archive', [floeHeader, ...segments], otherHeader)
  yield attack('the stream of another archive', [otherFloeHeader, ...others], header)
  yield attack('the stream’s header of another archive', [otherFloeHeader, ...segments], header)
  yield attack('headers of another archive', segments, concat(otherHeader, otherFloeHeader))
  yield attack('one archive behind the other', [...segments, other.bytes])
  yield attack('twice the same archive', [...segments, target.bytes])
  const [mine, theirs] = [jsonOfHeader(header), jsonOfHeader(otherHeader)]
  for (const [what, json] of [
    ['the slot of another archive', { ...mine, slots: theirs.slots }],
    ['the slots of both archives', { ...mine, slots: [...mine.slots, ...theirs.slots] }],
    ['the slots of both archives, the other one first', { ...mine, slots: [...theirs.slots, ...mine.slots] }],
    ['the id of another archive', { ...mine, archiveId: theirs.archiveId }],
  ] as const) yield attack(what, [floeHeader, ...segments], headerBytes(json))
  // The kind of both is the same.
  for (const field of Object.keys(mine.slots[0]!).filter((name) => name !== 'kind')) {
    yield attack(`the slot’s ${field} of another archive`, [floeHeader, ...segments], headerBytes({ ...mine, slots: [{ ...mine.slots[0], [field]: theirs.slots[0]![field] }] }))
  }
}

function segmentsOf({ bytes, segments }: Target): Uint8Array[] {
  return segments.slice(0, -1).map((at, i) => bytes.subarray(at, segments[i + 1]))
}

function shuffledOtherwise(segments: readonly Uint8Array[], random: Random): Uint8Array[] {
  for (;;) {
    const order = segments.map((segment) => [random.next(), segment] as const).sort(([a], [b]) => a - b).map(([, segment]) => segment)
    if (order.some((segment, i) => segment !== segments[i])) return order
  }
}

/** Bytes overwritten, put in, taken out or moved, or a field of the header with another value. */
export function mutation(target: Target, random: Random): Attack {
  for (;;) {
    const [what, bytes] = random.pick([overwritten, overwritten, inserted, removed, moved, headerChanged, headerChanged])(target, random)
    if (!equal(bytes, target.bytes)) return { what, bytes: () => bytes }
  }
}

type Mutate = (target: Target, random: Random) => readonly [what: string, bytes: Uint8Array]

const overwritten: Mutate = ({ bytes }, random) => {
  const [at, length] = runIn(bytes, random)
  const changed = bytes.slice()
  const byte = random.pick([undefined, 0, 0xff])
  for (let i = at; i < at + length; i++) changed[i] = byte ?? random.below(256)
  return [`${length} bytes at ${at} overwritten`, changed]
}

const inserted: Mutate = ({ bytes }, random) => {
  const [at, length] = runIn(bytes, random)
  return [`${length} bytes put in at ${at}`, concat(bytes.subarray(0, at), Uint8Array.from({ length }, () => random.below(256)), bytes.subarray(at))]
}

const removed: Mutate = ({ bytes }, random) => {
  const [at, length] = runIn(bytes, random)
  return [`${length} bytes at ${at} taken out`, concat(bytes.subarray(0, at), bytes.subarray(at + length))]
}

const moved: Mutate = ({ bytes }, random) => {
  const [at, length] = runIn(bytes, random)
  const rest = concat(bytes.subarray(0, at), bytes.subarray(at + length))
  const to = random.below(rest.length + 1)
  return [`${length} bytes at ${at} moved to ${to}`, concat(rest.subarray(0, to), bytes.subarray(at, at + length), rest.subarray(to))]
}

const headerChanged: Mutate = ({ bytes, sealedAt }, random) => {
  const json = jsonOfHeader(bytes.subarray(0, sealedAt))
  const path = changeField(json, random)
  return [`the header’s ${path}`, concat(headerBytes(json), bytes.subarray(sealedAt))]
}

const ODD_VALUES: readonly unknown[] = [null, true, 0, 1, 2, -1, 1.5, 1e308, 2 ** 32, 10_000_001, '', 'A', 'password', 'recovery', 'PBKDF2-HMAC-SHA-256', 'HKDF-SHA-256', '\ud800', '\u0000', [], {}, [[]], { name: 'x' }, 'A'.repeat(22), 'A'.repeat(43), 'A'.repeat(87)]

/** Puts something else somewhere into a header. */
function changeField(json: HeaderJson, random: Random): string {
  let holder: Record<string, unknown> = json as unknown as Record<string, unknown>
  const path: string[] = []
  for (;;) {
    const key = random.pick(Object.keys(holder))
    path.push(key)
    const value = holder[key]
    if (typeof value === 'object' && value !== null && random.chance(0.8)) {
      holder = value as Record<string, unknown>
      continue
    }
    const choice = random.below(6)
    if (choice === 0) delete holder[key]
    else if (choice === 1) holder[`${key}${random.pick(['', ' ', '2'])}_`] = value
    else if (choice === 2 && typeof value === 'string' && value.length > 0) holder[key] = otherLetter(value, random)
    else if (choice === 3 && Array.isArray(value)) holder[key] = Array.from({ length: random.below(20) }, () => structuredClone(value[0]) as unknown)
    else holder[key] = structuredClone(random.pick(ODD_VALUES))
    return path.join('.')
  }
}

function otherLetter(text: string, random: Random): string {
  const at = random.below(text.length)
  return text.slice(0, at) + random.pick([...'ABCDwxyz0189-_=+/ é']) + text.slice(at + 1)
}

/** Mostly a few bytes, sometimes more than a segment. */
function runIn(bytes: Uint8Array, random: Random): [at: number, length: number] {
  const at = random.chance(0.3) ? random.below(1200) : random.below(bytes.length)
  return [at, Math.min(bytes.length - at, 1 + random.below(random.pick([1, 4, 64, SEGMENT_LENGTH, 3 * SEGMENT_LENGTH])))]
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/* ---- readers ---- */

/** Readers at work at the same time. */
const READERS = 8
const ATTACKS_A_REPORT = 20_000
/** No file of 64 KiB takes nearly as long, even on a machine that does much else. */
const HANGS_MS = 60_000
const TYPED: readonly string[] = ['corrupt', 'archive-truncated', 'archive-too-large', 'tampered', 'unsupported-version', 'wrong-password']

export interface Outcome {
  attacks: number
  /** How often the reader gave which code and reason. */
  readonly refused: Map<string, number>
  /** Largest resident set of the process while it ran, in bytes. */
  peak: number
  seconds: number
}

/** Has every attack read to its end, or to its refusal. @throws when one is accepted, fails untyped, or does not settle */
export async function refuseAll(attacks: Iterable<Attack>, { recoveryCode }: Pick<Target, 'recoveryCode'>, onProgress?: (attacks: number) => void): Promise<Outcome> {
  const outcome: Outcome = { attacks: 0, refused: new Map(), peak: 0, seconds: 0 }
  const began = performance.now()
  const measure = (): number => (outcome.peak = Math.max(outcome.peak, process.memoryUsage.rss()))
  const iterator = attacks[Symbol.iterator]()
  const underWay = new Map<number, { readonly what: string; readonly since: number }>()
  const work = async (reader: number): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      underWay.set(reader, { what: next.value.what, since: performance.now() })
      const refused = await refusalOf(next.value, recoveryCode)
      outcome.refused.set(refused, (outcome.refused.get(refused) ?? 0) + 1)
      if (++outcome.attacks % 64 === 0) measure()
      if (outcome.attacks % ATTACKS_A_REPORT === 0) onProgress?.(outcome.attacks)
    }
    underWay.delete(reader)
  }
  let watch: NodeJS.Timeout | undefined
  const hung = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      measure()
      for (const { what, since } of underWay.values()) if (performance.now() - since > HANGS_MS) reject(new Error(`the reader hangs: ${what}`))
    }, 1000)
  })
  try {
    await Promise.race([Promise.all(Array.from({ length: READERS }, (_, reader) => work(reader))), hung])
  } finally {
    clearInterval(watch)
  }
  measure()
  outcome.seconds = (performance.now() - began) / 1000
  return outcome
}

async function refusalOf({ what, bytes }: Attack, recoveryCode: string): Promise<string> {
  try {
    await verify(bytes() as Bytes, { recoveryCode }, insecureFastKdf)
  } catch (error) {
    if (!isVaultError(error) || !TYPED.includes(error.code)) throw new Error(`not a typed refusal: ${what}`, { cause: error })
    return error.details.reason === undefined ? error.code : `${error.code} (${error.details.reason})`
  }
  throw new Error(`the reader accepted: ${what}`)
}
